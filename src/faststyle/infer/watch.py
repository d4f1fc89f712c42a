"""Photos that arrive in a folder, each once it is completely there."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from pathlib import Path

from faststyle.errors import UserError
from faststyle.images.formats import find_pictures
from faststyle.infer.tasks import Task, name_targets

POLL_SECONDS = 0.5


def arrivals(folder: Path, output: Path) -> Iterator[list[Task]]:
    """Tasks for what is in the folder and has no painting yet, then for whatever comes; for ever.

    A photo counts as complete once it looks the same twice in a row. A changed photo comes again.

    Raises:
        UserError: no such folder, or results would go into it.
    """
    if not folder.is_dir():
        raise UserError(f"--watch {folder}: no such folder")
    if output.suffix or output.resolve() == folder.resolve():
        raise UserError(f"--output {output}: --watch needs another folder for the results")
    before: dict[Path, tuple[int, int]] = {}
    done: dict[Path, tuple[int, int]] = {}
    first = True
    while True:
        found = find_pictures(folder, recursive=False).paths
        now = {path: state for path in found if (state := _state(path))}
        ready = [path for path in sorted(now) if before.get(path) == now[path] != done.get(path)]
        tasks = name_targets(((path, Path()) for path in ready), output)
        if first and ready:
            tasks, first = [task for task in tasks if not task.target.exists()], False
        done |= {path: now[path] for path in ready}
        if tasks:
            yield tasks
        before = now
        time.sleep(POLL_SECONDS)


def _state(path: Path) -> tuple[int, int] | None:
    """Size and time of a file that has something in it, None for anything else."""
    try:
        found = path.stat()
    except OSError:  # gone since it was listed, or a link to nothing
        return None
    is_file = stat.S_ISREG(found.st_mode) and found.st_size
    return (found.st_size, found.st_mtime_ns) if is_file else None
