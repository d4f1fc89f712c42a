"""Measure what viewers miss in a stylized picture: timid strokes, regular grids.

Pictures are (1, 3, H, W) in [0, 1], both sides at least 32. docs/benchmarks.md has how often each
figure orders two pictures as viewers did.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from faststyle.evaluate.artifacts import HANN_LEAKAGE
from faststyle.images.color import luminance

CELL = 16  # pixels a side; the photo is flat or not in a whole cell
FLAT = 0.02  # RMS of the luminance's fine detail in a flat cell: below what an eye sees as texture
FLAT_SHARE = 0.25  # of the cells count as flat at least: the flattest
STROKE_LEVELS = (2, 3)  # of the pyramid: detail of 4 to 16 pixels, the strokes that viewers see
GRID_TILE = 64  # pixels a side
LONGEST_PERIOD = 8  # pixels, in any direction
BACKGROUND = 0.9  # quantile of a wave's neighbors; strokes of one direction make ridges


def viewer_figures(stylized: Tensor, photo: Tensor, style_image: Tensor) -> dict[str, float]:
    """Both measures of the stylized picture by name."""
    return {
        "stroke_contrast": stroke_contrast(stylized, photo, style_image),
        "grid": grid(stylized),
    }


def stroke_contrast(stylized: Tensor, photo: Tensor, style_image: Tensor) -> float:
    """Contrast of strokes where the photo is flat, over that in the whole style image.

    1 is as strong as the style image's; 0 is no strokes. It is a ratio of RMS values of luminance
    in a band of the Laplacian pyramid (Burt and Adelson 1983), with boxes for Gaussians.

    Args:
        photo: of the same size as `stylized`.
        style_image: of any size; at the size where its strokes are as large as they should be.
    """
    flat = _flat_cells(_whole_cells(photo))
    strokes = _stroke_energy(_whole_cells(stylized), flat)
    wanted = _stroke_energy(_whole_cells(style_image), None)
    return (strokes / max(wanted, 1e-12)) ** 0.5


def _whole_cells(picture: Tensor) -> Tensor:
    # A thin style image may be narrower than a cell.
    missing = [max(0, CELL - side) for side in picture.shape[-2:]]
    picture = F.pad(picture, (0, missing[1], 0, missing[0]), mode="replicate")
    height, width = (side // CELL * CELL for side in picture.shape[-2:])
    return luminance(picture[..., :height, :width])


def _flat_cells(photo: Tensor) -> Tensor:
    """1 where the photo's luminance is flat, else 0: (1, 1, H / CELL, W / CELL)."""
    coarse = F.interpolate(F.avg_pool2d(photo, 4), scale_factor=4, mode="bilinear")
    detail = F.avg_pool2d((photo - coarse).square(), CELL).sqrt()
    return (detail <= max(FLAT, float(detail.flatten().quantile(FLAT_SHARE)))).to(photo)


def _stroke_energy(picture: Tensor, cells: Tensor | None) -> float:
    """Mean square of the strokes' band in these cells, or everywhere."""
    energy = 0.0
    for level in range(max(STROKE_LEVELS) + 1):
        coarser = F.avg_pool2d(picture, 2)
        if level in STROKE_LEVELS:
            band = (picture - F.interpolate(coarser, scale_factor=2, mode="bilinear")).square()
            if cells is None:
                energy += float(band.mean())
            else:
                weights = F.interpolate(cells, scale_factor=CELL / 2**level)
                energy += float((band * weights).sum() / weights.sum())
        picture = coarser
    return energy


def grid(picture: Tensor) -> float:
    """Share of the fine detail's energy that repeats regularly: 0 is none, 1 all.

    Weaves, dots and hatching of periods 2 to LONGEST_PERIOD pixels, in any direction, are peaks in
    the spectrum. A peak is what stands above BACKGROUND of the waves around it.
    """
    side = GRID_TILE if min(picture.shape[-2:]) >= GRID_TILE else GRID_TILE // 2
    tiles = F.unfold(luminance(picture), side, stride=side // 2)[0].T.reshape(-1, side, side)
    tiles = tiles - tiles.mean((1, 2), keepdim=True)
    window = torch.hann_window(side, device=picture.device)
    power = torch.fft.fft2(tiles * window[:, None] * window).abs().square().mean(0)
    ring = [(i, k) for i in range(-4, 5) for k in range(-4, 5) if max(abs(i), abs(k)) >= 3]
    around = torch.stack([power.roll(shift, (0, 1)) for shift in ring]).quantile(BACKGROUND, 0)
    waves = torch.fft.fftfreq(side, device=picture.device)
    fine = torch.hypot(waves[:, None], waves[None, :]) >= 1 / LONGEST_PERIOD
    peaks = HANN_LEAKAGE * F.relu(power - around)[fine].sum()
    return float((peaks / power[fine].sum().clamp_min(1e-12)).clamp(0, 1))
