"""Decodes TIFF files of kinds that Pillow cannot read, or reads wrongly, by tifffile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import numpy as np
from PIL import Image
from PIL.ExifTags import Base
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from faststyle.errors import UserError
from faststyle.images.exif import KEPT, texts
from faststyle.images.srgb import BLOCK_PIXELS, float_top
from faststyle.images.tiff_kinds import COLORS, FLOAT, LAB, SIGNED, WHITE_IS_ZERO, Kind, kind_of

PROFILE = 34675  # the tag of the ICC profile


def decode(file: IO[bytes], name: str, tags: ImageFileDirectory_v2) -> Image.Image:
    """The first page by tifffile: 8 bits a channel, its profile and EXIF in `info`.

    Integers are scaled from their whole range, floats as `srgb.float_top` says.

    Raises:
        UserError: tifffile, or imagecodecs for the compression, is not installed; it cannot read
            this kind either; the file is cut short.
    """
    kind = kind_of(tags)
    what = f"cannot read picture {name}: a TIFF of a kind that Pillow cannot read ({kind})"
    if kind.photometric not in COLORS or kind.subsampled:
        raise UserError(f"{what}; save it as PNG")
    try:
        pixels, axes = _read_pixels(file)
    except (UserError, MemoryError):
        raise
    except Exception as error:  # of another class for each compression
        for package in ("tifffile", "imagecodecs"):
            if package in str(error):
                raise UserError(f"{what}; first run pip install {package}") from None
        raise ValueError(error) from error
    if axes == "SYX":
        pixels, axes = np.moveaxis(pixels, 0, -1), "YXS"
    if axes not in ("YX", "YXS"):
        raise UserError(f"{what}; save it as PNG")
    image = _to_image(pixels.reshape(*pixels.shape[:2], -1), kind)
    image.info.update(_info(tags))
    return image


def _read_pixels(file: IO[bytes]) -> tuple[np.ndarray, str]:
    """What the first page holds and the order of its axes: "YX", "YXS" or "SYX"."""
    import tifffile

    file.seek(0)
    with tifffile.TiffFile(file) as tiff:
        page: Any = tiff.pages[0]
        ends = map(sum, zip(page.dataoffsets, page.databytecounts, strict=True))
        if max(ends, default=0) > tiff.filehandle.size:
            raise ValueError("truncated, its end is missing")
        try:
            return page.asarray(), page.axes
        except ImportError as error:
            raise ValueError("imagecodecs is missing") from error


def _to_image(pixels: np.ndarray, kind: Kind) -> Image.Image:
    """From (H, W, samples) of any type to 8 bits: L, LA, RGB, RGBA, CMYK or LAB."""
    colors = COLORS[kind.photometric]
    size = (pixels.shape[1], pixels.shape[0])
    if kind.photometric == LAB:
        return Image.frombytes("LAB", size, _lab_levels(pixels[..., :3], kind.bits).tobytes())
    levels = _levels(pixels, colors, kind)
    if kind.photometric == WHITE_IS_ZERO:
        levels[..., 0] = 255 - levels[..., 0]
    alpha = kind.extra[0] if kind.extra and levels.shape[2] > colors else 0
    if alpha not in (1, 2):
        mode = {1: "L", 3: "RGB", 4: "CMYK"}[colors]
        return Image.frombytes(mode, size, np.ascontiguousarray(levels[..., :colors]).tobytes())
    levels = np.ascontiguousarray(levels[..., : colors + 1])
    if colors == 4:  # no mode has inks and alpha: put on white, which is no ink
        share = levels[..., 4:] / np.float32(255) if alpha == 2 else 1
        return Image.frombytes("CMYK", size, (levels[..., :4] * share).astype(np.uint8).tobytes())
    if alpha == 1:  # the colors are multiplied by it
        mode = {1: "La", 3: "RGBa"}[colors]
        return Image.frombytes(mode, size, levels.tobytes()).convert(mode.upper())
    return Image.frombytes({1: "LA", 3: "RGBA"}[colors], size, levels.tobytes())


def _levels(pixels: np.ndarray, colors: int, kind: Kind) -> np.ndarray:
    """uint8 in 0..255, of the same shape."""
    if kind.format == FLOAT:
        top = float_top(float(np.nan_to_num(pixels[..., :colors]).max()))
    else:
        top = 2.0 ** (kind.bits - (kind.format == SIGNED)) - 1
    levels = np.empty(pixels.shape, np.uint8)
    rows = max(1, BLOCK_PIXELS // pixels.shape[1])
    for start in range(0, len(pixels), rows):
        block = np.nan_to_num(pixels[start : start + rows].astype(np.float32)).clip(0, top)
        levels[start : start + rows] = (block * np.float32(255 / top)).round()
    return levels


def _lab_levels(pixels: np.ndarray, bits: int) -> np.ndarray:
    """8 bits as TIFF stores them: lightness in 0..255, the others with sign."""
    if bits == 8:
        return np.ascontiguousarray(pixels)
    lightness = (pixels[..., :1] / np.float32(257)).round().astype(np.uint8)
    others = (pixels[..., 1:].view(np.int16) / np.float32(256)).round().clip(-128, 127)
    return np.concatenate([lightness, others.astype(np.int8).view(np.uint8)], axis=2)


def _info(tags: ImageFileDirectory_v2) -> Mapping[str, bytes]:
    exif = Image.Exif()
    exif.update(texts(tags, KEPT))
    exif[Base.Orientation] = tags.get(Base.Orientation, 1)
    profile = tags.get(PROFILE)
    return {"exif": exif.tobytes(), **({"icc_profile": profile} if profile else {})}
