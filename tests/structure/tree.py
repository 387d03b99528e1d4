"""The project's files and their syntax trees, read once for all structure tests."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "protocol", "card_layout", "firmware", "terminal_sim", "sync_server", "bench", "docs", "tools",
    "image", "hil_tests", "tests",
)  # fmt: skip
SHARED = ("protocol", "card_layout", "firmware")


@cache
def files(*packages):
    """-> [(path from the root, text)] of every Python file of these packages."""
    found = []
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            found.append((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")))
    return found


@cache
def texts():
    """-> [(path from the root, text)] of all that is in git and is text, Python or not."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    found = []
    for name in sorted(filter(None, listed)):
        path = ROOT / name
        if path.is_file() and b"\0" not in path.read_bytes()[:1024]:
            found.append((name, path.read_text(encoding="utf-8")))
    return found


@cache
def parse(text):
    """-> the syntax tree; never changed by who gets it."""
    return ast.parse(text)


def imports(tree):
    """Yield (line, dotted name) of everything imported, wherever in the file it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level
