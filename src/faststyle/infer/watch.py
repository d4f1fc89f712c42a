"""Photos that arrive in a folder, each once it is completely there."""

from __future__ import annotations

import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from faststyle.errors import UserError
from faststyle.images.formats import PICTURE_SUFFIXES, find_pictures
from faststyle.infer.tasks import Task, plan_task
from faststyle.video.formats import CLIP_SUFFIXES

POLL_SECONDS = 0.5
SUFFIXES = (*PICTURE_SUFFIXES, *CLIP_SUFFIXES)


def arrivals(folder: Path, output: Path) -> Iterator[list[Task]]:
    """Tasks for what is in the folder, then for whatever comes; for ever.

    A photo counts as complete once it looks the same twice in a row. A changed photo comes again,
    and one that was gone for a while. A folder that cannot be listed, such as a network share
    that is unmounted, is waited for.

    Raises:
        UserError: no such folder, or results would go into it.
    """
    if not folder.is_dir():
        raise UserError(f"--watch {folder}: no such folder")
    if output.suffix or output.resolve() == folder.resolve():
        raise UserError(f"--output {output}: --watch needs another folder for the results")
    before: dict[Path, tuple[int, int]] = {}
    done: dict[Path, tuple[int, int]] = {}
    waiting = False
    while True:
        try:
            found = find_pictures(folder, recursive=False, suffixes=SUFFIXES).paths
        except UserError as error:
            if not waiting:
                print(f"infer: {error}; waiting for it", file=sys.stderr)
            found = []
            waiting = True
        else:
            waiting = False
        now = {path: state for path in found if (state := _state(path))}
        ready = [path for path in sorted(now) if before.get(path) == now[path] != done.get(path)]
        done = {path: state for path, state in done.items() if path in now}
        done |= {path: now[path] for path in ready}
        if ready:
            yield [plan_task(path, output) for path in ready]
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
