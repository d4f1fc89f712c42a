"""The perceptual losses of Gatys et al. 2016 and Johnson et al. 2016, as pure functions.

Features are (N, C, H, W) activations of a loss network, pictures are (N, 3, H, W) in [0, 1].
Every function returns one value per batch in float32: the mean over its pictures unless said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


def gram(features: Tensor) -> Tensor:
    """Gram matrices F F^T / (C H W), shape (N, C, C), in float32 whatever the precision.

    Gatys et al. 2016, equation 3, with the normalisation of Johnson et al. 2016, equation 4:
    half precision overflows here, and the value does not depend on the picture's size.
    """
    with torch.autocast(features.device.type, enabled=False):
        positions = _full(features.flatten(2).transpose(1, 2))  # N, H W, C
        return _Gram.apply(positions) / features[0].numel()


class _Gram(torch.autograd.Function):
    """Sum over positions of f f^T, its gradient one matrix product where autograd takes two.

    Positions first keeps channels-last features, and their gradient, in place.
    """

    @staticmethod
    def forward(ctx: Any, positions: Tensor) -> Tensor:
        ctx.save_for_backward(positions)
        return positions.transpose(1, 2) @ positions

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (positions,) = ctx.saved_tensors
        (gradient,) = gradients
        return positions @ (gradient + gradient.transpose(1, 2))


def total_variation(images: Tensor) -> Tensor:
    """Mean squared difference of vertical plus that of horizontal neighbours."""
    vertical, horizontal = _neighbor_differences(images)
    return vertical.square().mean() + horizontal.square().mean()


def relative_error(values: Tensor, target: Tensor) -> Tensor:
    """|values - target|^2 / |target|^2 a picture: 0 is equal, 1 as wrong as all zeros."""
    dims = tuple(range(1, values.dim()))
    error = (_full(values) - _full(target)).square().sum(dims)
    return (error / _full(target).square().sum(dims).clamp_min(1e-12)).mean()


def mean_squared_error(values: Tensor, target: Tensor) -> Tensor:
    return (_full(values) - _full(target)).square().mean()


def gatys_content(features: Tensor, target: Tensor) -> Tensor:
    """1/2 sum (F - P)^2: Gatys et al. 2016, equation 1."""
    return 0.5 * (_full(features) - _full(target)).square().sum() / features.shape[0]


def gatys_style(grams: Tensor, target: Tensor) -> Tensor:
    """1/(4 N_l^2 M_l^2) sum (G - A)^2: Gatys et al. 2016, equation 4, from normalised Grams.

    Theirs are G = F F^T for N_l maps of M_l positions; ours are G / (N_l M_l), so the factor
    becomes 1/4. For a painting of another size than the picture each G is divided by its own M_l.
    """
    return 0.25 * (grams - target).square().sum() / grams.shape[0]


def johnson_total_variation(images: Tensor) -> Tensor:
    """1/2 the sum, over batch too, of squared differences of 0-255 neighbours (Johnson's code)."""
    vertical, horizontal = _neighbor_differences(images * 255)
    return 0.5 * (vertical.square().sum() + horizontal.square().sum())


def engstrom_total_variation(images: Tensor) -> Tensor:
    """Mean squared differences of 0-255 neighbours, vertical plus horizontal."""
    return 255**2 * total_variation(images)


def _full(x: Tensor) -> Tensor:
    """Half precision as float32; float32 and float64 as they are."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def _neighbor_differences(images: Tensor) -> tuple[Tensor, Tensor]:
    images = _full(images)
    return images[..., 1:, :] - images[..., :-1, :], images[..., 1:] - images[..., :-1]


@dataclass(frozen=True)
class Formula:
    """How a paper turns features, Gram matrices and pictures into numbers."""

    content: Callable[[Tensor, Tensor], Tensor]
    style: Callable[[Tensor, Tensor], Tensor]
    total_variation: Callable[[Tensor], Tensor]
    mean_over_layers: bool


FORMULAS = {
    "relative": Formula(relative_error, relative_error, total_variation, mean_over_layers=True),
    # Gatys' layer weights w_l are 1 / (number of layers): a mean.
    "gatys2016": Formula(gatys_content, gatys_style, total_variation, mean_over_layers=True),
    "johnson2016": Formula(
        mean_squared_error, mean_squared_error, johnson_total_variation, mean_over_layers=False
    ),
    "pytorch_examples": Formula(
        mean_squared_error, mean_squared_error, total_variation, mean_over_layers=False
    ),
    "engstrom2016": Formula(
        mean_squared_error, mean_squared_error, engstrom_total_variation, mean_over_layers=False
    ),
}
