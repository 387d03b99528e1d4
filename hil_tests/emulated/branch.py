"""Many ways on from one instant: each in a process of its own, which begins as a copy of this one.

Nothing that a branch does is seen here but the value it returns. As many run at once as there are
processors.
"""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any


class BranchFailed(AssertionError):
    """A branch ended with an exception; the message is its traceback."""


def of(work: Callable[..., Any], *arguments: Any) -> Any:
    """-> what work(*arguments) returns in a copy of this process. BranchFailed."""
    return every([(work, *arguments)])[0]


def every(works: Iterable[tuple]) -> list[Any]:
    """-> what each of (callable, arguments...) returns, in their order. BranchFailed at the first
    that fails; those that run already end by themselves."""
    at_once = os.cpu_count() or 1
    results: list[Any] = []
    running: list[tuple[int, int]] = []
    for work in works:
        if len(running) == at_once:
            results.append(_end(*running.pop(0)))
        running.append(_begin(work))
    return results + [_end(*branch) for branch in running]


def _begin(work: tuple) -> tuple[int, int]:
    """-> (process, file to read its result from)."""
    read_fd, write_fd = os.pipe()
    sys.stdout.flush()
    process = os.fork()
    if process:
        os.close(write_fd)
        return process, read_fd
    status = 1
    try:
        os.close(read_fd)
        try:
            result = work[0](*work[1:])
        except BaseException:
            result = BranchFailed(traceback.format_exc())
        with os.fdopen(write_fd, "wb") as file:
            pickle.dump(result, file)
        status = 0
    finally:
        os._exit(status)  # nothing of the parent's is ended or flushed twice


def _end(process: int, read_fd: int) -> Any:
    with os.fdopen(read_fd, "rb") as file:
        data = file.read()
    os.waitpid(process, 0)
    result = pickle.loads(data) if data else BranchFailed("a branch ended without a word")
    if isinstance(result, BranchFailed):
        raise result
    return result
