"""The document of the API holds, whatever fits it or does not is sent: schemathesis asks every
operation of a real store, as the key and as a system that was granted everything.

No 500, no status and no content that is not in the document, no other method than those it names.
A request that found a fault is kept below by its name. CAMPUS_API_EXAMPLES=N asks more often.
"""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from sync_server.centre import Centre
from sync_server.core import partners
from sync_server.gateway.orders import Orders
from sync_server.web.api import spoken
from tests.sync_server.office import BEARER, College
from tests.sync_server.test_partners import Partner
from tests.sync_server.test_people import admitted

EXAMPLES = int(os.environ.get("CAMPUS_API_EXAMPLES", "3"))
CHECKS = [
    not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
    checks.response_schema_conformance, checks.unsupported_method,
]  # fmt: skip


@pytest.fixture(scope="module")
def college(tmp_path_factory):
    college = College(tmp_path_factory.mktemp("api"))
    college.gateway.centre = Centre.beside(college.path)
    college.orders.emergencies = Orders(college.gateway).emergencies
    admitted(college, 3)
    for kind, place, merchant in (
        ("pos", "食堂 1", "食堂"),
        ("gate", "东门", ""),
        ("water", "3", "物业"),
    ):
        college.enrol(kind, place, merchant)
    college.library = Partner(
        college, gates="2", kinds=["1", "2", "3"], a_minute=partners.A_MINUTE_MOST
    )
    yield college
    college.close()


def operations(college, wanted):
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", college.app, headers=BEARER)
    for found in schema.get_all_operations():
        operation = found.ok()
        if wanted(operation.definition.raw):
            yield operation


def ask(operation, headers):
    """Send a few requests, right and wrong ones; AssertionError says which failed and how."""

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def asked(case):
        case.call_and_validate(headers=headers, checks=CHECKS)

    asked()


def test_whatever_the_key_sends(college):
    count = 0
    for operation in operations(college, lambda raw: "x-scope" not in raw):
        ask(operation, BEARER)
        count += 1
    assert count > 100


def test_whatever_a_granted_system_sends(college):
    headers = {"Authorization": f"Bearer {college.library.key}"}
    count = 0
    for operation in operations(college, lambda raw: "x-scope" in raw):
        ask(operation, headers)
        count += 1
    assert count == 6


# what it has found


@pytest.mark.parametrize("number", [2**62 + 1, 2**63, 2**64, 10**30])
def test_a_number_that_no_database_holds_is_not_there(college, number):
    """OverflowError of the database, 500."""
    for path in ("people/{}", "people/{}/pin", "merchants/{}", "partners/{}", "lists/{}"):
        assert college.api("GET", f"/api/{path.format(number)}")[0] == 404, path
    assert college.api("DELETE", f"/api/leaves/{number}")[0] == 404


@pytest.mark.parametrize("kinds", [[[]], [{}], [None], ["pos", ["pos"]], "pos", {}, []])
def test_kinds_of_an_emergency_that_are_no_words(college, kinds):
    """TypeError of a list that is no key, 500."""
    wish = {"code": "X", "what": "drill", "kinds": kinds, "minutes": 5, "tap_fen": 0, "card_fen": 0}
    status, told = college.api("POST", "/api/emergencies", wish | {"reason": "x"})
    assert status == 400 and "kinds" in told["error"]


# what stands in a line of a route


def test_the_document_knows_what_a_route_says_of_its_request():
    body = spoken.body_of(
        '{cards: [{card, name (may lack)}], until: "YYYY-MM-DD", kit} -> {id: no}'
    )
    assert body["properties"] == {
        "cards": {"type": "array", "items": {"type": "object", "properties": {
            "card": {"type": "integer"}, "name": {"type": "string"}}}},
        "until": {"type": "string"}, "kit": {"type": "boolean"},
    }  # fmt: skip
    for line in ("-> {a}", "A reading -> {a}", "{name: value, ...} for all -> {version}"):
        assert spoken.body_of(line) == {"type": "object"}, line
    assert spoken.query_of("?q=TEXT&kind=0..3 -> {people}; ?as=xlsx or pdf") == ["q", "kind", "as"]


def test_the_checks_can_fail(college, monkeypatch):
    """A route that breaks, answers what is not told, or takes another method is found."""
    views = college.app.view_functions
    (operation,) = operations(college, lambda raw: raw["operationId"] == "get api.ledger")
    for wrong in (lambda: 1 / 0, lambda: ({"error": "teapot"}, 418), lambda: ([1], 200),
                  lambda: ("text", 200)):  # fmt: skip
        monkeypatch.setitem(views, "api.ledger", wrong)
        with pytest.raises(BaseException):  # noqa: B017 one fault or a group of them
            ask(operation, BEARER)
