"""How a bug is planted: a function is written anew from its own source, with one thing changed.

The text that is changed must be there exactly once, so that a bug whose protection was rewritten
cannot go on as a bug that does nothing.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any, NamedTuple


class Bug(NamedTuple):
    """`plant(patch)` switches a protection off; `breaks` are the invariants that must notice.

    seed: one that shows a rare one, to be tried before all others; 0: none is known."""

    name: str
    breaks: str
    plant: Callable[[Any], None]
    seed: int


TABLE: list[Bug] = []


def breaks(invariants, table=TABLE, seed=0):
    """Puts the function below into the table."""

    def entered(plant):
        table.append(Bug(plant.__name__, invariants, plant, seed))
        return plant

    return entered


def rewrite(patch, owner, name, *pairs):
    """`owner.name`, whose source has the second text of each pair instead of the first."""
    was = inspect.getattr_static(owner, name)
    function = was.fget if isinstance(was, property) else was
    source = textwrap.dedent(inspect.getsource(function))
    for old, new in pairs:
        if source.count(old) != 1:
            raise LookupError(f"{name} has {source.count(old)} times: {old}")
        source = source.replace(old, new)
    tree = ast.parse(source)
    tree.body[0].decorator_list.clear()
    spot = {}
    exec(compile(tree, f"planted {name}", "exec"), function.__globals__, spot)
    patch.setattr(owner, name, property(spot[name]) if isinstance(was, property) else spot[name])
