"""Calms what is still in a clip, before it is stylized.

A transform network draws other strokes for other noise, so a still scene flickers much more once it
is stylized than it did in the camera. This filter takes the noise away where nothing happens.
"""

from __future__ import annotations

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

CHANGE = 0.03  # RMS of a change, of the range 0 to 1, that is taken for motion: about 8 levels
SIDE = 5  # pixels; the change is averaged in squares of this side, since noise has no extent


class Steady:
    """A recursive filter over the frames of one clip, in their order.

    Each frame x becomes x + k (p - x), p being the filtered frame before and

        k = steady exp(-m / (2 CHANGE^2)),

    where m is the mean of (x - p)^2 over the channels and over SIDE x SIDE pixels. What is still
    becomes a mean over time; where something moves, and after a cut, k is nearly 0. As p falls
    behind, m grows and k falls: no pixel lags by much more than CHANGE. Nothing is averaged over
    space, so edges stay as sharp as they are.

    Args:
        steady: share of the frame before where nothing changes, 0 (no filter) to 1 (what is still
            stays as it first was).
    """

    def __init__(self, steady: float):
        self.steady = steady
        self._before: Tensor | None = None

    def __call__(self, frame: Float[Tensor, "1 3 h w"]) -> Float[Tensor, "1 3 h w"]:
        """The filtered frame, (1, 3, H, W) in [0, 1]. A frame of another size begins anew."""
        if not self.steady:
            return frame
        before = self._before
        if before is not None and before.shape == frame.shape:
            change = (frame - before).square().mean(1, keepdim=True)
            keep = local_mean(change, SIDE).div_(-2 * CHANGE**2).exp_().mul_(self.steady)
            frame = frame.lerp(before, keep)
        self._before = frame
        return frame


def local_mean(values: Float[Tensor, "1 c h w"], side: int) -> Float[Tensor, "1 c h w"]:
    """The mean over squares of `side` pixels, an odd number, at the border over what there is."""
    for size in ((side, 1), (1, side)):  # one after the other is faster
        padding = (size[0] // 2, size[1] // 2)
        values = F.avg_pool2d(values, size, 1, padding, count_include_pad=False)
    return values
