"""What fails, or silently differs, on MicroPython does not stand in code that runs there.

Each rule was measured: the construct was run on CPython 3.11 and on MicroPython 1.25 and 1.28, and
one of them refused it or answered something else. Imports have their own list in test_arrows.
"""

import ast

import pytest

from tests.structure.tree import SHARED, files, parse

# attribute -> what to do instead
ATTRIBUTES = {
    "bit_length": "int has no bit_length",
    "bit_count": "int has no bit_count",
    "hexdigest": "hashes have no hexdigest: digest().hex()",
    "zfill": "str has no zfill: '%05d' %",
    "ljust": "str has no ljust: '%-5s' %",
    "rjust": "str has no rjust: '%5s' %",
    "isascii": "str has no isascii",
    "isdecimal": "str has no isdecimal",
    "isnumeric": "str has no isnumeric",
    "casefold": "str has no casefold",
    "title": "str has no title",
    "swapcase": "str has no swapcase",
    "expandtabs": "str has no expandtabs",
    "maketrans": "str and bytes have no maketrans",
    "translate": "str and bytes have no translate",
    "removeprefix": "no removeprefix",
    "removesuffix": "no removesuffix",
    "_replace": "namedtuple has no _replace",
    "_asdict": "namedtuple has no _asdict",
    "_make": "namedtuple has no _make",
    "_fields": "namedtuple has no _fields",
    "cast": "memoryview has no cast",
    "release": "memoryview has no release",
    "tobytes": "memoryview has no tobytes: bytes(view)",
    "nbytes": "memoryview has no nbytes",
    "Struct": "struct has no Struct",
    "iter_unpack": "struct has no iter_unpack",
    "with_traceback": "exceptions have no with_traceback",
    "add_note": "exceptions have no add_note",
    "__doc__": "docstrings are gone at run time",
    "__annotations__": "annotations are gone at run time",
}

MISSING_NAMES = {
    "vars", "slice", "ascii", "format", "breakpoint", "TimeoutError", "PermissionError",
    "FileNotFoundError", "ConnectionError", "ConnectionResetError", "InterruptedError",
    "BlockingIOError", "BrokenPipeError", "UnicodeDecodeError", "UnicodeEncodeError",
    "RecursionError", "BufferError", "ModuleNotFoundError", "ExceptionGroup",
}  # fmt: skip

# called so -> keywords that it does not take there
NO_KEYWORDS = {
    "sum": "start", "zip": "strict", "int": "base", "print": "flush", "namedtuple": "defaults",
    "split": "sep maxsplit", "rsplit": "sep maxsplit", "encode": "encoding errors",
    "decode": "encoding errors", "to_bytes": "length byteorder signed",
    "from_bytes": "bytes byteorder signed",
}  # fmt: skip

ORDERLESS = {"sorted", "max", "min", "sum", "any", "all", "set", "len"}
UNORDERED = ("protocol/", "card_layout/", "firmware/screens/")


def faults(path, text):
    """Yield what of a file the oldest interpreter does not take, or takes for something else."""
    tree = parse(text)
    orderless = {id(part) for node in ast.walk(tree) for part in _parts_of_orderless(node)}
    for node in ast.walk(tree):
        for rule in RULES:
            for what in rule(node):
                yield f"{path}:{node.lineno}: {what}"
        if path.startswith(UNORDERED) and _walks_a_dict(node) and id(node) not in orderless:
            yield f"{path}:{node.lineno}: dicts keep no order: sorted(...)"


def _statements(node):
    if isinstance(node, ast.Match):
        yield "no match statement"
    elif isinstance(node, ast.TryStar):
        yield "no except*"
    elif isinstance(node, ast.Raise) and node.cause is not None and not _is_none(node.cause):
        yield "raise A from B prints a warning: from None"
    elif isinstance(node, ast.ImportFrom) and node.module == "__future__":
        yield "no __future__"
    elif isinstance(node, ast.ClassDef) and node.keywords:
        yield "no metaclasses"
    elif isinstance(node, ast.Delete):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
                yield "no del of a slice of a bytearray"
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id == "__slots__":
                yield "__slots__ is not kept there"


