"""A line of requests, of which one is worked on at a time."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import TypeVar

from faststyle.serve.refusals import Refusal

T = TypeVar("T")
ANSWER_SECONDS = 5.0  # that answers may take to be read once the line is closed


class Line:
    """Places in a line, and one thread that works: first come, first served.

    One thread, as torch starts a pool of its own for every thread that computes; and one picture
    at a time, as a picture takes all cores and much memory.

    Args:
        waiting: requests that may wait while another is worked on.
        wait_seconds: that each of them waits at most.
    """

    def __init__(self, waiting: int, wait_seconds: float):
        self._size = waiting + 1
        self._wait_seconds = wait_seconds
        self._worker = ThreadPoolExecutor(1, "painter")
        self._stopped = False
        self._change = threading.Condition()
        self._taken = 0
        self._last_seconds = 1.0

    @property
    def taken(self) -> int:
        """Requests that have a place, the one that is worked on among them."""
        return self._taken

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place in the line.

        Raises:
            Refusal: 503 if none is free, or the line is closed.
        """
        with self._change:
            if self._stopped:
                raise _stopping()
            if self._taken == self._size:
                raise self._busy(f"{self._size} pictures are in line already; try again later")
            self._taken += 1
        try:
            yield
        finally:
            with self._change:
                self._taken -= 1
                self._change.notify_all()

    def run(self, work: Callable[[], T]) -> T:
        """Call `work` when its turn has come; what it raises is raised here. For who has a place.

        Raises:
            Refusal: 503 if the turn does not come in time, or the line is closed meanwhile.
        """
        try:
            future = self._worker.submit(self._timed, work)
        except RuntimeError:  # closed since the place was taken
            raise _stopping() from None
        try:
            return self._result_in_time(future)
        except CancelledError:
            raise _stopping() from None

    def _result_in_time(self, future: Future[T]) -> T:
        with suppress(TimeoutError):
            return future.result(self._wait_seconds)
        if not future.done() and future.cancel():
            raise self._busy(f"no turn in {self._wait_seconds:g} seconds; try again later")
        return future.result()  # its turn has come, and takes as long as it takes

    def close(self) -> None:
        """Turn away who waits, and return when the work at hand is done and answered."""
        with self._change:
            self._stopped = True
        self._worker.shutdown(cancel_futures=True)
        with self._change:  # each request gives its place back once it is answered
            self._change.wait_for(lambda: not self._taken, ANSWER_SECONDS)

    def _timed(self, work: Callable[[], T]) -> T:
        began = time.monotonic()
        try:
            return work()
        finally:
            self._last_seconds = time.monotonic() - began

    def _busy(self, message: str) -> Refusal:
        seconds = max(1, math.ceil(self._last_seconds * self._taken))
        return Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE, message, {"Retry-After": str(min(seconds, 600))}
        )


def _stopping() -> Refusal:
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the server is being stopped")
