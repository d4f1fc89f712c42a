"""The losses of the distillation: how far the student is from the teacher.

They cover the three uses of a loss network: its features, the distances between Gram matrices, and
the gradient to the pixels. Two networks can agree on pictures and still differ in that gradient.

`grams` and `style` are Gram matrices by layer, (N, C, C). `maps` are matrices by layer, (C teacher,
C student), from the student's features to the teacher's, the latter in units of `scales`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from faststyle.losses.functional import relative_error

STYLE_LAYERS = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
CONTENT_LAYER = "relu4_2"
LAYERS = [*STYLE_LAYERS, CONTENT_LAYER]
EVERY_NTH = {"relu1_1": 4, "relu2_1": 2}  # row and column whose features are compared
GRADIENT_SCALES = (1, 2, 4)  # side of the squares over which gradients are averaged, pixels


def objective(
    features: dict[str, Tensor],
    grams: dict[str, Tensor],
    content: Tensor,
    style: dict[str, Tensor],
    weights: dict[str, float],
) -> Tensor:
    """Return the relative objective with one weight per layer."""
    total = weights[CONTENT_LAYER] * relative_error(features[CONTENT_LAYER], content)
    for layer in STYLE_LAYERS:
        total = total + weights[layer] * relative_error(grams[layer], style[layer])
    return total


def mapped_errors(
    ours: dict[str, Tensor],
    theirs: dict[str, Tensor],
    our_grams: dict[str, Tensor],
    their_grams: dict[str, Tensor],
    maps: dict[str, Tensor],
    scales: dict[str, float],
) -> tuple[Tensor, Tensor]:
    """Compare the student's mapped features, and their Gram matrices, with the teacher's.

    Returns:
        The relative error of the features, the mean over all layers, and that of the Gram
        matrices, the mean over the style layers.
    """
    feature_errors, gram_errors = [], []
    for k in LAYERS:
        nth = EVERY_NTH.get(k, 1)
        mapped = F.conv2d(ours[k][..., ::nth, ::nth], maps[k][..., None, None])
        targets = theirs[k][..., ::nth, ::nth].float() / scales[k]
        feature_errors.append(relative_error(mapped, targets))
        if k in our_grams:
            # M G M^T equals the Gram matrix of mapped features, without a pass over all positions.
            per_channel = maps[k].shape[1] / maps[k].shape[0]
            mapped_gram = maps[k] @ our_grams[k] @ maps[k].T * per_channel
            gram_errors.append(relative_error(mapped_gram, their_grams[k] / scales[k] ** 2))
    return torch.stack(feature_errors).mean(), torch.stack(gram_errors).mean()


def distance_error(
    grams: dict[str, Tensor],
    style: dict[str, Tensor],
    their_grams: dict[str, Tensor],
    their_style: dict[str, Tensor],
) -> Tensor:
    """Return the difference between both networks' style losses, over all pairs."""
    errors = [
        F.mse_loss(_distances(grams[k], style[k]), _distances(their_grams[k], their_style[k]))
        for k in STYLE_LAYERS
    ]
    return torch.stack(errors).mean()


def _distances(grams: Tensor, styles: Tensor) -> Tensor:
    """Return log(|G_a - G_b|^2 / |G_b|^2 + 0.01) for each picture a and style image b."""
    squares = torch.cdist(grams.flatten(1), styles.flatten(1)).square()
    return (squares / styles.flatten(1).square().sum(1) + 0.01).log()


def gradient_mismatch(ours: Tensor, theirs: Tensor) -> tuple[Tensor, Tensor]:
    """Compare two gradients to the pixels, (N, 3, S, S).

    Returns:
        The mean cosine over the pictures, and a loss: 1 minus the cosine plus an error of the
        lengths, averaged over GRADIENT_SCALES, because a transform network follows coarse
        gradients best.
    """
    cosines, lengths = [], []
    for scale in GRADIENT_SCALES:
        a, b = (F.avg_pool2d(g, scale).flatten(1) for g in (ours, theirs))
        cosines.append(F.cosine_similarity(a, b, eps=1e-20).mean())
        lengths.append(((a.norm(dim=1) + 1e-20).log() - (b.norm(dim=1) + 1e-20).log()).square())
    return cosines[0], 1 - torch.stack(cosines).mean() + 0.1 * torch.cat(lengths).mean()
