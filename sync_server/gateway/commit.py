"""The writer thread: everything that changes the database goes through here, one after another.

Group commit: all batches that wait when the thread comes round go into one transaction, so a
commit's fsync is shared by as many terminals as are waiting and nobody waits for a timer. An answer
leaves this thread only after the commit that it speaks of (design D10).

What it is not: a queue without end. A terminal has one request outstanding and a web thread waits
for its call, so what can wait here is bounded by the connections and the web threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NamedTuple

from sync_server.gateway.limits import BATCHES_PER_COMMIT

if TYPE_CHECKING:
    from sync_server.store.sqlite import Store

log = logging.getLogger(__name__)

Done = Callable[[Any, Exception | None], None]


class Batch(NamedTuple):
    """Records of one terminal, still packed; `done(answers, error)` runs on the loop."""

    number: int
    tail: bytes
    done: Done


class Call(NamedTuple):
    """Some other change; `done(result, error)` runs on the loop."""

    work: Callable[..., Any]
    args: tuple[Any, ...]
    done: Done


class Writer:
    """The thread and its inbox. `batch` and `post` from the loop, `call` from any other thread."""

    def __init__(self, store: Store, loop: asyncio.AbstractEventLoop):
        self._store = store
        self._loop = loop
        self._inbox: queue.SimpleQueue[Batch | Call | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self.commits = 0  # with records in them
        self.batches = 0
        self.changes = 0  # grows with every change; the console looks at it

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what was handed in, then end; blocks until it has."""
        self._inbox.put(None)
        self._thread.join()

    def batch(self, number: int, tail: bytes, done: Done) -> None:
        """Store a batch; `done(answers, None)` on the loop, after the commit."""
        self._inbox.put(Batch(number, tail, done))

    def post(self, done: Done, work: Callable[..., Any], *args: Any) -> None:
        """Run `work(*args)` in the writer thread; `done(result, error)` on the loop."""
        self._inbox.put(Call(work, args, done))

    def call(self, work: Callable[..., Any], *args: Any) -> Future[Any]:
        """Run `work(*args)` in the writer thread; the future is for a thread that may wait."""
        future: Future[Any] = Future()

        def run() -> None:
            try:
                future.set_result(work(*args))
            except Exception as error:
                future.set_exception(error)

        self._inbox.put(Call(run, (), _nothing))
        return future

    def _run(self) -> None:
        going = True
        while going:  # ends with the None that stop() puts in
            batches: list[Batch] = []
            calls: list[Call] = []
            going = self._gather(self._inbox.get(), batches, calls)
            results = [self._do(call) for call in calls]
            if batches:
                results += self._ingest(batches)
            self.changes += 1
            self._deliver(results)

    def _gather(self, item: Any, batches: list[Batch], calls: list[Call]) -> bool:
        """Take what waits, up to one commit's worth; False when the end was among it."""
        while item is not None:
            if isinstance(item, Batch):
                batches.append(item)
            else:
                calls.append(item)
            if len(batches) + len(calls) >= BATCHES_PER_COMMIT:
                return True
            try:
                item = self._inbox.get_nowait()
            except queue.Empty:
                return True
        return False

    def _do(self, call: Call) -> tuple[Done, Any, Exception | None]:
        try:
            return call.done, call.work(*call.args), None
        except Exception as error:
            log.exception("writer: %s failed", getattr(call.work, "__name__", call.work))
            return call.done, None, error

    def _ingest(self, batches: list[Batch]) -> list[tuple[Done, Any, Exception | None]]:
        now_s = int(time.time())
        try:
            answers = self._store.ingest([(b.number, b.tail) for b in batches], now_s)
        except Exception as error:
            if len(batches) == 1:
                log.exception("writer: a batch of terminal %d failed", batches[0].number)
                return [(batches[0].done, None, error)]
            # One batch may be at fault: each gets a commit of its own, so it harms no other.
            return [result for batch in batches for result in self._ingest([batch])]
        self.commits += 1
        self.batches += len(batches)
        return [(b.done, answer, None) for b, answer in zip(batches, answers, strict=True)]

    def _deliver(self, results: list[tuple[Done, Any, Exception | None]]) -> None:
        # Without a loop nobody is left to hear it: every terminal asks again after the restart.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(_hand_out, results)


def _hand_out(results: list[tuple[Done, Any, Exception | None]]) -> None:
    for done, result, error in results:
        done(result, error)


def _nothing(result: Any, error: Exception | None) -> None:
    """A call whose caller waits on its own future."""
