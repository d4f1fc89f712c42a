"""The objective: content, style and total variation as one module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from faststyle.errors import check_choice
from faststyle.losses.functional import FORMULAS, gram
from faststyle.losses.loss_network import LossNetwork


class PerceptualLoss(nn.Module):
    """content_weight * content + style_weight * style + tv_weight * total variation.

    Gatys et al. 2016, equations 5 and 7; Johnson et al. 2016, section 3, adds total variation.

    Args:
        loss_network: computes the features; must have every layer named below.
        formula: a key of FORMULAS.
        content_weight, style_weight, tv_weight: at least 0.
        content_layers: layers of the loss network; if there are none, the content loss is 0.
        style_layers: layers of the loss network, at least one.
        style_image: one style image, (1, 3, H, W) in [0, 1], or several of any sizes.
        style_blend: a positive weight for each style image: the target is the weighted mean of
            their Gram matrices. Only the ratios matter.

    Raises:
        UserError: `formula` is unknown.
        ValueError: there are more or fewer weights than style images.
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
        style_image: Float[Tensor, "1 3 _ _"] | Sequence[Float[Tensor, "1 3 _ _"]],
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
        style_images = [style_image] if isinstance(style_image, Tensor) else style_image
        grams = {layer: torch.zeros(()) for layer in self.style_layers}
        for image, weight in zip(style_images, style_blend, strict=True):
            with torch.no_grad():
                features = loss_network(image, self.style_layers)
            for layer in self.style_layers:
                grams[layer] = grams[layer] + weight / sum(style_blend) * gram(features[layer])
        for layer, target in grams.items():
            self.register_buffer(_target(layer), target, persistent=False)

    def style_grams(self) -> dict[str, Float[Tensor, "1 c c"]]:
        """The style's Gram matrix at each style layer, (1, C, C)."""
        return {layer: self.get_buffer(_target(layer)) for layer in self.style_layers}

    def content_targets(
        self, photos: Float[Tensor, "n 3 h w"]
    ) -> dict[str, Float[Tensor, "n _ _ _"]]:
        """Features (N, C, H', W') of photos (N, 3, H, W) in [0, 1] by content layer."""
        with torch.no_grad():
            return self.loss_network(photos, self.content_layers)

    def forward(
        self, stylized: Float[Tensor, "n 3 h w"], targets: Mapping[str, Float[Tensor, "_ _ _ _"]]
    ) -> dict[str, Float[Tensor, ""]]:
        """Every term of `stylized`, (N, 3, H, W) in [0, 1], against `content_targets(photos)`.

        Returns:
            Float32 scalars: the unweighted `content_loss`, `style_loss` and `tv_loss`, one
            `style_loss/<layer>` for each style layer, and `total_loss`, the weighted sum of the
            first three.

        Raises:
            ValueError: the content targets are not of N pictures of this size. One style is the
                target of any N.
        """
        self._check_batch(stylized, targets)
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

    def _check_batch(self, stylized: Tensor, targets: Mapping[str, Tensor]) -> None:
        """Fail before the loss network runs; the losses compare the other dimensions."""
        for layer in self.content_layers:
            if targets[layer].shape[:1] != stylized.shape[:1]:
                raise ValueError(
                    f"content target of {layer} has shape {tuple(targets[layer].shape)}, stylized "
                    f"has shape {tuple(stylized.shape)}; give the content_targets of as many photos"
                )

    def _reduce(self, values: list[Tensor]) -> Tensor:
        stacked = torch.stack(values)
        return stacked.mean() if self.formula.mean_over_layers else stacked.sum()


def _target(layer: str) -> str:
    return f"style_gram_{layer}"
