"""Photos as people have them: read whole, upright and in sRGB; written with what belongs to them.

Training reads through `load_image`, which wants RGB and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO

from PIL import Image, ImageOps

from faststyle.images.exif import take_exif
from faststyle.images.opening import open_photo, picture_errors
from faststyle.images.srgb import (
    hide_under_white,
    is_deep_grey,
    split_alpha,
    to_8_bit_grey,
    to_srgb,
)

ANIMATED_FORMATS = ("AVIF", "GIF", "PNG", "WEBP")


@dataclass(frozen=True)
class Photo:
    """A picture out of a file.

    Attributes:
        image: RGB in sRGB, upright. Where `alpha` is 0 it is white.
        alpha: transparency, mode "L" and of the same size, or None: no file said anything of it.
        exif: what to write into the painted file: dates, artist, copyright; or None.
        notes: lines to tell the user, such as "a.gif: animated, only its first frame is painted".
    """

    image: Image.Image
    alpha: Image.Image | None = None
    exif: bytes | None = None
    notes: tuple[str, ...] = ()


def load_photo(path: Path | str) -> Photo:
    """Read a picture of any format Pillow knows, and HEIC where pillow-heif is installed.

    16 bits a channel become 8 (`photo_pixels` says how), embedded ICC profiles are converted to
    sRGB, of several frames or pages the first is taken. The file is only read.

    Raises:
        UserError: missing, no regular file, no picture, damaged, cut short, or more than
            `photo_opening.PIXEL_LIMIT` pixels, which is found out before any is decoded.
    """
    path = Path(path)
    with open_photo(path) as image:
        notes = _frame_note(image, path.name)
        image.load()
        profile = image.info.get("icc_profile")
        exif, exif_problem = take_exif(image)
    with picture_errors(path):
        colors, alpha = split_alpha(image)
        del image  # 400 MB at 100 megapixels
        rgb, color_problem = to_srgb(colors, profile)
    notes += tuple(f"{path.name}: {what}" for what in (exif_problem, color_problem) if what)
    if alpha:
        hide_under_white(rgb, alpha)
    # Else Pillow's writers take what they were not given from the file's own class and `info`.
    # A picture of the plain class around the same pixels: the public ways all copy them.
    rgb = rgb._new(rgb.im)
    rgb.info = {}
    return Photo(rgb, alpha, exif, notes)


def _frame_note(image: Image.Image, name: str) -> tuple[str, ...]:
    """What to tell the user of an open picture that is not the only one in its file."""
    if image.format in ANIMATED_FORMATS and getattr(image, "is_animated", False):
        return (f"{name}: animated, only its first frame is painted",)
    if image.format == "TIFF" and (pages := getattr(image, "n_frames", 1)) > 1:
        return (f"{name}: {pages} pages, only the first is painted",)
    return ()


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
