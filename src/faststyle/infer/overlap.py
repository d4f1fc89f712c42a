"""Threads that read ahead and write behind, a few items each, so that memory stays flat."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")
DEPTH = 4  # items that wait
POLL_SECONDS = 0.1


class ReadAhead(Generic[Item]):
    """Iterates over `source` in a thread; what it raises is raised where the item would come.

    Close it when no more items are wanted.
    """

    def __init__(self, source: Iterator[Item]):
        self._queue: queue.Queue[tuple[Item | None, BaseException | None]] = queue.Queue(DEPTH)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(source,), daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        while True:
            item, error = self._queue.get()
            if error is not None:
                raise error
            if item is None:
                return
            yield item

    def _run(self, source: Iterator[Item]) -> None:
        try:
            for item in source:
                if not self._put((item, None)):
                    return
            self._put((None, None))
        except BaseException as error:
            self._put((None, error))

    def _put(self, entry: tuple[Item | None, BaseException | None]) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(entry, timeout=POLL_SECONDS)
                return True
            except queue.Full:
                continue
        return False

    def close(self) -> None:
        """End the thread; the source is not read any more once this returns."""
        self._stopped.set()
        self._thread.join()


class WriteBehind(Generic[Item]):
    """Calls `write` with each item, in order and in a thread; what it raises comes from `put`."""

    def __init__(self, write: Callable[[Item], None]):
        self._write = write
        self._queue: queue.Queue[Item | None] = queue.Queue(DEPTH)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def put(self, item: Item) -> None:
        """Have an item written; waits while too many wait."""
        while True:
            if self._error is not None:
                raise self._error
            try:
                return self._queue.put(item, timeout=POLL_SECONDS)
            except queue.Full:
                continue

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._error is not None:  # what waits is thrown away, so that nobody hangs
                continue
            try:
                self._write(item)
            except BaseException as error:
                self._error = error

    def finish(self) -> None:
        """Wait until all is written."""
        self._queue.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error
