"""How strongly a picture is painted: weights between those that give the photo and the style.

A network that was trained for a style and then a little further to give the photo back (its
"photo end") stays so near that every network on the line between is a working one (Wang et al.
2019, "Deep Network Interpolation"): strokes fade in and contours stay in one place, where mixing
the pixels of photo and painting shows both sets of contours. A network of this shape cannot hold
a photo's finest detail, so towards strength 0 the photo's own pixels come in as well.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from faststyle.errors import UserError
from faststyle.networks.transform_net import TransformNet

STRONGEST = 1.5  # beyond, the line leaves what the network has learned
LEARNING_RATE = 2e-3
GRADIENT_CLIP = 1.0


def check_strength(strength: float) -> float:
    if not 0 <= strength <= STRONGEST:
        raise UserError(
            f"strength: {strength:g} is not between 0 (the photo), 1 (as trained) and {STRONGEST}"
        )
    return strength


def between(
    photo_end: Mapping[str, Tensor], style: Mapping[str, Tensor], strength: float
) -> dict[str, Tensor]:
    """Weights at `strength`, beyond 1 too; float32. Counts are the style's."""
    return {
        k: torch.lerp(photo_end[k].float(), v.float(), strength) if v.is_floating_point() else v
        for k, v in style.items()
    }


def photo_share(strength: float, has_photo_end: bool) -> float:
    """How much of the photo's own pixels to mix in: all at strength 0, none at 1."""
    return max(0.0, 1 - strength) ** 2 if has_photo_end else 1 - strength


def learn_photo_end(net: TransformNet, batches: Iterable[Tensor], num_steps: int) -> TransformNet:
    """A copy of `net` trained further to give its input back, by mean absolute difference.

    Args:
        net: the style's network, or the photo end of the one it was started from.
        batches: photos, (N, 3, H, W) in [0, 1]; `num_steps` of them are used, half as large.
    """
    net = copy.deepcopy(net).train()
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    for step, photos in zip(range(num_steps), batches, strict=False):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * step / num_steps))
        optimizer.zero_grad()
        # A quarter of the time; and photos are as sharp, pixel for pixel, as those to be painted.
        photos = F.avg_pool2d(photos, 2)
        (net(photos) - photos).abs().mean().backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), GRADIENT_CLIP)
        optimizer.step()
    return net.eval()
