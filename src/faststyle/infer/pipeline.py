"""Reading the next photo and writing the last painting while the network is at work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from faststyle.errors import UserError
from faststyle.images.read import Photo
from faststyle.infer.tasks import Task

# Pixels from which on one photo at a time is in memory.
LARGE = 2**24


def stylize_all(
    tasks: Iterable[Task],
    read: Callable[[Task], Photo],
    paint: Callable[[Photo, Task], Photo],
    write: Callable[[Photo, Task], None],
) -> Iterator[tuple[Task, Photo | None, UserError | None]]:
    """Every task in order, with what was written or what went wrong."""
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        todo = iter(tasks)

        def read_next() -> tuple[Task, Future[Photo]] | None:
            task = next(todo, None)
            return None if task is None else (task, reader.submit(read, task))

        current, last = read_next(), None
        while current is not None:
            task, reading = current
            following = None
            try:
                photo = reading.result()
                large = photo.image.width * photo.image.height > LARGE
                if not large:
                    following = read_next()
                elif last is not None:
                    yield _written(*last)
                    last = None
                painting = paint(photo, task)
                if last is not None:
                    yield _written(*last)
                last = task, painting, writer.submit(write, painting, task)
            except UserError as error:
                if last is not None:
                    yield _written(*last)
                    last = None
                yield task, None, error
            current = following or read_next()
        if last is not None:
            yield _written(*last)


def _written(
    task: Task, painting: Photo, writing: Future[None]
) -> tuple[Task, Photo | None, UserError | None]:
    try:
        writing.result()
    except UserError as error:
        return task, None, error
    return task, painting, None
