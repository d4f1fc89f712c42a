"""Reading the next photo and writing the last result while the network is at work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from faststyle.errors import UserError
from faststyle.infer.tasks import Task

if TYPE_CHECKING:
    from faststyle.infer.repainter import Item

# Pixels from which on one photo at a time is in memory.
LARGE = 2**24


@dataclass(frozen=True)
class Finished:
    """What became of a task: the file of the result, or the error.

    Attributes:
        notes: of the photo, to show to the user.
    """

    task: Task
    path: Path | None = None
    notes: tuple[str, ...] = ()
    error: UserError | None = None


def stylize_all(
    tasks: Iterable[Task],
    read: Callable[[Task], Item],
    stylize: Callable[[Item, Task], Item],
    write: Callable[[Item, Task], Path],
) -> Iterator[Finished]:
    """Every task in order, once its result is written or something went wrong."""
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        todo = iter(tasks)

        def read_next() -> tuple[Task, Future[Item]] | None:
            task = next(todo, None)
            return None if task is None else (task, reader.submit(read, task))

        current, last = read_next(), None
        while current is not None:
            task, reading = current
            following = None
            try:
                item = reading.result()
                large = item.photo.image.width * item.photo.image.height > LARGE
                if not large:
                    following = read_next()
                elif last is not None:
                    yield _written(*last)
                    last = None
                stylized = stylize(item, task)
                if last is not None:
                    yield _written(*last)
                last = task, stylized, writer.submit(write, stylized, task)
            except UserError as error:
                if last is not None:
                    yield _written(*last)
                    last = None
                yield Finished(task, error=error)
            current = following or read_next()
        if last is not None:
            yield _written(*last)


def _written(task: Task, item: Item, writing: Future[Path]) -> Finished:
    try:
        return Finished(task, writing.result(), item.photo.notes)
    except UserError as error:
        return Finished(task, error=error)
