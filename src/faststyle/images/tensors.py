"""Reads and writes pictures as training needs them: RGB, and tensors in [0, 1].

Photos with all that belongs to them, transparency, colour profile and date, are for `photo_io`.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from faststyle.errors import UserError
from faststyle.files.atomic import atomic_write
from faststyle.images.opening import picture_errors
from faststyle.images.srgb import is_deep_grey, to_8_bit_grey

READABLE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm")
SAVE_OPTIONS = {
    ".jpg": {"format": "JPEG", "quality": 95, "subsampling": "4:4:4"},
    ".jpeg": {"format": "JPEG", "quality": 95, "subsampling": "4:4:4"},
    ".png": {"format": "PNG"},
    ".webp": {"format": "WEBP", "quality": 95},
    ".tif": {"format": "TIFF", "compression": "tiff_lzw"},
    ".tiff": {"format": "TIFF", "compression": "tiff_lzw"},
}


def load_image(source: Path | str | IO[bytes], min_side: int | None = None) -> Image.Image:
    """Read a picture upright and as RGB; transparent parts become white.

    With `min_side`, a large JPEG may come at a smaller scale whose short side is at least that.

    Raises:
        UserError: the file is missing, unreadable, or no picture.
    """
    name = source if isinstance(source, str | Path) else getattr(source, "name", "picture")
    with picture_errors(name), Image.open(source) as image:
        if min_side:
            image.draft("RGB", _short_side_to(image.size, min_side))
        image.load()
        return _to_rgb(ImageOps.exif_transpose(image))


def _short_side_to(size: tuple[int, int], side: int) -> tuple[int, int]:
    scale = side / min(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _to_rgb(image: Image.Image) -> Image.Image:
    if is_deep_grey(image):
        return to_8_bit_grey(image).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


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


def check_output_suffix(path: Path) -> None:
    if path.suffix.lower() not in SAVE_OPTIONS:
        raise UserError(
            f"cannot write {path}: pictures are written as {', '.join(SAVE_OPTIONS)}, "
            f"not {path.suffix or 'without a suffix'}"
        )


def save_image(image: Image.Image, path: Path, **extras: Any) -> None:
    """Write by suffix, to a temporary name first, so that no half-written picture is ever seen.

    `extras` are further options of Pillow's writers that all formats know.
    """
    check_output_suffix(path)
    with atomic_write(path) as partial, partial.open("wb") as file:
        image.save(file, **SAVE_OPTIONS[path.suffix.lower()], **extras)


def list_pictures(folder: Path) -> list[Path]:
    """The picture files in a folder, not in its subfolders, by name.

    Raises:
        UserError: there are none.
    """
    found = [file for file in sorted(folder.iterdir()) if file.suffix.lower() in READABLE_SUFFIXES]
    if not found:
        raise UserError(f"no pictures in {folder}: they end in {', '.join(READABLE_SUFFIXES)}")
    return found
