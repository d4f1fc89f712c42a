"""What the student of distill_loss_network.py is judged by. Pictures are (N, 3, S, S) in [0, 1].

A loss network is used for three things: features, distances between Gram matrices, and the gradient
to the pixels, without which student and teacher would agree on pictures and yet lead elsewhere.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from faststyle.losses.functional import relative_error

STYLE_LAYERS = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
CONTENT_LAYER = "relu4_2"
LAYERS = [*STYLE_LAYERS, CONTENT_LAYER]
EVERY_NTH = {"relu1_1": 4, "relu2_1": 2}  # positions whose features are compared: enough
GRADIENT_SCALES = (1, 2, 4)  # pixels averaged


def objective(
    features: dict[str, Tensor],
    grams: dict[str, Tensor],
    content: Tensor,
    style: dict[str, Tensor],
    weights: dict[str, float],
) -> Tensor:
    """The relative objective with a weight for each layer."""
    total = weights[CONTENT_LAYER] * relative_error(features[CONTENT_LAYER], content)
    for layer in STYLE_LAYERS:
        total = total + weights[layer] * relative_error(grams[layer], style[layer])
    return total


def feature_error(
    ours: dict[str, Tensor],
    theirs: dict[str, Tensor],
    maps: dict[str, Tensor],
    scales: dict[str, float],
) -> Tensor:
    """Relative error of the student's mapped features, the mean over layers."""
    errors = []
    for k in LAYERS:
        nth = EVERY_NTH.get(k, 1)
        mapped = F.conv2d(ours[k][..., ::nth, ::nth], maps[k][..., None, None])
        errors.append(relative_error(mapped, theirs[k][..., ::nth, ::nth].float() / scales[k]))
    return torch.stack(errors).mean()


def mapped_gram_error(
    grams: dict[str, Tensor],
    theirs: dict[str, Tensor],
    maps: dict[str, Tensor],
    scales: dict[str, float],
) -> Tensor:
    """Relative error of the Gram matrices of mapped features, the mean over style layers."""
    errors = []
    for k in STYLE_LAYERS:
        # M G M^T: the same as mapping the features first, without the detour over positions.
        per_channel = maps[k].shape[1] / maps[k].shape[0]
        mapped = maps[k] @ grams[k] @ maps[k].T * per_channel
        errors.append(relative_error(mapped, theirs[k] / scales[k] ** 2))
    return torch.stack(errors).mean()


def distance_error(
    grams: dict[str, Tensor],
    style: dict[str, Tensor],
    their_grams: dict[str, Tensor],
    their_style: dict[str, Tensor],
) -> Tensor:
    """How far the relative style losses of all pictures against all styles differ."""
    errors = [
        F.mse_loss(_distances(grams[k], style[k]), _distances(their_grams[k], their_style[k]))
        for k in STYLE_LAYERS
    ]
    return torch.stack(errors).mean()


def _distances(grams: Tensor, styles: Tensor) -> Tensor:
    """|G_a - G_b|^2 / |G_b|^2 of each picture a and style b, in logarithms, small ones alike."""
    squares = torch.cdist(grams.flatten(1), styles.flatten(1)).square()
    return (squares / styles.flatten(1).square().sum(1) + 0.01).log()


def gradient_mismatch(ours: Tensor, theirs: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cosine over pictures, and what to lower: its distance from 1, and wrong lengths.

    The second also looks at the gradients blurred: a transform network follows coarse ones best.
    """
    cosines, lengths = [], []
    for scale in GRADIENT_SCALES:
        a, b = (F.avg_pool2d(g, scale).flatten(1) for g in (ours, theirs))
        cosines.append(F.cosine_similarity(a, b, eps=1e-20).mean())
        lengths.append(((a.norm(dim=1) + 1e-20).log() - (b.norm(dim=1) + 1e-20).log()).square())
    return cosines[0], 1 - torch.stack(cosines).mean() + 0.1 * torch.cat(lengths).mean()
