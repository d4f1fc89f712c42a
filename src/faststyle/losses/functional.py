"""The perceptual losses of Gatys et al. 2016 and Johnson et al. 2016 as pure functions.

Features are activations of a loss network, (N, C, H, W). Gram matrices are (N, C, C). Images are
(N, 3, H, W) in [0, 1]. Every loss is a float32 scalar: the mean over the N pictures, unless its
docstring differs. A target has the shape of what it is compared with; a target of Gram matrices
may also be (1, C, C), one style for all pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


def gram(features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c c"]:
    """Gram matrices F F^T / (C H W) of features (N, C, H, W), shape (N, C, C).

    Gatys et al. 2016, equation 3, normalized as in Johnson et al. 2016, equation 3, so that the
    value does not depend on the size of the picture. Half precision would overflow: it is
    converted to float32 first.
    """
    with torch.autocast(features.device.type, enabled=False):
        positions = _full(features.flatten(2).transpose(1, 2))  # N, H W, C
        return _Gram.apply(positions) / features[0].numel()


class _Gram(torch.autograd.Function):
    """Sum over positions of f f^T; its gradient takes one matrix product, autograd's takes two.

    Positions come first, (N, H W, C), so channels-last features and their gradient need no copy.
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


def total_variation(images: Float[Tensor, "n c h w"]) -> Float[Tensor, ""]:
    """Mean squared difference of vertical neighbors plus that of horizontal neighbors."""
    vertical, horizontal = _neighbor_differences(images)
    return vertical.square().mean() + horizontal.square().mean()


def relative_error(
    values: Float[Tensor, "*values"], target: Float[Tensor, "*target"]
) -> Float[Tensor, ""]:
    """|values - target|^2 / |target|^2 of each picture: 0 if equal, 1 if `values` are all zero.

    Raises:
        ValueError: `target` has another shape than `values`; Gram matrices may have batch 1.
    """
    _check_shapes(values, target)
    dims = tuple(range(1, values.dim()))
    error = (_full(values) - _full(target)).square().sum(dims)
    return (error / _full(target).square().sum(dims).clamp_min(1e-12)).mean()


def mean_squared_error(
    values: Float[Tensor, "*values"], target: Float[Tensor, "*target"]
) -> Float[Tensor, ""]:
    """The mean of (values - target)^2: Johnson et al. 2016, equations 2 (content) and 4 (style).

    Of Gram matrices it is the mean of the C^2 entries, as in their code; equation 4 has the sum.

    Raises:
        ValueError: `target` has another shape than `values`; Gram matrices may have batch 1.
    """
    _check_shapes(values, target)
    return (_full(values) - _full(target)).square().mean()


def gatys_content(
    features: Float[Tensor, "n c h w"], target: Float[Tensor, "*target"]
) -> Float[Tensor, ""]:
    """1/2 sum (F - P)^2 over channels and positions: Gatys et al. 2016, equation 1.

    Raises:
        ValueError: `target` has another shape than `features`.
    """
    _check_shapes(features, target)
    return 0.5 * (_full(features) - _full(target)).square().sum() / features.shape[0]


def gatys_style(
    grams: Float[Tensor, "n c c"], target: Float[Tensor, "*target"]
) -> Float[Tensor, ""]:
    """1/(4 N_l^2 M_l^2) sum (G - A)^2: Gatys et al. 2016, equation 4, from normalized Grams.

    The paper has G = F F^T for N_l maps of M_l positions. `gram` divides by N_l M_l, so the factor
    becomes 1/4. A style image of another size has its own M_l.

    Raises:
        ValueError: `target` has another shape than `grams` and is not of batch 1.
    """
    _check_shapes(grams, target)
    return 0.25 * (grams - target).square().sum() / grams.shape[0]


def johnson_total_variation(images: Float[Tensor, "n c h w"]) -> Float[Tensor, ""]:
    """Half the sum of squared differences of neighbors on the scale 0 to 255 (Johnson's code).

    The sum includes the batch: it grows with N.
    """
    vertical, horizontal = _neighbor_differences(images * 255)
    return 0.5 * (vertical.square().sum() + horizontal.square().sum())


def engstrom_total_variation(images: Float[Tensor, "n c h w"]) -> Float[Tensor, ""]:
    """`total_variation` on the scale 0 to 255 (Engstrom's code)."""
    return 255**2 * total_variation(images)


def _full(x: Tensor) -> Tensor:
    """Half precision as float32; float32 and float64 unchanged."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def _neighbor_differences(images: Tensor) -> tuple[Tensor, Tensor]:
    images = _full(images)
    return images[..., 1:, :] - images[..., :-1, :], images[..., 1:] - images[..., :-1]


def _check_shapes(values: Tensor, target: Tensor) -> None:
    # Broadcasting would hide a mistake: one photo's content as the target of four pictures.
    one_style = values.dim() == 3 and target.shape == (1, *values.shape[1:])
    if target.shape != values.shape and not one_style:
        raise ValueError(
            f"target of shape {tuple(target.shape)} does not fit values of shape "
            f"{tuple(values.shape)}; they must be equal, only Gram matrices may have a target of "
            "batch 1"
        )


@dataclass(frozen=True)
class Formula:
    """The terms of one paper's objective.

    Args:
        content: the loss of features (N, C, H, W) against features of the same shape.
        style: the loss of Gram matrices (N, C, C) against (N, C, C) or (1, C, C).
        total_variation: the loss of images (N, 3, H, W).
        mean_over_layers: whether layers are averaged; otherwise they are summed.
    """

    content: Callable[[Tensor, Tensor], Tensor]
    style: Callable[[Tensor, Tensor], Tensor]
    total_variation: Callable[[Tensor], Tensor]
    mean_over_layers: bool


FORMULAS = {
    "relative": Formula(relative_error, relative_error, total_variation, mean_over_layers=True),
    # The layer weights w_l of Gatys et al. are 1 / (number of layers): a mean.
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
