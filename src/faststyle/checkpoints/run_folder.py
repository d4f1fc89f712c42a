"""Run folders: `runs/<style>/<date_time>/`, the names of the files in them, and finding one."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from faststyle.errors import UserError
from faststyle.files.paths import SAMPLE_PHOTO

CONFIG, LAST, PREVIOUS = "config.yaml", "last.ckpt", "previous.ckpt"


@dataclass(frozen=True)
class RunFolder:
    """The paths of one training run; the folder and its files need not exist.

    Args:
        path: the run folder, `runs/<style>/<date_time>`.
    """

    path: Path

    @classmethod
    def create(cls, runs_dir: Path, style: str) -> Self:
        """Make `runs_dir/style/<date_time>`; runs that start in the same second get a number.

        Raises:
            UserError: no free name is left.
            OSError: the folder cannot be made.
        """
        folder = runs_dir / style
        folder.mkdir(parents=True, exist_ok=True)
        name = time.strftime("%Y-%m-%d_%H-%M-%S")
        for candidate in (name, *(f"{name}_{number}" for number in range(2, 10_000))):
            try:
                # Creation is the test: of two processes that try at once only one succeeds.
                (folder / candidate).mkdir()
            except FileExistsError:
                continue
            return cls(folder / candidate)
        raise UserError(f"runs_dir: {folder} has 9999 runs of this second; give another runs_dir")

    @classmethod
    def newest_first(cls, runs_dir: Path, style: str | None) -> list[Self]:
        """The runs of a style, or of any (None), that can be resumed, the latest start first."""
        folders = [runs_dir / style] if style is not None else runs_dir.glob("*")
        found = [cls(path) for folder in folders for path in folder.glob("*")]
        return sorted((run for run in found if run.has_checkpoint()), key=_age, reverse=True)

    @property
    def config(self) -> Path:
        """The resolved settings of the run, YAML."""
        return self.path / CONFIG

    @property
    def last(self) -> Path:
        """The run checkpoint to resume from."""
        return self.path / LAST

    @property
    def previous(self) -> Path:
        """The run checkpoint before `last`, for the case that `last` cannot be read."""
        return self.path / PREVIOUS

    @property
    def previews(self) -> Path:
        """The folder of preview grids."""
        return self.path / "previews"

    @property
    def skipped(self) -> Path:
        """The list of photos that could not be used, a line a photo."""
        return self.path / "skipped.txt"

    @property
    def sample(self) -> Path:
        """The sample photo stylized with the finished style: the last file that a run writes."""
        return self.path / f"{SAMPLE_PHOTO.stem}.jpg"

    def style(self, name: str) -> Path:
        """The style checkpoint of the style `name`."""
        return self.path / f"{name}.safetensors"

    def has_checkpoint(self) -> bool:
        """Whether the run can be resumed: it has its settings and a run checkpoint."""
        return self.config.is_file() and (self.last.is_file() or self.previous.is_file())


def _age(run: RunFolder) -> tuple[str, int]:
    """When the run started, then its number among those of the same second."""
    moment, _, number = run.path.name.rpartition("_")
    return (moment, int(number)) if re.fullmatch(r"\d{1,4}", number) else (run.path.name, 1)
