"""Optical flow, by which a clip's own motion is told from flicker.

Lucas and Kanade 1981, iterated from coarse to fine (Bouguet 2000), at every pixel. It is exact
enough to tell still from moving and to follow moderate motion; where it fails, the two directions
disagree.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from faststyle.video.steady import local_mean

WINDOW = 9  # pixels a side, within which motion is taken for one
COARSEST = 16  # pixels of the short side at the coarsest level
ITERATIONS = 4  # at each level
STIFFNESS = 1e-4  # added to the structure tensor: noise in flat areas moves nothing


def optical_flow(first: Tensor, second: Tensor) -> Tensor:
    """Where each pixel of `first` is in `second`: (1, 2, H, W), pixels to the right and down.

    Args:
        first, second: luminance, (1, 1, H, W) in [0, 1].
    """
    levels = [(first, second)]
    while min(levels[-1][0].shape[-2:]) >= 2 * COARSEST:
        one, other = (F.avg_pool2d(local_mean(x, 3), 2, ceil_mode=True) for x in levels[-1])
        levels.append((one, other))
    flow = torch.zeros_like(levels[-1][0]).repeat(1, 2, 1, 1)
    for one, other in reversed(levels):
        if flow.shape[-2:] != one.shape[-2:]:
            size = one.shape[-2:]
            flow = (
                2 * F.interpolate(flow, scale_factor=2, mode="bilinear")[..., : size[0], : size[1]]
            )
        flow = _refine(one, other, flow)
    return flow


def _refine(one: Tensor, other: Tensor, flow: Tensor) -> Tensor:
    """Steps of Gauss and Newton on the squared difference within each window."""
    for _ in range(ITERATIONS):
        moved = warp(other, flow)
        across, down = gradients((one + moved) / 2)
        missing = one - moved
        products = [across * across, across * down, down * down, across * missing, down * missing]
        a, b, c, u, v = local_mean(torch.cat(products, 1), WINDOW).split(1, 1)
        a, c = a + STIFFNESS, c + STIFFNESS
        step = torch.cat([c * u - b * v, a * v - b * u], 1) / (a * c - b * b)
        flow = local_mean(flow + step.clamp(-1, 1), WINDOW)  # one wild pixel does not stay so
    return flow


def warp(picture: Tensor, flow: Tensor) -> Tensor:
    """`picture`, (1, C, H, W), seen from where `flow` begins: its value at p + flow(p)."""
    height, width = picture.shape[-2:]
    ys, xs = torch.meshgrid(
        torch.arange(height, device=flow.device),
        torch.arange(width, device=flow.device),
        indexing="ij",
    )
    x = (2 * (xs + flow[:, 0]) + 1) / width - 1
    y = (2 * (ys + flow[:, 1]) + 1) / height - 1
    return F.grid_sample(
        picture, torch.stack([x, y], -1), padding_mode="border", align_corners=False
    )


def visible(forward: Tensor, backward: Tensor) -> Tensor:
    """Where a pixel of the first frame is seen in the second too: (1, 1, H, W), booleans.

    There and back again has to end near the start (Sundaram et al. 2010, equation 5), within the
    picture.
    """
    back = warp(backward, forward)
    lost = (forward + back).square().sum(1, keepdim=True)
    length = (forward.square() + back.square()).sum(1, keepdim=True)
    height, width = forward.shape[-2:]
    xs = torch.arange(width, device=forward.device) + forward[:, 0]
    ys = torch.arange(height, device=forward.device)[:, None] + forward[:, 1]
    inside = ((xs >= 0) & (xs <= width - 1) & (ys >= 0) & (ys <= height - 1))[:, None]
    return (lost <= 0.01 * length + 0.5) & inside


def gradients(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Half the difference of the two neighbors, across and down; of the shape of `picture`."""
    padded = F.pad(picture, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return across, down
