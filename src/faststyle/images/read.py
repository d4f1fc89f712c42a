"""One decoder for every picture: upright, 8-bit sRGB, transparency apart.

Style images, content photos of a training, masks and photos to stylize all come through here, so
that the same file has the same pixels everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from faststyle.errors import UserError
from faststyle.images import tiff_kinds
from faststyle.images.exif import take_exif
from faststyle.images.opening import Source, open_photo, picture_errors, picture_name
from faststyle.images.srgb import hide_under_white, split_alpha, to_srgb

ANIMATED_FORMATS = ("AVIF", "GIF", "PNG", "WEBP")


@dataclass(frozen=True)
class Photo:
    """A decoded picture.

    Attributes:
        image: RGB in sRGB, upright. Where `alpha` is 0 it is white.
        alpha: transparency, mode "L" and of the same size; None if the file has none.
        exif: what to write into the stylized file: dates, artist, copyright; or None.
        notes: lines to print, such as "a.gif: animated, only its first frame is used".
    """

    image: Image.Image
    alpha: Image.Image | None = None
    exif: bytes | None = None
    notes: tuple[str, ...] = ()


def load_photo(
    source: Source, min_side: int | None = None, pixel_limit: int | None = None
) -> Photo:
    """Read a picture of any format Pillow knows, and HEIC where pillow-heif is installed.

    16 bits a channel become 8 (`srgb` has the rules), embedded ICC profiles are converted to
    sRGB, of several frames or pages the first is taken. A file is only read.

    Args:
        source: a path, or a binary file that can seek.
        min_side: a large JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, as long as its short
            side keeps this many pixels. None: full size.
        pixel_limit: width times height that a file may claim, checked before any is decoded. None:
            `opening.PIXEL_LIMIT`.

    Raises:
        TooManyPixels: more than `pixel_limit`.
        UserError: missing, not a regular file, not a picture, damaged, or cut short.
    """
    name = os.path.basename(picture_name(source))
    with open_photo(source, pixel_limit) as image:
        notes = _frame_note(image, name)
        if min_side:
            image.draft(None, _short_side_to(image.size, min_side))
        image.load()
        profile = image.info.get("icc_profile")
        image, exif, exif_problem = take_exif(image)
    with picture_errors(picture_name(source)):
        colors, alpha = split_alpha(image)
        del image  # 400 MB at 100 megapixels
        rgb, color_problem = to_srgb(colors, profile, in_place=True)
    notes += tuple(f"{name}: {what}" for what in (exif_problem, color_problem) if what)
    return _photo(rgb, alpha, exif, notes)


def from_pil(image: Image.Image) -> Photo:
    """What `load_photo` makes of a file, from a picture that Pillow has opened or made.

    Its EXIF orientation, its profile (`image.info["icc_profile"]`), its transparency and deep
    levels count. `image` keeps its pixels; the result may share them.

    Raises:
        UserError: its file is damaged or of a kind that Pillow decodes wrongly, or its mode cannot
            be converted.
    """
    with picture_errors("the picture given"):
        if isinstance(image, TiffImageFile) and tiff_kinds.misread(image.tag_v2):
            kind = tiff_kinds.kind_of(image.tag_v2)
            raise UserError(f"image: a TIFF that Pillow decodes wrongly ({kind}); save it as PNG")
        image.load()
        profile = image.info.get("icc_profile")
        upright, exif, exif_problem = take_exif(image)
        colors, alpha = split_alpha(upright)
        rgb, color_problem = to_srgb(colors, profile, in_place=False)
    notes = tuple(f"image: {what}" for what in (exif_problem, color_problem) if what)
    return _photo(rgb, alpha, exif, notes)


def load_image(
    source: Source, min_side: int | None = None, show: Callable[[str], object] = lambda note: None
) -> Image.Image:
    """The picture of `load_photo` as networks want it: RGB alone, transparent parts on white.

    Args:
        show: called with each of the photo's notes, which are lines for the user.

    Raises:
        UserError: as `load_photo`.
    """
    photo = load_photo(source, min_side)
    for note in photo.notes:
        show(note)
    if photo.alpha is None:
        return photo.image
    on_white = Image.new("RGB", photo.image.size, "white")
    on_white.paste(photo.image, mask=photo.alpha)
    return on_white


def _photo(
    rgb: Image.Image, alpha: Image.Image | None, exif: bytes | None, notes: tuple[str, ...]
) -> Photo:
    if alpha:
        hide_under_white(rgb, alpha)
    return Photo(_plain(rgb), alpha, exif, notes)


def _plain(rgb: Image.Image) -> Image.Image:
    """A picture of the plain class with an empty `info`, from which Pillow's writers would take
    metadata that they were not given."""
    share_pixels = getattr(rgb, "_new", None)  # private: the public ways copy the pixels
    if share_pixels is not None:
        plain = share_pixels(rgb.im)
    else:
        plain = Image.frombytes("RGB", rgb.size, rgb.tobytes())
    plain.info = {}
    return plain


def _frame_note(image: Image.Image, name: str) -> tuple[str, ...]:
    """What to print for an open picture that is not the only one in its file."""
    if image.format in ANIMATED_FORMATS and getattr(image, "is_animated", False):
        return (f"{name}: animated, only its first frame is used",)
    if image.format == "TIFF" and (pages := getattr(image, "n_frames", 1)) > 1:
        return (f"{name}: {pages} pages, only the first is used",)
    return ()


def _short_side_to(size: tuple[int, int], side: int) -> tuple[int, int]:
    scale = side / min(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
