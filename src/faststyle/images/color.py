"""Keep the colors of the content image (Gatys et al. 2016, "Preserving color in neural style")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in YIQ and in JPEG
# Variance added in every direction of color. Without it a direction that the stylized image hardly
# uses is stretched to the content's, and every stroke gets a colored fringe.
SOFTENING = (15 / 255) ** 2


def luminance(pictures: Tensor) -> Tensor:
    """Luminance (N, 1, H, W) of pictures (N, 3, H, W), weighted by LUMINANCE."""
    return (pictures * pictures.new_tensor(LUMINANCE).view(3, 1, 1)).sum(1, keepdim=True)


def keep_color(stylized: Tensor, photo: Tensor) -> Tensor:
    """Combine luminance of `stylized` and chroma of `photo`; all (N, 3, H, W) in [0, 1]."""
    # Adding gray leaves both chroma channels as they are.
    return (photo + luminance(stylized - photo)).clamp(0, 1)


@dataclass(frozen=True)
class ColorStatistics:
    """Mean (3,) and covariance (3, 3) of a picture's colors, float64."""

    mean: Tensor
    covariance: Tensor


def color_statistics(strips: Iterable[Tensor]) -> ColorStatistics:
    """Measure a picture given as strips (1, 3, rows, W) in [0, 1]."""
    count = 0
    total, products = torch.zeros(3).double(), torch.zeros(3, 3).double()
    for strip in strips:
        # Centered on mid-gray: the sums of squares lose less precision.
        colors = (strip[0].flatten(1) - 0.5).double().cpu()
        count += colors.shape[1]
        total += colors.sum(1)
        products += colors @ colors.T
    mean = total / count
    return ColorStatistics(mean + 0.5, products / count - mean.outer(mean))


class ColorMatch:
    """A linear map of colors that gives one picture nearly the mean and covariance of another.

    Of all such maps it changes colors least (Pitie and Kokaram 2007, "The linear
    Monge-Kantorovitch colour mapping"). Gatys et al. match the same statistics.

    Args:
        have: statistics of the pictures to change.
        want: statistics they get.
    """

    def __init__(self, have: ColorStatistics, want: ColorStatistics):
        softening = SOFTENING * torch.eye(3).double()
        root = _power(have.covariance + softening, 0.5)
        inverse = _power(have.covariance + softening, -0.5)
        wanted = root @ (want.covariance + softening) @ root
        matrix = inverse @ _power(wanted, 0.5) @ inverse
        self.matrix = matrix.float()
        self.offset = (want.mean - matrix @ have.mean).float()

    def __call__(self, pictures: Tensor) -> Tensor:
        """Map pictures (N, 3, H, W) in [0, 1]; the result is clamped to [0, 1]."""
        moved = torch.einsum("dc,nchw->ndhw", self.matrix.to(pictures), pictures)
        return (moved + self.offset.to(pictures).view(3, 1, 1)).clamp(0, 1)


def _power(matrix: Tensor, power: float) -> Tensor:
    """Raise a symmetric positive definite matrix to a real power."""
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ torch.diag(values**power) @ vectors.T
