"""What people are told: every sentence in both languages, amounts without fractions, slips."""

import io
import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tools import desk
from tools.desk import people, slip
from tools.desk.faults import Fault
from tools.desk.progress import Steps
from tools.desk.sentences import PROBLEMS, SENTENCES, STATES
from tools.desk.work import WRITE
from tools.fault import LANGUAGES

CODE = "".join(path.read_text("utf-8") for path in Path(desk.__path__[0]).glob("*.py"))


def braces(sentence):
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("name", SENTENCES)
def test_each_fault_says_the_same_in_both_languages_and_is_raised(name):
    zh, en = SENTENCES[name]
    assert braces(zh) == braces(en)
    assert re.search("[\u4e00-\u9fff]", zh) and not re.search("[\u4e00-\u9fff]", en)
    assert CODE.count(f'"{name}"') >= 2, "a sentence that nobody says"
    fault = Fault(name, **dict.fromkeys(braces(zh), "X"))
    assert all("X" in fault.says(language) for language in LANGUAGES if braces(zh))


def test_each_state_and_problem_of_the_server_has_its_words():
    for words in (PROBLEMS, STATES):
        assert all(len(pair) == len(LANGUAGES) and all(pair) for pair in words.values())


@given(st.integers(0, 99_999_999))
def test_amounts_there_and_back(fen):
    assert people.fen_of(people.yuan_of(fen)) == fen


@pytest.mark.parametrize("text", ["", "-1", "1.234", "1,5", "0x10", "１", "1e3", ".5", "9999999"])
def test_what_is_no_amount(text):
    with pytest.raises(ValueError):
        people.fen_of(text)


def test_a_slip_has_what_is_to_be_paid_and_no_chip():
    row = {"name": "王小明", "card": 7, "replaces": None, "balance_fen": 0, "fee_fen": 1500,
           "total_fen": 1500, "utc_s": 0}  # fmt: skip
    zh = slip.text([slip.Slip("replace", row)], "zh").decode()
    en = slip.text([slip.Slip("replace", row)], "en").decode()
    assert "应收合计: 15.00 元" in zh and "To be paid: 15.00 yuan" in en
    assert "原卡号" not in zh and "签名" in zh
    pdf = slip.pdf([slip.Slip("replace", row)] * 3, "zh")
    assert pdf.startswith(b"%PDF") and pdf.count(b"/Type /Page\n") == 3


def test_two_people_of_one_name_are_told_by_their_order():
    wish = people.wish({"name": "王伟", "kind": "学生", "valid_until": "2029-07-15"})
    assert len(set(people.keys([wish, wish, wish]))) == 3


def test_a_batch_shows_a_bar_on_a_terminal_and_lines_in_a_file():
    for is_terminal in (True, False):
        out = io.StringIO()
        screen = Console(file=out, force_terminal=is_terminal, width=100)
        with Steps(screen, 2, "zh") as steps:
            for name in ("王小明", "李四"):
                steps.tell(name, WRITE)
                steps.done(f"{name}: 7")
        assert "王小明: 7" in out.getvalue() and "李四: 7" in out.getvalue()
        assert ("2/2" in out.getvalue()) == is_terminal == ("写卡" in out.getvalue())
