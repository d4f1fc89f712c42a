"""Training that goes wrong without stopping: said once, with a likely cause and what to try."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch import Tensor

from faststyle.train.callbacks import Validation
from faststyle.train.module import StyleTransfer

PHOTOS = 2  # held-out photos that are painted for it, at each validation
EARLY = 100  # steps before which nothing is judged: a healthy output is still grey and empty
# Thresholds, with what healthy runs give at step 100 and later: docs/reliability.md.
ONE_COLOR = 0.02  # standard deviation of each colour over a picture
SATURATED = 0.9  # share of values that are black or white, to within a hundredth
FALLEN = 0.85  # of the total loss at the start
LOST = 0.97  # content loss against the right photo, over that against another


@dataclass(frozen=True)
class Vitals:
    """What tells a healthy run at one step.

    `deviation` and `saturated` are of the painted pictures, `fallen` is the total loss over that
    of the first step (None where the run did not start untrained), `content` is the content loss
    over the one against another photo.
    """

    step: int
    deviation: float
    saturated: float
    content: float
    fallen: float | None

    def complaints(self) -> dict[str, str]:
        """What is wrong, by kind: cause and advice in a line each."""
        if self.step < EARLY:
            return {}
        found = {}
        if self.deviation < ONE_COLOR:
            found["one colour"] = (
                "pictures have collapsed to one colour; likely the learning rate is too high or "
                "loss.tv_weight too large: try a fifth of trainer.learning_rate, or less of "
                "loss.tv_weight"
            )
        elif self.saturated > SATURATED:
            found["black and white"] = (
                "pictures have collapsed to black and white; likely the learning rate is too "
                "high: try a fifth of trainer.learning_rate"
            )
        elif self.content > LOST:
            found["content"] = (
                "pictures no longer show their photos; likely the style outweighs the content: "
                "try a fifth of loss.style_weight, or a deeper content layer"
            )
        if self.fallen is not None and self.fallen > FALLEN:
            found["loss"] = (
                f"the loss is {self.fallen:.0%} of that at the start; likely the learning rate is "
                "far too high or too low: the default trainer.learning_rate is 0.005"
            )
        return found


def pixel_vitals(painted: Tensor) -> tuple[float, float]:
    """Largest standard deviation of a colour over one picture, and the share that is saturated."""
    deviation = painted.flatten(2).std(dim=2).max()
    saturated = ((painted < 0.01) | (painted > 0.99)).float().mean()
    return float(deviation), float(saturated)


class Health(Callback):
    """Looks at each validation, and warns on stderr once of what is wrong at two in a row.

    Args:
        photos: held out, (N, 3, H, W) in [0, 1].
        painting: the style's, (1, 3, H, W) in [0, 1]: what it is itself is no fault in a picture.
        untrained: whether the weights start from nothing, so that the loss has to fall.
    """

    def __init__(self, validation: Validation, photos: Tensor, painting: Tensor, untrained: bool):
        self.validation, self.photos = validation, photos[:PHOTOS]
        self.painting, self.untrained = pixel_vitals(painting), untrained
        self.told: set[str] = set()
        self._suspected: set[str] = set()
        self._first: float | None = None
        self._seen: dict[str, float] = {}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._seen = self.validation.latest
        if self.untrained and trainer.global_step == 0:
            self._first = self._seen.get("total_loss")

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *args: Any
    ) -> None:
        # After `validation`, whose losses are new now and then.
        if self.validation.latest is self._seen or trainer.global_step < EARLY:
            return
        self._seen = self.validation.latest
        assert isinstance(pl_module, StyleTransfer)
        complaints = self.measure(trainer.global_step, pl_module).complaints()
        # Only what is wrong at two validations in a row: a run may stumble and recover.
        for kind in complaints.keys() & self._suspected - self.told:
            self.told.add(kind)
            line = f"step {trainer.global_step}: {complaints[kind]} (training goes on)"
            print(line, file=sys.stderr)
        self._suspected = set(complaints)

    @torch.no_grad()
    def measure(self, step: int, module: StyleTransfer) -> Vitals:
        photos = self.photos.to(module.device)
        was_training = module.training
        module.eval()
        painted = module.transform_net(photos).float().clamp(0, 1)
        module.train(was_training)
        deviation, saturated = pixel_vitals(painted)
        own_deviation, own_saturated = self.painting
        # Of the painting's own kind, so no fault: a woodcut is black and white.
        deviation = max(deviation, ONE_COLOR) if own_deviation < 2 * ONE_COLOR else deviation
        saturated = 0.0 if own_saturated > SATURATED / 2 else saturated
        fallen = self._seen["total_loss"] / self._first if self._first else None
        return Vitals(step, deviation, saturated, content_kept(module, photos, painted), fallen)


def content_kept(module: StyleTransfer, photos: Tensor, painted: Tensor) -> float:
    """Content loss against the photos over that against photos which they were not painted from.

    1 when the pictures say nothing of their photos, whatever the formula and its scale.
    """
    loss = module.perceptual_loss
    # One photo has itself upside down for another; two have each other.
    others = photos.roll(1, 0) if len(photos) > 1 else photos.flip(2)
    right, wrong = (
        float(loss(painted, loss.content_targets(target))["content_loss"])
        for target in (photos, others)
    )
    return right / wrong if wrong > 0 else 0.0
