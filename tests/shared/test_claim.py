"""Claims: typed in any way, sealed both ways, and nothing that was changed is taken."""

from protocol import claim, keypage
from protocol.errors import LocalError, RemoteError

RANDOM = bytes(range(7, 27))
CODE = claim.read_code(claim.code_of(RANDOM))
NAME, KEY = claim.name_of(CODE), claim.key_of(CODE)
OWN = bytes(range(40, 72, 2))
OTHER = bytes(range(41, 73, 2))
ASKED = claim.Question(1, 0, OWN, b"\x7c\xdf\xa1\xc0\xff\xee", "第一食堂 1-03")
N1, N2 = b"n" * claim.NONCE, b"m" * claim.NONCE
PAGE = keypage.pack(7, 1, OWN, OTHER, OWN[1:] + OWN[:1], OWN[2:] + OWN[:2])


def refused(act, *arguments):
    """Did it raise what it may raise?"""
    try:
        act(*arguments)
    except (RemoteError, LocalError):
        return True
    return False


def test_a_code_is_read_however_it_is_typed():
    shown = claim.code_of(RANDOM)
    assert len(shown) == 24 and shown.count("-") == 4
    assert claim.read_code(shown.lower().replace("-", " ")) == CODE
    assert claim.read_code("oOiI-lL00-0000-0000-0000") == b"00111100000000000000"
    for text in ("", shown[:-1], shown + "A", "U" * 20, "é" * 20):
        assert refused(claim.read_code, text)


def test_name_and_key_say_nothing_of_each_other():
    assert len(NAME) == claim.NAME and len(KEY) == 16 and NAME not in KEY


def test_there_and_back():
    raw = claim.seal(claim.QUESTION, NAME, KEY, N1, claim.pack_question(ASKED))
    plain = claim.unseal(claim.QUESTION, NAME, KEY, raw)
    assert claim.unpack_question(plain) == ASKED
    back = claim.seal(claim.ANSWER, NAME, KEY, N2, claim.pack_pages([PAGE]), N1)
    (page,) = claim.unpack_pages(claim.unseal(claim.ANSWER, NAME, KEY, back, N1))
    assert page.number == 7 and claim.with_enrolment(page, OWN) == PAGE
    other = claim.with_enrolment(page, OTHER)
    assert keypage.unpack(other).enrolment == OTHER


def test_an_answer_is_of_its_question_and_no_question():
    back = claim.seal(claim.ANSWER, NAME, KEY, N2, claim.pack_pages([PAGE]), N1)
    assert refused(claim.unseal, claim.ANSWER, NAME, KEY, back, N2)
    assert refused(claim.unseal, claim.QUESTION, NAME, KEY, back)
    assert refused(claim.unseal, claim.KIT, NAME, KEY, back)


def test_one_bit_and_one_byte_less():
    raw = claim.seal(claim.QUESTION, NAME, KEY, N1, claim.pack_question(ASKED))
    for at in range(len(raw)):
        bad = bytearray(raw)
        bad[at] ^= 1
        assert refused(claim.unseal, claim.QUESTION, NAME, KEY, bytes(bad))
    assert refused(claim.unseal, claim.QUESTION, NAME, KEY, raw[:-1])
    assert refused(claim.unseal, claim.QUESTION, NAME, KEY, b"")


def test_a_question_cut_anywhere_is_none():
    plain = claim.pack_question(ASKED)
    for end in range(len(plain)):
        assert refused(claim.unpack_question, plain[:end])
    assert refused(claim.unpack_question, plain + b"x")
    assert refused(claim.unpack_question, plain[:-1] + b"\xff")
    assert refused(claim.unpack_question, b"\x02" + plain[1:])


def test_what_is_no_question_is_not_packed():
    for wrong in (
        claim.Question(1, 0, OWN, b"abc", ""),
        claim.Question(1, 0, OWN, b"a" * 17, ""),
        claim.Question(1, 0, OWN, b"abcd", "一" * 61),
        claim.Question(1, 0, b"\xff" * 16, b"abcd", ""),
        claim.Question(1, 0, b"short", b"abcd", ""),
    ):
        assert refused(claim.pack_question, wrong)


def test_pages_that_are_none():
    whole = claim.pack_pages([PAGE, PAGE])
    assert len(claim.unpack_pages(whole)) == 2
    for raw in (b"", whole[:-1], whole[1:], whole[:200] + b"\0" + whole[201:]):
        assert refused(claim.unpack_pages, raw)
