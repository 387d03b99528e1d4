"""What a reader may count on: small files and functions, honest names, money without fractions."""

import ast
import re

import pytest

from tests.structure.tree import PACKAGES, ROOT, files, parse, texts

LINES_A_FILE = 400
LINES_A_FUNCTION = 60
INSTRUCTIONS = 280  # of a function in assembler: one a line, and it cannot call another
COLUMNS = 100
NAMES = re.compile(r"(manager|helper|utils?|common|misc)", re.IGNORECASE)
UNFINISHED = re.compile(r"\b(TO" "DO|FIX" "ME|X" "XX)\\b")
PLACES = re.compile(r"/(work|home|root|tmp)/[a-z.]")
MONEY = (
    "card_layout/purse_m1.py", "firmware/core/policy.py", "firmware/core/tap.py",
    "firmware/kinds/pos.py", "protocol/record.py", "sync_server/core/ledger.py",
    "sync_server/core/ingest.py", "sync_server/core/chain.py",
)  # fmt: skip
TABLES = {"protocol/reasons.py"}  # one reason a line, in two languages


def faults(path, text):
    """Yield what is untidy in one file."""
    lines = text.splitlines()
    if not path.startswith("tests/") and len(lines) > LINES_A_FILE:
        yield f"{path}: {len(lines)} lines, at most {LINES_A_FILE}"
    if NAMES.search(path):
        yield f"{path}: the name says nothing"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS and path not in TABLES:
            yield f"{path}:{number}: {len(line)} columns"
        if UNFINISHED.search(line):
            yield f"{path}:{number}: unfinished: an issue or nothing"
        if PLACES.search(line):
            yield f"{path}:{number}: a path of one machine"
    yield from _tree_faults(path, parse(text), lines)


def _tree_faults(path, tree, lines):
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = node.end_lineno - node.lineno + 1
            if length > (INSTRUCTIONS if _is_assembler(node) else LINES_A_FUNCTION):
                yield f"{path}:{node.lineno}: {node.name} has {length} lines"
        if isinstance(node, ast.ClassDef) and NAMES.search(node.name):
            yield f"{path}:{node.lineno}: {node.name} says nothing"
        if isinstance(node, ast.While) and _is_true(node.test) and not _says_why(node, lines):
            yield f"{path}:{node.lineno}: an endless loop says why it ends, in a comment"
        if path in MONEY and _is_fraction(node):
            yield f"{path}:{node.lineno}: money is whole fen"
    if not path.startswith("tests/") and tree.body and ast.get_docstring(tree) is None:
        yield f"{path}: no docstring"


def _is_assembler(function):
    return any(getattr(by, "attr", "").startswith("asm_") for by in function.decorator_list)


def _is_true(node):
    return isinstance(node, ast.Constant) and node.value in (True, 1)


def _says_why(node, lines):
    """A comment on the line itself or on the one before."""
    return any("#" in lines[at] for at in (node.lineno - 1, node.lineno - 2) if at >= 0)


def _is_fraction(node):
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
        return True
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return True
    return isinstance(node, ast.Name) and node.id == "float"


def test_every_file_is_tidy():
    assert [fault for path, text in files(*PACKAGES) for fault in faults(path, text)] == []


def test_no_text_names_a_place_of_one_machine():
    assert [
        f"{path}:{number}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if PLACES.search(line)
    ] == []


def test_money_files_are_there():
    assert [path for path in MONEY if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("protocol/x.py", '"""x"""\n' + "a = 1\n" * LINES_A_FILE),
        ("protocol/x.py", '"""x"""\ndef f():\n' + "    a = 1\n" * LINES_A_FUNCTION),
        (
            "protocol/x.py",
            '"""x"""\n@micropython.asm_thumb\ndef f(r0):\n' + "    nop()\n" * INSTRUCTIONS,
        ),
        ("protocol/x.py", '"""x"""\n# TO' + "DO: later\n"),
        ("protocol/string_utils.py", '"""x"""\n'),
        ("protocol/x.py", '"""x"""\nclass SessionManager: pass\n'),
        ("protocol/x.py", '"""x"""\nwhile True:\n    pass\n'),
        ("sync_server/core/ledger.py", '"""x"""\na = b / 2\n'),
        ("sync_server/core/ledger.py", '"""x"""\na = 0.5\n'),
        ("protocol/x.py", '"""x"""\na = "/' + 'tmp/a"\n'),
        ("protocol/x.py", "a = 1\n"),
        ("protocol/x.py", '"""x"""\na = ' + "1 + " * 40 + "1\n"),
    ],
)
def test_the_check_can_fail(path, text):
    assert list(faults(path, text))
