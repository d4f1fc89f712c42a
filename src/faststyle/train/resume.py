"""Going on with a run: which one, and from which of its checkpoints."""

from __future__ import annotations

import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from faststyle.checkpoints.run_folder import (
    CONFIG,
    LAST,
    PREVIOUS,
    has_checkpoint,
    newest_first,
    stylized_sample,
)
from faststyle.errors import UserError
from faststyle.train.distributed import is_main_process, print_once


@dataclass(frozen=True)
class RunCheckpoint:
    """A checkpoint to go on from: its file, the steps behind it, what it says of itself."""

    path: Path
    step: int
    metadata: dict[str, Any]


def find_resumable(wanted: str, runs_dir: Path, style: str) -> RunCheckpoint:
    """What `resume=` means: a run folder, a checkpoint in one, or "latest" of a style.

    The latest is the newest run that has steps left. In a run folder a last.ckpt that cannot be
    read gives way to previous.ckpt, and that is said.
    """
    path = Path(wanted)
    if wanted == "latest":
        found = newest_first(runs_dir, style)
        if not found:
            raise UserError(f"resume: no run of {style} in {runs_dir} has a checkpoint")
        latest = next((run for run in found if not _is_over(run)), found[0])
        print_once(f"resume=latest is {latest}")
        return newest_checkpoint(latest)
    if path.is_file() and (path.parent / CONFIG).is_file():
        return open_run_checkpoint(path)
    return newest_checkpoint(path)


def newest_checkpoint(run_dir: Path) -> RunCheckpoint:
    """last.ckpt, or previous.ckpt where that cannot be read, which is said."""
    if not has_checkpoint(run_dir):
        raise UserError(f"resume: {run_dir} is no run folder with a {CONFIG} and a {LAST}")
    found, error = _newest(run_dir)
    if error is not None and is_main_process():
        print(f"train: {error}; going on from {PREVIOUS}, step {found.step}", file=sys.stderr)
    return found


def _newest(run_dir: Path) -> tuple[RunCheckpoint, UserError | None]:
    try:
        return open_run_checkpoint(run_dir / LAST), None
    except UserError as error:
        if not (run_dir / PREVIOUS).is_file():
            raise
        return open_run_checkpoint(run_dir / PREVIOUS), error


def open_run_checkpoint(path: Path) -> RunCheckpoint:
    """Open a checkpoint of a run; nothing in it is executed.

    Raises:
        UserError: it is missing, damaged or no checkpoint of a run.
    """
    from faststyle.checkpoints.header import METADATA_KEY
    from faststyle.files.tensor_files import read_torch

    if not path.is_file():
        raise UserError(f"resume: there is no {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:  # torch.load does not look at the checksums
                raise ValueError("wrong checksum")
        state = read_torch(path)
        return RunCheckpoint(path, int(state["global_step"]), dict(state[METADATA_KEY]))
    except Exception as error:  # whatever torch, zip and pickle say of damaged bytes
        raise UserError(
            f"resume: {path} cannot be read (damaged: {type(error).__name__})"
        ) from error


def _is_over(run_dir: Path) -> bool:
    try:
        saved = OmegaConf.select(OmegaConf.load(run_dir / CONFIG), "trainer.max_steps")
        return stylized_sample(run_dir).exists() and _newest(run_dir)[0].step >= saved
    except Exception:  # what is wrong with it is told if it is the one to resume
        return False
