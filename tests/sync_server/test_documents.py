"""The signed document on who bears it: whole, readable, and no byte of it can be changed (R17)."""

import os
import random
import re
import subprocess

import pytest
from click.testing import CliRunner

from sync_server import cli, documents
from sync_server.documents import Broken, DocumentKey, check
from sync_server.web import paper
from sync_server.web.sheet import Sheet
from tests.sync_server.office import College
from tests.sync_server.pretend import PretendEvidence

NAME = "<b>&王"


@pytest.fixture(scope="module")
def issued(tmp_path_factory):
    """A college with a disputed card, and the document that an officer fetched."""
    college = College(tmp_path_factory.mktemp("documents"))
    college.orders.evidence.of_card = PretendEvidence(1_764_000_000, NAME).of_card
    browser = college.browser("zhou", "finance")
    college.pdf = browser.client.get("/cards/4711/bearers.pdf").data
    college.english = browser.client.get("/cards/4711/bearers.pdf?lang=en").data
    college.certificate = DocumentKey.beside(college.path).certificate
    yield college
    college.close()


def text_of(path):
    return subprocess.run(
        ["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True
    ).stdout


def test_it_says_what_the_page_says_in_a_font_that_is_inside(issued, tmp_path):
    path, english = tmp_path / "a.pdf", tmp_path / "b.pdf"
    path.write_bytes(issued.pdf)
    english.write_bytes(issued.english)
    text = text_of(path)
    for word in ("4711", "12.50", f"饮食服务中心{NAME}", "擅自脱机", "另有 1 笔", "3/42"):
        assert re.sub(r"\s", "", word) in re.sub(r"\s", "", text), word
    assert "without leave" in text_of(english)
    fonts = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout
    rows = fonts.splitlines()[2:]
    assert rows and all(re.search(r"MicroHei|paper|Helvetica", row) for row in rows), fonts
    assert all(" yes yes " in row for row in rows if "MicroHei" in row)


# shows R17
def test_the_checker_of_poppler_agrees(issued, tmp_path):
    """pdfsig is not ours: whole, and found when one letter of the text is another."""
    path = tmp_path / "a.pdf"

    def verdict(raw):
        path.write_bytes(raw)
        told = subprocess.run(["pdfsig", path], capture_output=True, text=True, check=False)
        return told.stdout

    good = verdict(issued.pdf)
    assert "Signature is Valid" in good and "Total document signed" in good
    at = issued.pdf.index(b"/Title") + 12
    changed = bytearray(issued.pdf)
    changed[at] ^= 1
    assert "Signature is Valid" not in verdict(bytes(changed))


# shows R17
def test_every_byte_counts(issued):
    """Also those of the signature itself that nothing covers, and the zeros that fill it up."""
    pdf = issued.pdf
    assert check(pdf, issued.certificate).signer.endswith("Campus card documents")
    hole = pdf.index(b"/Contents <", pdf.rindex(b"/ByteRange") - 20_000)
    dice = random.Random(7)
    places = [dice.randrange(len(pdf)) for _ in range(12)]
    places += [dice.randrange(hole + 11, hole + 2700) for _ in range(12)]
    places += [0, len(pdf) - 1, hole + 2600]
    for at in places:
        changed = bytearray(pdf)
        changed[at] ^= dice.choice((1, 2, 4, 8, 32))
        with pytest.raises(Broken):
            check(bytes(changed), issued.certificate)


@pytest.mark.parametrize("change", [
    lambda pdf: pdf + b"\n",
    lambda pdf: pdf[:-1],
    lambda pdf: pdf[:2000],
    lambda pdf: b"",
    lambda pdf: b"%PDF-1.7\n",
    lambda pdf: pdf + b"\n1 0 obj\n<< /Type /Catalog >>\nendobj\nstartxref\n0\n%%EOF\n",
    lambda pdf: bytes(1000) + pdf,
    lambda pdf: os.urandom(5000),
    lambda pdf: pdf.replace(b"/ByteRange", b"/ByteRanges"),
])  # fmt: skip
def test_other_files_are_said_to_be_so(issued, change):
    with pytest.raises(Broken):
        check(change(issued.pdf), issued.certificate)


def test_of_another_server(issued, tmp_path):
    other = DocumentKey.beside(tmp_path / "other.db")
    with pytest.raises(Broken, match="somebody else"):
        check(issued.pdf, other.certificate)


def test_its_key_is_its_owners_alone_and_is_made_once(tmp_path):
    key = DocumentKey.beside(tmp_path / "a.db")
    path = tmp_path / "a.db.documents"
    assert path.stat().st_mode & 0o777 == 0o600
    documents._write(path, documents._made())  # another thread, a moment later
    assert DocumentKey.beside(tmp_path / "a.db").certificate == key.certificate
    assert b"PRIVATE" not in key.certificate and os.listdir(tmp_path) == ["a.db.documents"]
    path.write_bytes(b"nonsense")
    with pytest.raises(documents.BadKey, match="restore it from backup"):
        DocumentKey.beside(tmp_path / "a.db")


def test_the_command_and_the_log(issued, tmp_path):
    run = CliRunner()
    file, pem = tmp_path / "a.pdf", tmp_path / "server.pem"
    file.write_bytes(issued.pdf)
    told = run.invoke(cli.campus, ["evidence", "certificate", "--db", issued.url])
    pem.write_text(told.stdout)
    verify = ["evidence", "verify", str(file)]
    whole = run.invoke(cli.campus, [*verify, "--certificate", str(pem)])
    assert whole.exit_code == 0 and whole.output.startswith("whole: signed 20"), whole.output
    known = run.invoke(cli.campus, [*verify, "--db", issued.url, "--json", str(tmp_path / "j")])
    assert "issued by zhou for card 4711" in known.output, known.output
    assert [act for act in issued.acts() if "paper" in act[1]] == [
        ("zhou", "console.bearers_paper", "card 4711")] * 2  # fmt: skip
    sheet = Sheet("made by somebody with the key", [], [], [], "")
    file.write_bytes(DocumentKey.beside(issued.path).sign(paper.pdf(sheet), "why"))
    unknown = run.invoke(cli.campus, [*verify, "--db", issued.url])
    assert unknown.exit_code == 1 and "the log does not know of it" in unknown.output
    file.write_bytes(issued.pdf[:-1])
    broken = run.invoke(cli.campus, [*verify, "--certificate", str(pem)])
    assert broken.exit_code == 1 and broken.output.startswith("Error: ")
    assert run.invoke(cli.campus, verify).exit_code == 1


def test_who_may_not_see_it_gets_none(issued):
    assert issued.browser("sun", "personnel").get("/cards/4711/bearers.pdf").status_code == 403
    assert issued.browser("zhou", "finance").get("/cards/404/bearers.pdf").status_code == 404
