"""Measure faults of feed-forward networks that a loss does not show.

Pictures are (1, 3, H, W) in [0, 1], both sides at least TILE.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from faststyle.images.color import LUMINANCE

TILE = 32  # pixels a side; a checkerboard's strength changes from place to place
FINE = TILE // 8  # detail: at least this many waves a tile, so periods of up to 8 pixels
HANN_LEAKAGE = 1.5**2  # power of a wave over that of its own bin, under a Hann window
STRIP = 2  # pixels; measured: here zero padding stands out most from reflection


def artifact_figures(stylized: Tensor, photo: Tensor) -> dict[str, dict[str, float]]:
    """Every measure of the stylized picture and, where it has a meaning, of the photo."""
    return {
        "stylized": {
            "checkerboard": checkerboard(stylized),
            "border_error": border_error(stylized, photo),
            "clipped": clipped(stylized),
        },
        "photo": {"checkerboard": checkerboard(photo), "clipped": clipped(photo)},
    }


def checkerboard(picture: Tensor) -> float:
    """Share of the fine detail's energy that repeats every 2 or 4 pixels: 0 is none, 1 all.

    Two transposed convolutions of stride 2 leave such patterns (Odena et al. 2016): lines in the
    spectrum at multiples of a quarter of the sampling rate. Strokes and edges spread over the
    frequencies, so only what stands above a line's neighbors counts: at most 0.001 in photos and
    paintings.
    """
    power = _power(picture)
    # Edges and strokes of one direction make a ridge through the spectrum: compare along it.
    directions = ((0, 1), (1, 0), (1, 1), (1, -1))
    around = torch.stack([_neighbors(power, *direction) for direction in directions]).amax(0)
    lines = HANN_LEAKAGE * F.relu(power - around)[:: TILE // 4, :: TILE // 4]
    waves = torch.fft.fftfreq(TILE, 1 / TILE, device=picture.device).abs()
    fine = torch.maximum(waves[:, None], waves[None, :]) >= FINE
    share = (lines.sum() - lines[0, 0]) / power[fine].sum().clamp_min(1e-12)
    return float(share.clamp(0, 1))


def _power(picture: Tensor) -> Tensor:
    """Mean power spectrum of the luminance in overlapping tiles, (TILE, TILE)."""
    tiles = F.unfold(_luminance(picture), TILE, stride=TILE // 2)[0].T.reshape(-1, TILE, TILE)
    tiles = tiles - tiles.mean((1, 2), keepdim=True)
    window = torch.hann_window(TILE, device=picture.device)
    return torch.fft.fft2(tiles * window[:, None] * window).abs().square().mean(0)


def _neighbors(power: Tensor, down: int, across: int) -> Tensor:
    """Mean power 3 and 4 bins to either side: beyond a line's own width, before the next line."""
    shifts = [(k * down, k * across) for k in (-4, -3, 3, 4)]
    return torch.stack([power.roll(shift, (0, 1)) for shift in shifts]).mean(0)


def border_error(stylized: Tensor, photo: Tensor) -> float:
    """Ratio of color steps at the border to those further in: 1 means no border artifact.

    A step is the difference between STRIP rows (or columns) and the next 2 STRIP, averaged along
    them, in stylized minus photo; zero padding makes frames, and so a large first step.
    """
    change = (stylized - photo)[0]
    border, inside = [], []
    for side in (change, change.flip(1), change.mT, change.mT.flip(1)):
        strips = side.mean(2).unfold(1, STRIP, STRIP).mean(2)[:, : side.shape[1] // STRIP // 2]
        steps = (strips[:, :-2] - (strips[:, 1:-1] + strips[:, 2:]) / 2).abs().mean(0)
        border.append(steps[0])
        inside.append(steps[1:].mean())
    return float(torch.stack(border).mean() / torch.stack(inside).mean().clamp_min(1e-6))


def clipped(picture: Tensor) -> float:
    """Share of values, 0 to 1, that are written as 0 or 255."""
    levels = (picture * 255).round()
    return float(((levels <= 0) | (levels >= 255)).float().mean())


def _luminance(picture: Tensor) -> Tensor:
    weights = torch.tensor(LUMINANCE, device=picture.device).view(3, 1, 1)
    return (picture * weights).sum(1, keepdim=True)
