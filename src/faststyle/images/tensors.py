"""Reads and writes pictures as training needs them: RGB, and tensors in [0, 1].

Photos with all that belongs to them, transparency, colour profile and date, are for `read`.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def long_edge_to(size: tuple[int, int], long_edge: int) -> tuple[int, int]:
    """Width and height once the longer of them is `long_edge`."""
    scale = long_edge / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def resize_long_edge(image: Image.Image, size: int) -> Image.Image:
    """Scale so that the longer side has `size` pixels, with antialiasing."""
    return image.resize(long_edge_to(image.size, size), Image.Resampling.LANCZOS)


def to_tensor(image: Image.Image) -> Tensor:
    """(1, 3, H, W) float32 in [0, 1]."""
    return to_uint8_tensor(image).unsqueeze(0).float() / 255


def to_uint8_tensor(image: Image.Image) -> Tensor:
    """(3, H, W) uint8 in 0..255."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def to_image(tensor: Tensor) -> Image.Image:
    """From (3, H, W) or (1, 3, H, W) in [0, 1]; values outside are clamped."""
    if tensor.dim() == 4:
        (tensor,) = tensor
    levels = (tensor.detach().float().cpu().clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(levels.permute(1, 2, 0).contiguous().numpy())
