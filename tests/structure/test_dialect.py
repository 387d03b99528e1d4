"""What fails, or silently differs, on MicroPython does not stand in code that runs there.

Measured on MicroPython 1.25 and 1.29: each rule names a construct that one of them refuses or
answers differently.
"""

import ast

import pytest

from tests.structure.tree import SHARED, files, parse

CALLS = {
    "bit_length": "int has no bit_length",
    "hexdigest": "hashes have no hexdigest: digest().hex()",
    "zfill": "str has no zfill",
    "ljust": "str has no ljust",
    "rjust": "str has no rjust",
    "translate": "bytes has no translate",
    "removeprefix": "bytes has no removeprefix",
    "removesuffix": "bytes has no removesuffix",
    "_replace": "namedtuple has no _replace",
    "_asdict": "namedtuple has no _asdict",
    "cast": "memoryview has no cast",
    "release": "memoryview has no release",
    "Struct": "struct has no Struct",
}


def faults(path, text):
    """Yield what of a file the oldest interpreter does not take."""
    for node in ast.walk(parse(text)):
        for what in _faults_of(node):
            yield f"{path}:{node.lineno}: {what}"


def _faults_of(node):
    if isinstance(node, ast.Match):
        yield "no match statement"
    elif isinstance(node, ast.Call):
        yield from _faults_of_call(node)
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and node.slice.step:
        yield "no slices with a step"
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)) and any(
        isinstance(part, ast.Starred) for part in node.elts
    ):
        yield "no [*x]"
    elif isinstance(node, ast.Dict) and None in node.keys:
        yield "no {**x}"
    elif isinstance(node, ast.ClassDef) and node.keywords:
        yield "no metaclasses"
    elif isinstance(node, (ast.FunctionDef, ast.Lambda)) and node.args.posonlyargs:
        yield "no positional-only arguments"
    elif isinstance(node, ast.Raise) and node.cause is not None and not _is_none(node.cause):
        yield "raise A from B prints a warning: from None"
    elif isinstance(node, ast.ImportFrom) and node.module == "__future__":
        yield "no __future__"
    elif isinstance(node, ast.Delete):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
                yield "no del of a slice"


def _faults_of_call(node):
    if isinstance(node.func, ast.Attribute) and node.func.attr in CALLS:
        yield CALLS[node.func.attr]
    names = {keyword.arg for keyword in node.keywords}
    called = node.func.id if isinstance(node.func, ast.Name) else ""
    if called == "sum" and "start" in names:
        yield "sum has no start="
    if called == "zip" and "strict" in names:
        yield "zip has no strict="
    if called == "pow" and len(node.args) == 3 and isinstance(node.args[1], ast.UnaryOp):
        yield "pow with a negative exponent returns a wrong number"
    if getattr(node.func, "attr", "") in ("to_bytes", "from_bytes") and names:
        yield "to_bytes and from_bytes take no keywords on 1.25"


def _is_none(node):
    return isinstance(node, ast.Constant) and node.value is None


def test_shared_code_keeps_to_the_dialect():
    assert [fault for path, text in files(*SHARED) for fault in faults(path, text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "x[::-1]", "[*a]", "{**a}", "(5).bit_length()", "def f(a, /): pass", "del b[:2]",
        "raise A from b", "class A(metaclass=B): pass", "from __future__ import annotations",
        "match a:\n  case 1: pass", "sum(a, start=1)", "x.to_bytes(length=2)", "t._replace(a=1)",
        "pow(3, -1, 7)",
    ],
)  # fmt: skip
def test_the_check_can_fail(text):
    assert list(faults("protocol/x.py", text + "\n"))
