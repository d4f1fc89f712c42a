"""Warnings about a run that learns nothing although its losses are finite numbers."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import torch
from torch import Tensor

from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.train.callbacks import ValidationResult
from faststyle.train.module import StyleTransfer

PHOTOS = 2  # held-out photos that are judged
EARLY = 100  # steps before which nothing is judged: a healthy output is still gray and empty
# Thresholds, with what healthy runs give at step 100 and later: docs/reliability.md.
ONE_COLOR = 0.02  # standard deviation of each color over a picture
SATURATED = 0.9  # share of values that are black or white, to within a hundredth
FALLEN = 0.85  # of the total loss at the start
LOST = 0.97  # content loss against the right photo, over that against another


@dataclass(frozen=True)
class Vitals:
    """Measures of a run at one step that tell whether it is healthy.

    Args:
        step: steps taken so far.
        deviation: largest standard deviation of a color over one stylized picture.
        saturated: share of the stylized values that are black or white.
        content: content loss against the right photo, over that against another.
        fallen: total loss over that at the first step; None where the run did not start untrained.
    """

    step: int
    deviation: float
    saturated: float
    content: float
    fallen: float | None

    def complaints(self) -> dict[str, str]:
        """Return what is wrong, by kind: a line each, with the likely cause and advice."""
        if self.step < EARLY:
            return {}
        found = {}
        if self.deviation < ONE_COLOR:
            found["one color"] = (
                "pictures have collapsed to one color; likely the learning rate is too high or "
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


def pixel_vitals(stylized: Tensor) -> tuple[float, float]:
    """Return the largest deviation of a color over one picture, and the saturated share of all."""
    deviation = stylized.flatten(2).std(dim=2).max()
    saturated = ((stylized < 0.01) | (stylized > 0.99)).float().mean()
    return float(deviation), float(saturated)


class Health:
    """Judges every validation; warns on stderr once of each problem seen at two in a row.

    Args:
        style_image: (1, 3, H, W) in [0, 1]; a picture may be as flat or as saturated as it is.
        untrained: whether the weights start from nothing, so that the loss has to fall.
    """

    def __init__(self, style_image: Tensor, untrained: bool):
        self.style_deviation, self.style_saturated = pixel_vitals(style_image)
        self.untrained = untrained
        self.warned: set[str] = set()
        self._suspected: set[str] = set()
        self._first: float | None = None

    def judge(self, result: ValidationResult, module: StyleTransfer) -> None:
        """Warn of what was wrong at the last validation and is wrong at this one too."""
        if self.untrained and result.step == 0:
            self._first = result.losses["total_loss"]
        if result.step < EARLY:
            return
        complaints = self.measure(result, module).complaints()
        # Only what is wrong at two validations in a row: a run may stumble and recover.
        for kind in complaints.keys() & self._suspected - self.warned:
            self.warned.add(kind)
            print(f"step {result.step}: {complaints[kind]} (training continues)", file=sys.stderr)
        self._suspected = set(complaints)

    def measure(self, result: ValidationResult, module: StyleTransfer) -> Vitals:
        """Return the vitals of a validation, less what the style image excuses."""
        photos, stylized = result.photos[:PHOTOS], result.stylized[:PHOTOS]
        deviation, saturated = pixel_vitals(stylized)
        # A woodcut is black and white, and so are pictures in its style.
        if self.style_deviation < 2 * ONE_COLOR:
            deviation = max(deviation, ONE_COLOR)
        if self.style_saturated > SATURATED / 2:
            saturated = 0.0
        fallen = result.losses["total_loss"] / self._first if self._first else None
        content = content_kept(module.perceptual_loss, photos, stylized)
        return Vitals(result.step, deviation, saturated, content, fallen)


@torch.no_grad()
def content_kept(loss: PerceptualLoss, photos: Tensor, stylized: Tensor) -> float:
    """Return the content loss against the photos, over that against photos they do not show.

    1 when the stylized pictures hold nothing of their photos, whatever the formula and its scale.

    Args:
        photos, stylized: (N, 3, H, W) in [0, 1].
    """
    # A single photo is compared with itself upside down.
    others = photos.roll(1, 0) if len(photos) > 1 else photos.flip(2)
    right, wrong = (
        float(loss(stylized, loss.content_targets(target))["content_loss"])
        for target in (photos, others)
    )
    return right / wrong if wrong > 0 else 0.0
