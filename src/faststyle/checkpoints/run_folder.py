"""Run folders: runs/<style>/<date_time>/, what they hold, and finding one again."""

from __future__ import annotations

import re
import time
from pathlib import Path

from faststyle.errors import UserError
from faststyle.files.paths import SAMPLE_PHOTO

CONFIG, LAST, PREVIOUS = "config.yaml", "last.ckpt", "previous.ckpt"


def new_run_dir(runs_dir: Path, style: str) -> Path:
    """Make runs_dir/style/<date_time>, with a number where several runs start in one second."""
    folder = runs_dir / style
    folder.mkdir(parents=True, exist_ok=True)
    name = time.strftime("%Y-%m-%d_%H-%M-%S")
    for candidate in (name, *(f"{name}_{number}" for number in range(2, 10_000))):
        try:
            # Making it is the test: of two processes that ask at once only one can.
            (folder / candidate).mkdir()
        except FileExistsError:
            continue
        return folder / candidate
    raise UserError(f"runs_dir: {folder} has thousands of runs of this second")


def newest_first(runs_dir: Path, style: str) -> list[Path]:
    """The run folders of a style that hold something to resume from."""

    def age(run_dir: Path) -> tuple[str, int]:
        moment, _, number = run_dir.name.rpartition("_")
        return (moment, int(number)) if re.fullmatch(r"\d{1,4}", number) else (run_dir.name, 1)

    found = [path for path in (runs_dir / style).glob("*") if has_checkpoint(path)]
    return sorted(found, key=age, reverse=True)


def has_checkpoint(run_dir: Path) -> bool:
    """Whether there is something to go on from."""
    return (run_dir / CONFIG).is_file() and any(
        (run_dir / name).is_file() for name in (LAST, PREVIOUS)
    )


def stylized_sample(run_dir: Path) -> Path:
    """The picture painted with the finished style: the last file that a run writes."""
    return run_dir / f"{SAMPLE_PHOTO.stem}.jpg"
