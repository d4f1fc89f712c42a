"""Optimize the pixels of a picture, as in Gatys, Ecker, Bethge 2016."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from faststyle.errors import TrainingDiverged, check_choice
from faststyle.losses.perceptual_loss import PerceptualLoss

OPTIMIZERS = ("lbfgs", "adam")
MAX_LINE_SEARCH = 25  # evaluations in one iteration; nearly always it takes one
OUTSIDE_WEIGHT = 10.0  # measured: low enough not to be felt, high enough to bring pixels back


def noise_like(picture: Tensor, seed: int) -> Tensor:
    """Uniform noise in [0, 1) of the picture's shape, on its device.

    It is drawn on the CPU: the same seed gives the same noise on every device.
    """
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(picture.shape, generator=generator).to(picture.device)


@dataclass(frozen=True)
class Iterate:
    """The picture (1, 3, H, W) in [0, 1] after `step` steps, and its losses.

    `evaluations` counts how often loss and gradient were worked out so far, these included.
    """

    step: int
    evaluations: int
    picture: Tensor
    losses: dict[str, float]


def optimize_pixels(
    perceptual_loss: PerceptualLoss,
    targets: Mapping[str, Tensor],
    start: Tensor,
    *,
    num_steps: int,
    optimizer: str,
    learning_rate: float,
    history: int,
) -> Iterator[Iterate]:
    """Lower the loss of one picture by changing its pixels.

    Yields `start` as step 0, then the picture after each step up to `num_steps`. It ends earlier
    where no step lowers the loss any more.

    Args:
        targets: `perceptual_loss.content_targets` of the photo.
        start: (1, 3, H, W) in [0, 1].
        num_steps: at least 0.
        optimizer: "lbfgs" (strong Wolfe line search; a step is an iteration) or "adam".
        learning_rate: Adam's, in units of the pixels' range.
        history: iterations that L-BFGS remembers; each costs two pictures of memory.

    Raises:
        UserError: unknown optimizer.
        TrainingDiverged: the loss is not a finite number.
    """
    check_choice("optimizer", optimizer, OPTIMIZERS)
    objective = _Objective(perceptual_loss, targets, start)
    steps = (
        torch.optim.LBFGS(
            [objective.pixels],
            max_iter=1,
            max_eval=MAX_LINE_SEARCH + 1,
            history_size=history,
            # Off: absolute tolerances mean nothing while formulas differ by powers of ten.
            tolerance_grad=0,
            tolerance_change=0,
            line_search_fn="strong_wolfe",
        )
        if optimizer == "lbfgs"
        else torch.optim.Adam([objective.pixels], lr=learning_rate)
    )
    for step in range(num_steps + 1):
        objective()
        if not math.isfinite(objective.losses["total_loss"]):
            raise TrainingDiverged(f"step {step}: the loss is not a finite number")
        yield Iterate(step, objective.evaluations, objective.picture(), objective.losses)
        if step == num_steps:
            return
        before = objective.pixels.detach().clone()
        steps.step(objective)  # type: ignore[arg-type]
        # A line search that cannot tell two points apart comes back with the first, or with 0 / 0.
        lost = optimizer == "lbfgs" and not objective.pixels.isfinite().all()
        if lost or torch.equal(before, objective.pixels):
            return


class _Objective:
    """The optimizer's closure: loss and gradient at `pixels`.

    The loss network sees the pixels clamped to [0, 1], so the losses are those of the picture that
    is kept. A penalty pulls back pixels outside, where clamping leaves no gradient. With it L-BFGS
    reaches lower losses than with a clamp at the end, or with a sigmoid.
    """

    def __init__(
        self, perceptual_loss: PerceptualLoss, targets: Mapping[str, Tensor], start: Tensor
    ):
        self.perceptual_loss, self.targets = perceptual_loss, targets
        self.pixels = start.detach().clone().requires_grad_()
        self.evaluations = 0
        self.losses: dict[str, float] = {}
        self._scale: float | None = None
        self._last_pixels = torch.full_like(start, torch.nan)

    def picture(self) -> Tensor:
        return self.pixels.detach().clamp(0, 1)

    def __call__(self) -> float:
        # torch's L-BFGS begins each step by asking again for the point where the last one ended.
        if not torch.equal(self.pixels, self._last_pixels):
            self._evaluate()
        self.pixels.grad = self._gradient.clone()
        return self._value

    @torch.enable_grad()
    def _evaluate(self) -> None:
        inside = self.pixels.clamp(0, 1)
        losses = self.perceptual_loss(inside, self.targets)
        self.losses = {name: float(value.detach()) for name, value in losses.items()}
        # A gradient of about 1 a pixel whatever formula and size: else the numbers built into
        # L-BFGS (its least curvature) and Adam (its epsilon) come into play.
        if self._scale is None:
            self._scale = inside.numel() / max(self.losses["total_loss"], 1e-12)
        outside = (self.pixels - inside.detach()).square().sum()
        value = self._scale * losses["total_loss"] + OUTSIDE_WEIGHT * outside
        (gradient,) = torch.autograd.grad(value, self.pixels)
        self._value, self._gradient = float(value.detach()), gradient.contiguous()
        self._last_pixels.copy_(self.pixels.detach())
        self.evaluations += 1
