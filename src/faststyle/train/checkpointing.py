"""Checkpoints of a run: each is written whole or not at all, and the last two are kept."""

from __future__ import annotations

import errno
import io
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.plugins.io import TorchCheckpointIO
from torch import Tensor

from faststyle.checkpoints.header import FORMAT, METADATA_KEY
from faststyle.checkpoints.run_folder import RunFolder
from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.errors import UserError
from faststyle.files.atomic import atomic_write
from faststyle.files.paths import shell_command
from faststyle.train.callbacks import ValidationResult
from faststyle.train.distributed import any_process
from faststyle.train.module import StyleTransfer
from faststyle.train.provenance import RunRecord
from faststyle.train.resume import HELD_OUT_KEY

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class CannotSave(UserError):
    """The disk is full."""

    exit_code = 1


class DirectCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint straight to its path, and waits for the disk to confirm it.

    Lightning writes a copy into the system's temporary folder first. That may be another, smaller
    disk, and a killed process leaves the copy there.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with open(path, "wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())


class RunCheckpoints(Callback):
    """Writes `last.ckpt`, to resume from, and the style checkpoint, to use.

    Saves every `every` steps and every `minutes` minutes (either may be None), at the end, and when
    the run is told to stop. A checkpoint is written under another name and renamed; the one before
    becomes previous.ckpt. It holds no state of random generators: nothing in a step draws from
    them, and the randomness of a crop comes from the seed and its position in the run.

    Args:
        record: of the run, up to its first step here; the attribute follows the run.
        resume_from: the run checkpoint that this run resumes from, or None.
        held_out_colors: (N, 3), the mean color of each held-out photo; a resumed run compares them.
    """

    def __init__(
        self,
        folder: RunFolder,
        record: RunRecord,
        every: int | None,
        minutes: float | None,
        resume_from: Path | None,
        held_out_colors: Tensor,
    ):
        self.folder, self.record, self.every = folder, record, every
        self.seconds = None if minutes is None else 60 * minutes
        self.held_out_colors = held_out_colors
        self._losses: dict[str, float] = {}
        # A run resumed from another file has a last.ckpt that is damaged or to be replaced.
        self._last_is_good = resume_from is None or resume_from == folder.last

    def note(self, result: ValidationResult, module: StyleTransfer) -> None:
        """Remember the losses for the next checkpoint."""
        self._losses = result.losses

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._saved_at, self._saved_time = trainer.global_step, time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *args: Any
    ) -> None:
        if self._is_due(trainer):
            self._save(trainer, pl_module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.global_step > self._saved_at:
            self._save(trainer, pl_module)

    def _is_due(self, trainer: pl.Trainer) -> bool:
        step = trainer.global_step
        if self.seconds is not None:
            late = time.monotonic() - self._saved_time > self.seconds
            # All processes save together, so the clock of one decides.
            if any_process(late and trainer.is_global_zero):
                return step > self._saved_at
        return step > self._saved_at and self.every is not None and step % self.every == 0

    def _save(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        assert isinstance(module, StyleTransfer)
        self.record = self.record.with_progress(trainer.global_step, self._losses)
        if trainer.is_global_zero and trainer.logger is not None:
            # Otherwise a killed run loses the last two minutes of its curves.
            trainer.logger.experiment.flush()  # type: ignore[attr-defined]
        # Every process takes part in gathering the state; the main one writes it.
        last = self.folder.last
        with atomic_write(last) if trainer.is_global_zero else nullcontext(last) as partial:
            trainer.save_checkpoint(partial)
            if trainer.is_global_zero and self._last_is_good and last.exists():
                os.replace(last, self.folder.previous)
        self._last_is_good = True
        self._saved_at, self._saved_time = trainer.global_step, time.monotonic()
        if trainer.is_global_zero:
            path = self.folder.style(str(self.record.style["name"]))
            write_checkpoint(path, module.transform_net, self.record.metadata())

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        checkpoint[METADATA_KEY] = {"format": FORMAT, **self.record.metadata()}
        checkpoint[HELD_OUT_KEY] = self.held_out_colors


@contextmanager
def explain_full_disk(folder: RunFolder) -> Iterator[None]:
    """Turn the error of a full disk into one line: which disk, how full, what to do."""
    try:
        yield
    except Exception as error:
        if not _is_no_room(error):
            raise
        disk = _mount_of(folder.path.resolve())
        free, total = (shutil.disk_usage(disk)[i] / 2**20 for i in (2, 0))
        cannot = f"cannot write in {folder.path}: {error}"
        what = str(error) if isinstance(error, UserError) else cannot
        then = "make room"
        if folder.has_checkpoint():
            command = shell_command("python", "-m", "train", f"resume={folder.path}")
            then += f" and resume from the checkpoint before: {command}"
        raise CannotSave(
            f"{what}; the disk is {disk}, {free:.1f} of {total:.0f} MiB free; {then}"
        ) from error


def _mount_of(place: Path) -> Path:
    """The folder at which the disk of `place` is mounted, or its drive."""
    try:
        return next(path for path in (place, *place.parents) if path.is_mount())
    except NotImplementedError:  # Windows, before Python 3.12
        return Path(place.anchor)


def _is_no_room(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return True
        if any(f"(os error {number})" in str(error) for number in NO_ROOM):  # safetensors
            return True
        error = error.__cause__ or error.__context__
    return False
