"""RGB pictures to tensors and back, sizes, and checks of tensors that a user made."""

from __future__ import annotations

import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from faststyle.errors import UserError

OVERSHOOT = 0.25  # beyond [0, 1]: what bicubic resizing adds at a sharp edge stays below it


def long_edge_to(size: tuple[int, int], long_edge: int) -> tuple[int, int]:
    """Width and height once the longer of them is `long_edge`."""
    scale = long_edge / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def resize_long_edge(image: Image.Image, size: int) -> Image.Image:
    """Scale so that the longer side has `size` pixels, with antialiasing."""
    return image.resize(long_edge_to(image.size, size), Image.Resampling.LANCZOS)


def to_tensor(image: Image.Image) -> Tensor:
    """Convert an RGB picture to (1, 3, H, W) float32 in [0, 1]."""
    return to_uint8_tensor(image).unsqueeze(0).float() / 255


def to_uint8_tensor(image: Image.Image) -> Tensor:
    """Convert an RGB picture to (3, H, W) uint8 in 0..255."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def to_image(tensor: Tensor) -> Image.Image:
    """Convert (3, H, W) or (1, 3, H, W) in [0, 1] to an RGB picture; values outside are clamped."""
    if tensor.dim() == 4:
        (tensor,) = tensor
    levels = (tensor.detach().float().cpu().clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(levels.permute(1, 2, 0).contiguous().numpy())


def check_batch(batch: object) -> None:
    """Check that a value is a batch of pictures, (N, 3, H, W) floats in [0, 1].

    Raises:
        UserError: it is not; the message says how to make one of it.
    """
    if not isinstance(batch, Tensor):
        kind = type(batch).__name__
        raise UserError(f"image: {_WANTED}, not {kind}{_HINTS.get(kind, '')}")
    shape = tuple(batch.shape)
    if batch.dim() != 4 or batch.shape[1] != 3 or not batch.numel():
        raise UserError(f"image: {_WANTED}, got shape {shape}{_shape_hint(shape)}")
    if not batch.is_floating_point():
        hint = "; take image.float() / 255" if batch.dtype == torch.uint8 else ""
        raise UserError(f"image: {_WANTED}, got {batch.dtype}{hint}")
    low, high = (float(value) for value in torch.aminmax(batch))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise UserError(f"image: {_WANTED}, got values that are not finite")
    if low < -OVERSHOOT or high > 1 + OVERSHOOT:
        hint = "divide by 255" if low >= 0 else "undo the normalization"
        raise UserError(f"image: {_WANTED}, got values from {low:.3g} to {high:.3g}; {hint}")


_WANTED = "must be a PIL image or a float tensor (N, 3, H, W) in [0, 1]"
_HINTS = {
    "ndarray": "; take PIL.Image.fromarray(image), uint8 in RGB order (OpenCV has BGR)",
    "str": "; take PIL.Image.open(image)",
    "PosixPath": "; take PIL.Image.open(image)",
    "WindowsPath": "; take PIL.Image.open(image)",
}


def _shape_hint(shape: tuple[int, ...]) -> str:
    if len(shape) == 3 and shape[0] == 3:
        return "; take image.unsqueeze(0)"
    if len(shape) in (3, 4) and shape[-1] == 3:
        return "; move the channels forward: image.movedim(-1, -3)"
    if len(shape) == 4 and shape[1] == 4:
        return "; leave the alpha channel out: image[:, :3]"
    if len(shape) == 4 and shape[1] == 1:
        return "; repeat gray: image.expand(-1, 3, -1, -1)"
    return ""
