"""The only place that reads and writes picture files. Pictures are RGB, tensors are in [0, 1]."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from faststyle.errors import UserError

READABLE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm")
SAVE_OPTIONS = {
    ".jpg": {"format": "JPEG", "quality": 95, "subsampling": "4:4:4"},
    ".jpeg": {"format": "JPEG", "quality": 95, "subsampling": "4:4:4"},
    ".png": {"format": "PNG"},
    ".webp": {"format": "WEBP", "quality": 95},
    ".tif": {"format": "TIFF"},
    ".tiff": {"format": "TIFF"},
}


def load_image(source: Path | str | IO[bytes], min_side: int | None = None) -> Image.Image:
    """Read a picture upright and as RGB; transparent parts become white.

    With `min_side`, a large JPEG may come at a smaller scale whose short side is at least that.

    Raises:
        UserError: the file is missing, unreadable, or no picture.
    """
    name = source if isinstance(source, str | Path) else getattr(source, "name", "picture")
    try:
        with Image.open(source) as image:
            if min_side:
                image.draft("RGB", _short_side_to(image.size, min_side))
            image.load()
            return _to_rgb(ImageOps.exif_transpose(image))
    except FileNotFoundError:
        raise UserError(f"no such picture: {name}") from None
    except UnidentifiedImageError:
        raise UserError(f"not a picture: {name}") from None
    # All these come out of Pillow's decoders for damaged files.
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise UserError(f"cannot read picture {name}: {error}") from error


def _short_side_to(size: tuple[int, int], side: int) -> tuple[int, int]:
    scale = side / min(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        levels = np.asarray(image).clip(0, 65535) / 257  # 16 bits to 8
        return Image.fromarray(levels.round().astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def resize_long_edge(image: Image.Image, size: int) -> Image.Image:
    """Scale so that the longer side has `size` pixels, with antialiasing."""
    scale = size / max(image.size)
    target = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(target, Image.Resampling.LANCZOS)


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


def save_image(image: Image.Image, path: Path) -> None:
    """Write by suffix, to a temporary name first, so that no half-written picture is ever seen."""
    check_output_suffix(path)
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            image.save(file, **SAVE_OPTIONS[path.suffix.lower()])
        os.replace(partial, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