def _expressions(node):
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and node.slice.step:
        yield "no slices with a step"
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)) and isinstance(
        getattr(node, "ctx", None), (ast.Load, type(None))
    ):
        if any(isinstance(part, ast.Starred) for part in node.elts):
            yield "no [*x]"
    elif isinstance(node, ast.Dict) and None in node.keys:
        yield "no {**x}: a | b"
    elif isinstance(node, (ast.FunctionDef, ast.Lambda)) and node.args.posonlyargs:
        yield "no positional-only arguments"
    elif isinstance(node, ast.comprehension) and node.is_async:
        yield "no async comprehensions"


def _names(node):
    if isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES and not _is_own(node):
        yield ATTRIBUTES[node.attr]
    elif isinstance(node, ast.Name) and node.id in MISSING_NAMES:
        yield f"there is no {node.id}"


def _calls(node):
    if not isinstance(node, ast.Call):
        return
    called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    refused = NO_KEYWORDS.get(called, "").split()
    for keyword in node.keywords:
        if keyword.arg in refused:
            yield f"{called} takes no {keyword.arg}="
    if called == "pow" and len(node.args) == 3 and isinstance(node.args[1], ast.UnaryOp):
        yield "pow with a negative exponent returns a wrong number"
    if called in ("to_bytes", "from_bytes") and len(node.args) < 2:
        yield f"{called} needs its byte order"
    if called in ("pack", "unpack", "calcsize", "pack_into", "unpack_from") and node.args:
        form = node.args[0]
        if isinstance(form, ast.Constant) and isinstance(form.value, str) and "?" in form.value:
            yield "struct has no '?'"


def _is_own(node):
    """A method of ours may have the name of one that is missing elsewhere."""
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def _is_none(node):
    return isinstance(node, ast.Constant) and node.value is None


def _walks_a_dict(node):
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("items", "keys", "values")
        and not node.args
    )


def _parts_of_orderless(node):
    """Everything inside of a call that makes the order not matter."""
    if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in ORDERLESS:
        return []
    return [part for argument in node.args for part in ast.walk(argument)]


RULES = (_statements, _expressions, _names, _calls)


# shows R23
def test_shared_code_keeps_to_the_dialect():
    assert [fault for path, text in files(*SHARED) for fault in faults(path, text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "x[::-1]", "[*a]", "(*a, 1)", "{**a}", "(5).bit_length()", "def f(a, /): pass",
        "raise A from b", "class A(metaclass=B): pass", "from __future__ import annotations",
        "match a:\n  case 1: pass", "sum(a, start=1)", "x.to_bytes(length=2)", "t._replace(a=1)",
        "pow(3, -1, 7)", "del b[:2]", "class A:\n  __slots__ = ()", "n.to_bytes()",
        "try: pass\nexcept* A: pass", "'a'.split(sep=',')", "b.decode(errors='replace')",
        "try: pass\nexcept TimeoutError: pass", "f.__doc__", "zip(a, b, strict=True)",
        "struct.pack('>?', 1)", "namedtuple('A', 'a', defaults=(1,))", "a.hexdigest()",
        "for key, value in table.items(): pass", "view.tobytes()",
    ],
)  # fmt: skip
def test_the_check_can_fail(text):
    assert list(faults("protocol/x.py", text + "\n"))


@pytest.mark.parametrize(
    "text",
    [
        "first, *rest = a", "f(*a, **b)", "x[1:2]", "a | {1: 2}", "raise A from None",
        "sorted(table.items())", "n.to_bytes(4, 'big')", "b''.join([a, b])", "del a[0]",
    ],
)  # fmt: skip
def test_what_runs_everywhere_is_not_refused(text):
    assert not list(faults("protocol/x.py", text + "\n"))
