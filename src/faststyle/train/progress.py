"""How far a run is and how fast: a curve, a bar on a terminal, lines in a file or a pipe."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, TQDMProgressBar

RATE = "train/images_per_second"
LINE_EVERY = 30.0  # seconds


def is_terminal() -> bool:
    """Whether somebody watches stdout: a bar would fill a file or pipe with carriage returns."""
    return sys.stdout.isatty()


class Throughput(Callback):
    """Logs `train/images_per_second` over the steps since the last log."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._images, self._since = 0, time.perf_counter()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, *_: Any
    ) -> None:
        self._images += len(batch) * trainer.world_size
        if trainer.global_step % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            now = time.perf_counter()
            pl_module.log(RATE, self._images / (now - self._since))
            self._images, self._since = 0, now


class ProgressBar(TQDMProgressBar):
    """Lightning's bar, labeled with the style in place of the epoch."""

    def __init__(self, label: str):
        super().__init__()
        self.label = label

    def on_train_epoch_start(self, trainer: pl.Trainer, *args: Any) -> None:
        super().on_train_epoch_start(trainer, *args)
        self.train_progress_bar.set_description(self.label)

    def get_metrics(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        rate = trainer.callback_metrics.get(RATE)
        if rate is not None:
            metrics["images/s"] = f"{float(rate):.1f}"
        return metrics


class ProgressLines(Callback):
    """Prints a line every LINE_EVERY seconds and at the last step, in the main process only."""

    def __init__(self, label: str):
        self.label = label

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._step, self._since, self._images = trainer.global_step, time.perf_counter(), 0

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, *_: Any
    ) -> None:
        self._images += len(batch) * trainer.world_size
        step, seconds = trainer.global_step, time.perf_counter() - self._since
        if not trainer.is_global_zero or (seconds < LINE_EVERY and step < trainer.max_steps):
            return
        losses = {name: float(trainer.callback_metrics[name]) for name in ("content", "style")}
        left = (trainer.max_steps - step) * seconds / (step - self._step)
        line = progress_line(step, trainer.max_steps, losses, self._images / seconds, left)
        print(f"{self.label}: {line}", flush=True)
        self._step, self._since, self._images = step, time.perf_counter(), 0


def progress_line(
    step: int, max_steps: int, losses: dict[str, float], rate: float, seconds_left: float
) -> str:
    """One line: steps, losses by name, images a second, time left."""
    parts = [f"step {step} of {max_steps}"]
    parts += [f"{name} loss {value:.3g}" for name, value in losses.items()]
    parts.append(f"{rate:.1f} images/s")
    if step < max_steps:
        parts.append(f"{_duration(seconds_left)} left")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    """`3 h 05 min`, `12 min` or `40 s`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
