"""Colour of the photo, brushwork of the painting (Gatys et al. 2016, "Preserving color")."""

from __future__ import annotations

import torch
from torch import Tensor

LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in YIQ and in JPEG


def keep_color(stylized: Tensor, photo: Tensor) -> Tensor:
    """Luminance of `stylized`, chroma of `photo`; all (N, 3, H, W) in [0, 1]."""
    weights = torch.tensor(LUMINANCE, device=photo.device).view(3, 1, 1)
    # Grey shifts leave both chroma channels as they are.
    shift = ((stylized - photo) * weights).sum(1, keepdim=True)
    return (photo + shift).clamp(0, 1)
