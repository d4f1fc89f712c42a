"""Converts every pixel format and color space of picture files to 8-bit sRGB and alpha."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache, lru_cache
from io import BytesIO
from itertools import product

import numpy as np
from PIL import Image, ImageChops, ImageCms

BLOCK_PIXELS = 2**22  # at a time, where numpy has to: 100 megapixels of floats would not fit
LAB = b"LAB"  # stands for the profile of CIELAB, which Pillow makes
PROFILE_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}


def is_deep_gray(image: Image.Image) -> bool:
    """Whether a picture has one channel of 16-bit integers, 32-bit integers or floats."""
    return image.mode.startswith("I;16") or image.mode in ("I", "F")


def to_8_bit_gray(image: Image.Image) -> Image.Image:
    """Scale 16-bit levels (modes I;16 and I) or floats (mode F) to mode "L".

    Integers run from 0 to 65535, floats from 0 to `float_top`. What lies outside is clipped; NaN
    becomes black.
    """
    top = _float_range(image) if image.mode == "F" else 65535
    gray = Image.new("L", image.size)
    for box, levels in _strips(image):
        levels = np.nan_to_num(levels).clip(0, top) * np.float32(255 / top)
        gray.paste(Image.fromarray(levels.round().astype(np.uint8)), box)
    return gray


def _float_range(image: Image.Image) -> int:
    return float_top(max(float(np.nan_to_num(levels).max()) for _, levels in _strips(image)))


def float_top(largest: float) -> int:
    """The float that stands for white in a picture with this largest value: 1, 255 or 65535.

    Photo software writes 1. No highlight is above 16, so that larger values mean levels of 8 bits,
    and values above 255 levels of 16 bits.
    """
    return next((top for top, most in ((1, 16), (255, 255)) if largest <= most), 65535)


def _strips(image: Image.Image) -> Iterator[tuple[tuple[int, int, int, int], np.ndarray]]:
    rows = max(1, BLOCK_PIXELS // image.width)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(top + rows, image.height))
        yield box, np.asarray(image.crop(box)).astype(np.float32)


def split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Split a picture into its colors, in any mode, and its alpha: mode "L", or None."""
    if is_deep_gray(image):
        return to_8_bit_gray(image), None  # a level marked as transparent is ignored
    if not image.has_transparency_data:
        return image, None
    colors = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"  # gray profiles want gray
    if image.mode != colors + "A":  # convert would copy
        image = image.convert(colors + "A")
    return image.convert(colors), image.getchannel("A")


def hide_under_white(rgb: Image.Image, alpha: Image.Image) -> None:
    """Make fully transparent pixels white, in place.

    Files fill them with any color. Nobody sees it, and a network must not see it either.
    """
    if alpha.getextrema()[0] == 0:
        rgb.paste("white", mask=alpha.point([255] + [0] * 255))


def to_srgb(
    image: Image.Image, profile: bytes | None, *, in_place: bool
) -> tuple[Image.Image, str | None]:
    """Convert colors to RGB in sRGB; also returns what is wrong with the ICC profile, or None.

    With `in_place` the pixels of `image` may change; without, they never do. Without a usable
    profile, RGB and gray are taken as sRGB, and CMYK as plain complements. Rendering is
    perceptual, as in browsers.

    Raises:
        ValueError: Pillow cannot convert this mode.
    """
    if image.mode == "LAB":
        return _apply(image, LAB, in_place), None
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode not in PROFILE_SPACES:
        image = image.convert("RGB")
    problem = None
    if profile:
        try:
            return _through_profile(image, profile, in_place), None
        # OSError where it cannot even be parsed.
        except (ImageCms.PyCMSError, OSError):
            problem = "its color profile is broken, taken as sRGB"
        except ValueError as error:
            problem = f"its color profile {error}, taken as sRGB"
    return (image if image.mode == "RGB" else image.convert("RGB")), problem


def _through_profile(image: Image.Image, profile: bytes, in_place: bool) -> Image.Image:
    space = ImageCms.core.profile_frombytes(profile).xcolor_space
    if image.mode == "L" and space == "RGB ":  # usual in gray pictures made from colored ones
        image = image.convert("RGB")
    if PROFILE_SPACES[image.mode] != space:
        raise ValueError(f"is for {space.strip()} and does not fit {image.mode} pixels")
    return _apply(image, profile, in_place)


def _apply(image: Image.Image, profile: bytes, in_place: bool) -> Image.Image:
    transform, changes = _transform_to_srgb(profile, image.mode)
    if not changes:
        return image
    if image.mode == "RGB" and in_place:
        ImageCms.applyTransform(image, transform, inPlace=True)
        return image
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None
    return converted


@lru_cache(maxsize=16)  # the photos of a folder have a few profiles between them
def _transform_to_srgb(profile: bytes, mode: str) -> tuple[ImageCms.ImageCmsTransform, bool]:
    """A transform to sRGB, and whether it changes anything.

    Most embedded profiles are sRGB under some name and change nothing.
    """
    source = ImageCms.createProfile("LAB") if profile == LAB else BytesIO(profile)
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(source), ImageCms.createProfile("sRGB"), mode, "RGB"
    )
    if mode != "RGB":
        return transform, True
    steps = bytes(level for color in product(range(0, 256, 17), repeat=3) for level in color)
    probe = Image.frombytes("RGB", (16, 256), steps)
    converted = ImageCms.applyTransform(probe, transform)
    assert converted is not None
    change = ImageChops.difference(probe, converted)
    by_more_than_one_level = change.point([0, 0, *[255] * 254] * 3).getbbox()
    return transform, by_more_than_one_level is not None


@cache
def srgb_profile() -> bytes:
    """The ICC profile of sRGB, always the same bytes."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Bytes 24 to 35 of the header are when it was made (ICC.1:2022, 7.2.8).
    return made[:24] + struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + made[36:]
