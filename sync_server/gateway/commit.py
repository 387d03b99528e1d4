"""The writer thread: everything that changes the database goes through here, one after another.

When the thread comes round it takes everything that waits and does it in this order:
1. calls of people and programs, each with a commit of its own: a loss report waits for no records;
2. posts of the gateway (epochs, reports, confirmations, reading lists), sharing one commit;
3. batches of records, up to 64 of them sharing one commit (group commit).
So an fsync is shared by as many terminals as are waiting, and nobody waits for a timer. An answer
leaves this thread only after the commit that it speaks of (design D10).

What it is not: a queue without end. A terminal has one request and one push outstanding and a web
thread waits for its call, so what can wait here is bounded by the connections and the web threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NamedTuple

from sync_server.gateway.limits import BATCHES_PER_COMMIT, POSTS_PER_COMMIT
from sync_server.store.trouble import Trouble, Unavailable

if TYPE_CHECKING:
    from sync_server.store.store import Store

log = logging.getLogger(__name__)

Done = Callable[[Any, Exception | None], None]


class Batch(NamedTuple):
    """Records of one terminal, still packed; `done(answers, error)` runs on the loop."""

    number: int
    tail: bytes
    done: Done


class Post(NamedTuple):
    """A small change or a look; `done(result, error)` runs on the loop."""

    work: Callable[..., Any]
    args: tuple[Any, ...]
    done: Done


class Call(NamedTuple):
    """A change that another thread waits for."""

    work: Callable[..., Any]
    args: tuple[Any, ...]
    future: Future[Any]


Result = tuple[Done, Any, Exception | None]


class Writer:
    """The thread and its inbox. `batch` and `post` from the loop, `call` from any other thread."""

    def __init__(self, store: Store, loop: asyncio.AbstractEventLoop):
        self._store = store
        self._loop = loop
        self._inbox: queue.SimpleQueue[Batch | Post | Call | None] = queue.SimpleQueue()
        self._batches: deque[Batch] = deque()
        self._posts: deque[Post] = deque()
        self._calls: deque[Call] = deque()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self.commits = 0  # with records in them
        self.batches = 0
        self.changes = 0  # grows with every round; the console looks at it
        self.problem = ""  # why the database took nothing the last time; empty when it did

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
        self._inbox.put(Post(work, args, done))

    def call(self, work: Callable[..., Any], *args: Any) -> Future[Any]:
        """Run `work(*args)` in the writer thread; the future is for a thread that may wait."""
        future: Future[Any] = Future()
        self._inbox.put(Call(work, args, future))
        return future

    def _run(self) -> None:
        going = True
        while going or self._batches or self._posts or self._calls:  # until stop(), and all is done
            going = self._gather(going) and going
            while self._calls:
                self._call(self._calls.popleft())
            results = self._share(_take(self._posts, POSTS_PER_COMMIT))
            batches = _take(self._batches, BATCHES_PER_COMMIT)
            if batches:
                results += self._ingest(batches)
            self.changes += 1
            self._deliver(results)

    def _gather(self, may_wait: bool) -> bool:
        """Sort what is in the inbox, waiting only if nothing is left to do; False at the end."""
        going = True
        wait = may_wait and not (self._batches or self._posts)
        with contextlib.suppress(queue.Empty):
            while going or not self._inbox.empty():
                item = self._inbox.get(block=wait)
                wait = False
                if item is None:
                    going = False
                elif isinstance(item, Batch):
                    self._batches.append(item)
                elif isinstance(item, Post):
                    self._posts.append(item)
                else:
                    self._calls.append(item)
        return going

    def _call(self, call: Call) -> None:
        try:
            call.future.set_result(call.work(*call.args))
        except Exception as error:
            call.future.set_exception(error)

    def _share(self, posts: list[Post]) -> list[Result]:
        """All posts in one commit; one that fails is undone alone."""
        if not posts:
            return []
        try:
            with self._store.group():
                results = [self._post(post) for post in posts]
            self.problem = ""
            return results
        except Exception as error:  # the commit itself
            self._failed("a commit", error)
            return [(post.done, None, error) for post in posts]

    def _post(self, post: Post) -> Result:
        try:
            return post.done, post.work(*post.args), None
        except Exception as error:
            log.exception("writer: %s failed", getattr(post.work, "__name__", post.work))
            return post.done, None, error

    def _ingest(self, batches: list[Batch]) -> list[Result]:
        now_s = int(time.time())
        try:
            answers = self._store.records.ingest([(b.number, b.tail) for b in batches], now_s)
        except Unavailable as error:
            # Disk full or locked: no batch is at fault, and each alone would wait for the lock too.
            self._failed(f"{len(batches)} batches", error)
            return [(batch.done, None, error) for batch in batches]
        except Exception as error:
            if len(batches) == 1:
                self._failed(f"a batch of terminal {batches[0].number}", error)
                return [(batches[0].done, None, error)]
            # One batch may be at fault: each gets a commit of its own, so it harms no other.
            return [result for batch in batches for result in self._ingest([batch])]
        self.problem = ""
        self.commits += 1
        self.batches += len(batches)
        return [(b.done, answer, None) for b, answer in zip(batches, answers, strict=True)]

    def _failed(self, what: str, error: Exception) -> None:
        """Nothing of it is in the database, and whoever asked is told so."""
        if isinstance(error, Trouble):
            self.problem = str(error)
            log.error("writer: %s not stored: %s", what, error)  # each second, while it lasts
        else:
            log.error("writer: %s failed", what, exc_info=error)

    def _deliver(self, results: list[Result]) -> None:
        # Without a loop nobody is left to hear it: every terminal asks again after the restart.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(_hand_out, results)


def _take(waiting: deque[Any], most: int) -> list[Any]:
    return [waiting.popleft() for _ in range(min(len(waiting), most))]


def _hand_out(results: list[Result]) -> None:
    for done, result, error in results:
        done(result, error)
