"""How many iterations of L-BFGS one forward pass is worth (Johnson et al. 2016, Figure 5).

The network's level is the objective of its stylized picture. L-BFGS on the photo's pixels falls
below that level at some iteration, which is the yardstick.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from faststyle.evaluate.curves import lbfgs_iterates
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.networks.transform_net import TransformNet

NUM_TIMED_PASSES = 3
MAX_ITERATIONS = 200  # within a budget; Johnson's networks are worth 50 to 100


@dataclass(frozen=True)
class Bound:
    """A number, or with `more` a lower bound of one."""

    value: float
    more: bool

    def __str__(self) -> str:
        return f"{'>' if self.more else ''}{self.value:{'.0f' if self.value >= 10 else '.1f'}}"


@torch.no_grad()
def score(perceptual_loss: PerceptualLoss, picture: Tensor, photo: Tensor) -> dict[str, float]:
    """Every loss term of a picture of the photo; both (1, 3, H, W) in [0, 1]."""
    terms = perceptual_loss(picture, perceptual_loss.content_targets(photo))
    return {name: float(value) for name, value in terms.items()}


def iterations_to(totals: Sequence[float], level: float) -> Bound:
    """The first iteration, interpolated, with an objective at or below `level`."""
    for i, total in enumerate(totals):
        if total <= level:
            past = (level - total) / (totals[i - 1] - total) if i else 0.0
            return Bound(i - past, more=False)
    return Bound(len(totals) - 1, more=True)


def seconds_to(seconds: Sequence[float], iterations: float) -> float:
    """Seconds that so many iterations took, interpolated."""
    low, high = math.floor(iterations), math.ceil(iterations)
    return seconds[low] + (iterations - low) * (seconds[high] - seconds[low])


def quantile(bounds: Sequence[Bound], share: float) -> Bound:
    """The quantile at `share`, 0 to 1, interpolated linearly between sorted values.

    Lower bounds rank as the largest values. Where the quantile falls among them, the result is a
    lower bound too: the quantile of all numbers.
    """
    values = sorted(bound.value for bound in bounds)
    ranked = sorted(math.inf if bound.more else bound.value for bound in bounds)
    position = share * (len(values) - 1)
    low, high = math.floor(position), math.ceil(position)
    more = math.isinf(ranked[high])
    known = values if more else ranked
    return Bound(known[low] + (position - low) * (known[high] - known[low]), more)


def seconds_per_pass(stylize: Callable[[Tensor], Tensor], photo: Tensor) -> float:
    """Median time of a warm forward pass."""
    times = []
    for _ in range(1 + NUM_TIMED_PASSES):
        began = time.perf_counter()
        stylize(photo).cpu()  # a GPU is not done before its result is fetched
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def equivalent_within(
    perceptual_loss: PerceptualLoss, net: TransformNet, photos: Tensor, budget: float
) -> tuple[Bound | None, float]:
    """Median equivalent iterations, from noise, over as many photos as `budget` seconds allow.

    Args:
        photos: (N, 3, H, W) in [0, 1].

    Returns:
        The median and the seconds it took. A photo cut short by the budget counts, as a lower
        bound, only where it is the first; None if there was no time for one iteration of it.
    """
    began = time.perf_counter()
    found: list[Bound] = []
    was_training = net.training
    net.eval()
    for photo in photos.to(perceptual_loss.loss_network.mean.device).split(1):
        with torch.no_grad():
            stylized = net(photo).clamp(0, 1)
        level = score(perceptual_loss, stylized, photo)["total_loss"]
        bound, cut_short = _descend(perceptual_loss, photo, level, began + budget)
        if cut_short:
            found = found or ([bound] if bound.value > 0 else [])
            break
        found.append(bound)
    net.train(was_training)
    return quantile(found, 0.5) if found else None, time.perf_counter() - began


def _descend(
    perceptual_loss: PerceptualLoss, photo: Tensor, level: float, deadline: float
) -> tuple[Bound, bool]:
    """Iterations from noise to `level`, and whether the deadline came first."""
    totals: list[float] = []
    began = time.perf_counter()
    for iterate in lbfgs_iterates(perceptual_loss, photo, "noise", MAX_ITERATIONS):
        totals.append(iterate.losses["total_loss"])
        if totals[-1] <= level:
            break
        now = time.perf_counter()
        if now + (now - began) / len(totals) > deadline:
            return iterations_to(totals, level), iterate.step < MAX_ITERATIONS
    return iterations_to(totals, level), False
