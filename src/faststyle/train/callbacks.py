"""Callbacks beside the training steps: validation with previews, and stopping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch import Tensor
from torchvision.utils import make_grid

from faststyle.images.tensors import to_image
from faststyle.images.write import save_image
from faststyle.train.distributed import any_process
from faststyle.train.module import StyleTransfer
from faststyle.train.signals import StopRequest

EARLY_PREVIEWS = (5, 10, 25, 50)  # steps; the first minutes show whether a run is worth its time
MAX_PREVIEW_PHOTOS = 4


@dataclass(frozen=True)
class ValidationResult:
    """The result of a validation.

    Args:
        step: steps taken so far.
        losses: every term of the objective, the mean over the held-out photos.
        photos, stylized: (N, 3, H, W) in [0, 1], on the device that trains.
    """

    step: int
    losses: dict[str, float]
    photos: Tensor
    stylized: Tensor


class Validation(Callback):
    """Measures the losses on held-out photos and draws a preview grid.

    Runs at the start, at EARLY_PREVIEWS, every `every` steps and at the end, in the main process
    only. The grid, photos above and stylized ones below, goes to TensorBoard and to `step_*.jpg`
    in the folder `previews`.

    Args:
        photos: held out, (N, 3, H, W) in [0, 1].
        listeners: called with every result and the module.
    """

    def __init__(
        self,
        photos: Tensor,
        every: int,
        previews: Path,
        listeners: Sequence[Callable[[ValidationResult, StyleTransfer], None]] = (),
    ):
        self.photos, self.every, self.previews = photos, every, previews
        self.listeners = listeners
        self._done_at = -1

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._validate(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *args: Any
    ) -> None:
        step = trainer.global_step
        # At the last step too, not only when training ends: the last checkpoint records its losses.
        if step % self.every == 0 or step in EARLY_PREVIEWS or step == trainer.max_steps:
            self._validate(trainer, pl_module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._validate(trainer, pl_module)

    def _validate(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        step = trainer.global_step
        if step == self._done_at or not trainer.is_global_zero:
            return
        self._done_at = step
        assert isinstance(module, StyleTransfer)
        result = validate(module, self.photos, step)
        grid = _preview_grid(result)
        save_image(to_image(grid), self.previews / f"step_{step:06d}.jpg")
        if trainer.logger is not None:
            scalars = {f"val/{name}": value for name, value in result.losses.items()}
            trainer.logger.log_metrics(scalars, step=step)
            trainer.logger.experiment.add_image("preview", grid, step)  # type: ignore[attr-defined]
        for listener in self.listeners:
            listener(result, module)


@torch.no_grad()
def validate(module: StyleTransfer, photos: Tensor, step: int) -> ValidationResult:
    """Stylize `photos`, (N, 3, H, W) in [0, 1], in evaluation mode and measure every loss."""
    photos = photos.to(module.device)
    was_training = module.training
    module.eval()
    stylized, losses = module.stylize_and_score(photos)
    module.train(was_training)
    values = {name: float(value) for name, value in losses.items()}
    return ValidationResult(step, values, photos, stylized.float().clamp(0, 1))


def _preview_grid(result: ValidationResult) -> Tensor:
    shown = min(MAX_PREVIEW_PHOTOS, len(result.photos))
    pictures = torch.cat([result.photos[:shown], result.stylized[:shown]]).cpu()
    # What is not a number is drawn black; StyleTransfer ends the run.
    return make_grid(pictures.nan_to_num(), nrow=shown, padding=4, pad_value=1.0)


class StopOnSignal(Callback):
    """Ends the run after the step in which any process was asked to stop."""

    def __init__(self, request: StopRequest) -> None:
        self.request = request
        self.stopped = False

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.request.listen(announce=trainer.is_global_zero)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *args: Any
    ) -> None:
        asked = any_process(self.request.number is not None)
        if asked and trainer.global_step < trainer.max_steps:
            self.stopped = trainer.should_stop = True

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        # Not in teardown: by then Lightning has put back the handlers it found itself.
        self.request.forget()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        self.request.forget()
