"""Checkpoints of a run: written whole or not at all, the last two kept."""

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

from faststyle.checkpoints.run_folder import LAST, PREVIOUS, has_checkpoint
from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.errors import UserError
from faststyle.files.atomic import atomic_write
from faststyle.train.callbacks import Validation
from faststyle.train.distributed import any_process
from faststyle.train.module import StyleTransfer

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class CannotSave(UserError):
    """The disk takes no more."""

    exit_code = 1


class DirectCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint to the very path it is given, and has the disk confirm it.

    Lightning's own writes a copy in the system's temporary folder first: another disk, perhaps a
    smaller one, and a kill leaves the copy there.
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
    """Keeps a run safe: `last.ckpt` to resume from and `<style>.safetensors` to use.

    Every `every` steps, every `minutes` minutes (either may be None), at the end, and when the
    run is told to stop. Written under another name and renamed; the last.ckpt before becomes
    previous.ckpt. No state of random generators is in it: nothing in a step draws from them,
    every crop's randomness is made from the seed and its position in the run.

    Args:
        resume_from: the checkpoint that this run goes on from, or None.
    """

    def __init__(
        self,
        run_dir: Path,
        style_name: str,
        every: int | None,
        minutes: float | None,
        resume_from: Path | None,
        validation: Validation,
    ):
        self.run_dir, self.every, self.validation = run_dir, every, validation
        self.seconds = None if minutes is None else 60 * minutes
        self.style_path = run_dir / f"{style_name}.safetensors"
        # Gone on from another file, last.ckpt is damaged or to be replaced: nothing to keep.
        self._last_is_good = resume_from is None or resume_from.name == LAST

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
            # Saving takes all processes: the clock of one decides.
            if any_process(late and trainer.is_global_zero):
                return step > self._saved_at
        return step > self._saved_at and self.every is not None and step % self.every == 0

    def _save(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        assert isinstance(module, StyleTransfer)
        module.metadata["training"]["steps"] = trainer.global_step
        module.metadata["metrics"] = {f"val/{k}": v for k, v in self.validation.latest.items()}
        if trainer.is_global_zero and trainer.logger is not None:
            # Else a kill takes the last two minutes of curves with it.
            trainer.logger.experiment.flush()  # type: ignore[attr-defined]
        # Every process takes part in gathering the state, one of them writes it.
        last = self.run_dir / LAST
        with atomic_write(last) if trainer.is_global_zero else nullcontext(last) as partial:
            trainer.save_checkpoint(partial)
            if trainer.is_global_zero and self._last_is_good and last.exists():
                os.replace(last, self.run_dir / PREVIOUS)
        self._last_is_good = True
        self._saved_at, self._saved_time = trainer.global_step, time.monotonic()
        if trainer.is_global_zero:
            write_checkpoint(self.style_path, module.transform_net, module.metadata)


@contextmanager
def explain_full_disk(run_dir: Path) -> Iterator[None]:
    """A disk that takes no more as one line: which, how full, what is still there, what to do."""
    try:
        yield
    except Exception as error:
        if not _is_no_room(error):
            raise
        place = run_dir.resolve()
        mount = next(path for path in (place, *place.parents) if path.is_mount())
        free, total = (shutil.disk_usage(mount)[i] / 2**20 for i in (2, 0))
        what = str(error) if isinstance(error, UserError) else f"cannot write in {run_dir}: {error}"
        then = "make room"
        if has_checkpoint(run_dir):
            then += f" and go on from the checkpoint before: python -m train resume={run_dir}"
        raise CannotSave(
            f"{what}; the disk is {mount}, {free:.1f} of {total:.0f} MiB free; {then}"
        ) from error


def _is_no_room(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return True
        if any(f"(os error {number})" in str(error) for number in NO_ROOM):  # safetensors'
            return True
        error = error.__cause__ or error.__context__
    return False
