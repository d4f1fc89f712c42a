"""The objective of Johnson et al. 2016: content, style and total variation as one module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from faststyle.errors import check_choice
from faststyle.losses.functional import FORMULAS, gram
from faststyle.losses.loss_network import LossNetwork


class PerceptualLoss(nn.Module):
    """content_weight * content + style_weight * style + tv_weight * total variation.

    Args:
        loss_network: gives the features; must know every layer named.
        formula: a key of FORMULAS.
        content_weight, style_weight, tv_weight: at least 0.
        content_layers, style_layers: names of the loss network's layers; no content layers, and
            the content loss is 0.
        style_image: (1, 3, H, W) in [0, 1], or several. Their Gram matrices are computed once.
        style_blend: a positive weight for each of several style images; their Gram matrices are
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
        images = [style_image] if isinstance(style_image, Tensor) else style_image
        grams = {layer: torch.zeros(()) for layer in self.style_layers}
        for image, weight in zip(images, style_blend, strict=True):
            with torch.no_grad():
                features = loss_network(image, self.style_layers)
            for layer in self.style_layers:
                grams[layer] = grams[layer] + weight / sum(style_blend) * gram(features[layer])
        for layer, target in grams.items():
            self.register_buffer(_target(layer), target, persistent=False)

    def style_grams(self) -> dict[str, Tensor]:
        """The style's Gram matrix at each style layer, (1, C, C)."""
        return {layer: self.get_buffer(_target(layer)) for layer in self.style_layers}

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
            layer: self.formula.style(gram(features[layer]), target)
            for layer, target in self.style_grams().items()
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
