"""The databases on which a term is played, and how large it is."""

from tests.sync_server.conftest import both, cluster  # noqa: F401


def pytest_addoption(parser):
    files = parser.getgroup("a large term (docs/term.md)")
    files.addoption("--people", help="CSV of people: CardNo, Major, AccessCardNo")
    files.addoption("--gates", help="CSV of gate records, as `campus replay` reads it")
