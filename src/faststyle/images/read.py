"""Photos as people have them: read whole, upright and in sRGB; written with what belongs to them.

Training reads through `images.load_image`, which wants RGB and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from faststyle.errors import UserError
from faststyle.images.exif import srgb_profile, take_exif, tiff_tags
from faststyle.images.opening import open_photo, picture_errors
from faststyle.images.srgb import hide_under_white, split_alpha, to_srgb
from faststyle.images.tensors import SAVE_OPTIONS, check_output_suffix, save_image

ANIMATED_FORMATS = ("AVIF", "GIF", "PNG", "WEBP")
LONGEST_SIDE = {"JPEG": 65500, "WEBP": 16383}  # of Pillow's encoders; the others know no limit


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
        colours, alpha = split_alpha(image)
        del image  # 400 MB at 100 megapixels
        rgb, colour_problem = to_srgb(colours, profile)
    notes += tuple(f"{path.name}: {what}" for what in (exif_problem, colour_problem) if what)
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


def save_photo(
    image: Image.Image,
    path: Path,
    *,
    alpha: Image.Image | None = None,
    exif: bytes | None = None,
) -> None:
    """Write an RGB picture by suffix, tagged as sRGB; the same input gives the same bytes.

    `alpha` (mode "L", same size) goes into PNG, WebP and TIFF; JPEG has none: there the picture
    is put on white.

    Raises:
        UserError: the suffix is not in SAVE_OPTIONS, the format cannot hold a picture that large,
            or the file cannot be written; what stood at `path` before is still there.
    """
    check_output_suffix(path)
    kind = SAVE_OPTIONS[path.suffix.lower()]["format"]
    if max(image.size) > LONGEST_SIDE.get(kind, max(image.size)):
        raise UserError(
            f"cannot write {path}: the picture is {image.width} x {image.height} and {kind} holds "
            f"at most {LONGEST_SIDE[kind]} pixels a side; write .png or .tif"
        )
    if alpha and kind == "JPEG":
        picture = Image.new("RGB", image.size, "white")
        picture.paste(image, mask=alpha)
    elif alpha:
        picture = image.copy()
        picture.putalpha(alpha)
    else:
        picture = image
    extras: dict[str, Any] = {"exif": exif} if exif else {}
    if kind == "TIFF":
        extras = {"tiffinfo": tiff_tags(exif)}
    save_image(picture, path, icc_profile=srgb_profile(), **extras)
