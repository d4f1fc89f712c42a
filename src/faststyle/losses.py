"""The perceptual losses of Gatys et al. 2016 and Johnson et al. 2016, as pure functions.

Features are (N, C, H, W) activations of a loss network, pictures are (N, 3, H, W) in [0, 1].
Every function returns one value per batch in float32: the mean over its pictures unless said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from faststyle.errors import check_choice
from faststyle.loss_network import LossNetwork


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
    vertical, horizontal = _neighbour_differences(images)
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
    vertical, horizontal = _neighbour_differences(images * 255)
    return 0.5 * (vertical.square().sum() + horizontal.square().sum())


def engstrom_total_variation(images: Tensor) -> Tensor:
    """Mean squared differences of 0-255 neighbours, vertical plus horizontal."""
    return 255**2 * total_variation(images)


def _full(x: Tensor) -> Tensor:
    """Half precision as float32; float32 and float64 as they are."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def _neighbour_differences(images: Tensor) -> tuple[Tensor, Tensor]:
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


class PerceptualLoss(nn.Module):
    """content_weight * content + style_weight * style + tv_weight * total variation.

    Args:
        loss_network: gives the features; must know every layer named.
        formula: a key of FORMULAS.
        content_weight, style_weight, tv_weight: at least 0.
        content_layers, style_layers: names of the loss network's layers; no content layers, and
            the content loss is 0.
        style_image: the painting, (1, 3, H, W) in [0, 1], or several. Their Gram matrices are
            made here.
        style_blend: a positive weight for each of several paintings; their Gram matrices are
            averaged by it. Only the ratios count.
    """

    def __init__(
        self,
        loss_network: LossNetwork,
        *,
        formula: str,
        content_weight: float,
        style_weight: float,
        tv_weight: float,
        content_layers: list[str],
        style_layers: list[str],
        style_image: Tensor | Sequence[Tensor],
        style_blend: Sequence[float] = (1.0,),
    ):
        super().__init__()
        self.formula = FORMULAS[check_choice("loss.formula", formula, FORMULAS)]
        self.loss_network = loss_network
        self.content_weight = content_weight
        self.style_weight = style_weight
        self.tv_weight = tv_weight
        self.content_layers = list(content_layers)
        self.style_layers = list(style_layers)
        paintings = [style_image] if isinstance(style_image, Tensor) else style_image
        grams = {layer: torch.zeros(()) for layer in self.style_layers}
        for painting, weight in zip(paintings, style_blend, strict=True):
            with torch.no_grad():
                features = loss_network(painting, self.style_layers)
            for layer in self.style_layers:
                grams[layer] = grams[layer] + weight / sum(style_blend) * gram(features[layer])
        for layer, target in grams.items():
            self.register_buffer(_target(layer), target, persistent=False)

    def content_targets(self, photos: Tensor) -> dict[str, Tensor]:
        """Features of the photos at the content layers; the loss network runs no further."""
        with torch.no_grad():
            return self.loss_network(photos, self.content_layers)

    def forward(self, stylized: Tensor, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Every term for pictures (N, 3, H, W) in [0, 1] against `content_targets(photos)`.

        Returns unweighted `content_loss`, `style_loss`, `tv_loss`, `style_loss/<layer>` a layer,
        and `total_loss`, the weighted sum of the first three.
        """
        features = self.loss_network(stylized, [*self.content_layers, *self.style_layers])
        content = [self.formula.content(features[k], targets[k]) for k in self.content_layers]
        style = {
            k: self.formula.style(gram(features[k]), getattr(self, _target(k)))
            for k in self.style_layers
        }
        terms = {
            "content_loss": self._reduce(content) if content else stylized.new_zeros(()),
            "style_loss": self._reduce(list(style.values())),
            "tv_loss": self.formula.total_variation(stylized),
        }
        total = (
            self.content_weight * terms["content_loss"]
            + self.style_weight * terms["style_loss"]
            + self.tv_weight * terms["tv_loss"]
        )
        by_layer = {f"style_loss/{layer}": value for layer, value in style.items()}
        return {"total_loss": total, **terms, **by_layer}

    def _reduce(self, values: list[Tensor]) -> Tensor:
        stacked = torch.stack(values)
        return stacked.mean() if self.formula.mean_over_layers else stacked.sum()


def _target(layer: str) -> str:
    return f"style_gram_{layer}"
