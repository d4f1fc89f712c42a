"""Under which name a result is written, and whether a file of that name may be replaced."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path

from faststyle.errors import NameTaken, UserError
from faststyle.infer.records import Record, record_in
from faststyle.infer.tasks import Task, file_key


class Results:
    """The results of one run: each under a name of its own.

    In a folder, a result takes the name of its photo; where something else has it, `name_2`, and
    so on. It replaces an earlier result of the same record. A file that the user names is
    replaced if it is a result of the same photo, whatever the style; else it is refused.

    Args:
        photos: of this run; never replaced.
        overwrite: replace whatever else has the name.
    """

    def __init__(self, photos: Iterable[Path], *, overwrite: bool):
        self.overwrite = overwrite
        self._reserved = {file_key(photo) for photo in photos}

    def check_named(self, task: Task) -> None:
        """Refuse early what `save` would refuse.

        Raises:
            UserError: the file that the user named is not a result of the photo.
        """
        if task.named and os.path.lexists(task.target) and os.path.isfile(task.photo):
            self._check_replaceable(task, task.digest())

    def existing(self, task: Task, record_of: Callable[[Task], Record]) -> Path | None:
        """The file that is this photo's result already, if there is one; it counts as taken.

        Args:
            record_of: gives a task's record; called only where a file is in question.
        """
        if not os.path.lexists(task.target) or not os.path.isfile(task.photo):
            return None
        try:
            record = record_of(task)
        except (OSError, UserError):  # stylizing it will give the reason
            return None
        for path in [task.target] if task.named else _names(task.target):
            if not os.path.lexists(path):
                break
            if file_key(path) not in self._reserved and record_in(path) == record:
                self._reserved.add(file_key(path))
                return path
        return None

    def save(self, task: Task, record: Record, write: Callable[[Path, bool], None]) -> Path:
        """Write a result and return its path.

        Args:
            write: `write(path, replace)`; raises NameTaken where `replace` is false and something
                has that name.

        Raises:
            UserError: it cannot be written, or the file that the user named is something else.
        """
        while True:
            path, replace = self._place(task, record)
            try:
                write(path, replace)
            except NameTaken:  # by another process, since we looked
                continue
            self._reserved.add(file_key(path))
            return path

    def _place(self, task: Task, record: Record) -> tuple[Path, bool]:
        if task.named:
            there = os.path.lexists(task.target)
            if there:
                self._check_replaceable(task, record.photo)
            return task.target, there
        for path in _names(task.target):
            if file_key(path) in self._reserved:
                continue
            if not os.path.lexists(path):
                return path, False
            if self.overwrite or record_in(path) == record:
                return path, True
        raise AssertionError("unreachable")

    def _check_replaceable(self, task: Task, photo: str) -> None:
        found = None if self.overwrite else record_in(task.target)
        if not self.overwrite and (found is None or found.photo != photo):
            raise UserError(
                f"--output {task.target} exists and is not a result of {task.photo}; "
                "give another name, or --overwrite to replace it"
            )


def _names(target: Path) -> Iterator[Path]:
    """name.jpg, name_2.jpg, name_3.jpg, ..."""
    yield target
    for number in count(2):
        yield target.with_name(f"{target.stem}_{number}{target.suffix}")
