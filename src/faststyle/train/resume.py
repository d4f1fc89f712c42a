"""Which run is resumed, and from which of its checkpoints."""

from __future__ import annotations

import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from faststyle.checkpoints.run_folder import RunFolder
from faststyle.errors import UserError
from faststyle.train.distributed import is_main_process, print_once

if TYPE_CHECKING:
    from torch import Tensor

HELD_OUT_KEY = "held_out_colors"  # in a run checkpoint


@dataclass(frozen=True)
class RunCheckpoint:
    """A run checkpoint that can be resumed from.

    Args:
        path: its file.
        step: steps taken when it was written.
        metadata: of its run, as a style checkpoint has it.
        held_out_colors: (N, 3), mean color of each held-out photo; None from an older faststyle.
    """

    path: Path
    step: int
    metadata: dict[str, Any]
    held_out_colors: Tensor | None

    @property
    def folder(self) -> RunFolder:
        """The run folder that it is in."""
        return RunFolder(self.path.parent)


def find_run_checkpoint(wanted: str, runs_dir: Path, style: str | None) -> RunCheckpoint:
    """Find what `resume=` means: a run folder, a run checkpoint in one, or "latest".

    The latest is the newest run, of `style` or of any, that has steps left. In a run folder a
    last.ckpt that cannot be read falls back to previous.ckpt, with a warning.

    Raises:
        UserError: there is no such run, or none of its checkpoints can be read.
    """
    path = Path(wanted)
    if wanted == "latest":
        found = RunFolder.newest_first(runs_dir, style)
        if not found:
            which = f"no run of {style}" if style else "no run"
            raise UserError(f"resume: {which} in {runs_dir} has a checkpoint")
        latest = next((run for run in found if not _is_over(run)), found[0])
        print_once(f"resume=latest is {latest.path}")
        return newest_checkpoint(latest)
    if path.is_file() and RunFolder(path.parent).config.is_file():
        return open_run_checkpoint(path)
    return newest_checkpoint(RunFolder(path))


def newest_checkpoint(folder: RunFolder) -> RunCheckpoint:
    """Open last.ckpt, or previous.ckpt where that cannot be read, with a warning.

    Raises:
        UserError: not a run folder, or neither can be read.
    """
    if not folder.has_checkpoint():
        needed = f"{folder.config.name} and a {folder.last.name}"
        raise UserError(f"resume: {folder.path} is not a run folder with a {needed}")
    found, error = _newest(folder)
    if error is not None and is_main_process():
        resuming = f"resuming from {folder.previous.name}, step {found.step}"
        print(f"train: {error}; {resuming}", file=sys.stderr)
    return found


def _newest(folder: RunFolder) -> tuple[RunCheckpoint, UserError | None]:
    try:
        return open_run_checkpoint(folder.last), None
    except UserError as error:
        if not folder.previous.is_file():
            raise
        return open_run_checkpoint(folder.previous), error


def open_run_checkpoint(path: Path) -> RunCheckpoint:
    """Open a run checkpoint; nothing in it is executed.

    Raises:
        UserError: it is missing, damaged or not a run checkpoint.
    """
    # Not at the top: they import torch, which takes seconds.
    from faststyle.checkpoints.header import METADATA_KEY
    from faststyle.files.tensor_files import read_torch

    if not path.is_file():
        raise UserError(f"resume: there is no {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:  # torch.load does not look at the checksums
                raise ValueError("wrong checksum")
        state = read_torch(path)
        step, metadata = int(state["global_step"]), dict(state[METADATA_KEY])
        return RunCheckpoint(path, step, metadata, state.get(HELD_OUT_KEY))
    except Exception as error:  # whatever torch, zip and pickle raise for damaged bytes
        raise UserError(
            f"resume: {path} cannot be read (damaged: {type(error).__name__})"
        ) from error


def _is_over(folder: RunFolder) -> bool:
    try:
        saved = OmegaConf.select(OmegaConf.load(folder.config), "trainer.max_steps")
        return folder.sample.exists() and _newest(folder)[0].step >= saved
    except Exception:  # reported where this run is the one to resume
        return False
