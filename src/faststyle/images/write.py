"""Writes picture files."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from faststyle.errors import UserError
from faststyle.files.atomic import atomic_write
from faststyle.images.exif import tiff_tags
from faststyle.images.formats import SAVE_OPTIONS, check_output_suffix
from faststyle.images.srgb import srgb_profile


def save_image(image: Image.Image, path: Path, *, replace: bool = True, **extras: Any) -> None:
    """Write a picture in the format of the suffix, atomically.

    `extras` are further options of Pillow's writers that all formats know.

    Raises:
        NameTaken: `replace` is false, and something of that name exists.
        UserError: the suffix is not in SAVE_OPTIONS, or the file cannot be written.
    """
    check_output_suffix(path)
    with atomic_write(path, replace=replace) as partial, partial.open("wb") as file:
        image.save(file, **SAVE_OPTIONS[path.suffix.lower()], **extras)


LONGEST_SIDE = {"JPEG": 65500, "WEBP": 16383}  # of Pillow's encoders; the others know no limit


def check_format(path: Path, size: tuple[int, int]) -> str:
    """The format that the suffix of `path` asks for, as Pillow calls it.

    Raises:
        UserError: no format, or one that holds no picture of this width and height.
    """
    check_output_suffix(path)
    kind = SAVE_OPTIONS[path.suffix.lower()]["format"]
    if max(size) > LONGEST_SIDE.get(kind, max(size)):
        raise UserError(
            f"cannot write {path}: the picture is {size[0]} x {size[1]} and {kind} holds "
            f"at most {LONGEST_SIDE[kind]} pixels a side; write .png or .tif"
        )
    return kind


def save_photo(
    image: Image.Image,
    path: Path,
    *,
    alpha: Image.Image | None = None,
    exif: bytes | None = None,
    replace: bool = True,
) -> None:
    """Write an RGB picture by suffix, tagged as sRGB; the same input gives the same bytes.

    `alpha` (mode "L", same size) goes into PNG, WebP and TIFF; JPEG has none: there the picture
    is put on white.

    Raises:
        NameTaken: `replace` is false, and there is something of that name.
        UserError: the suffix is not in SAVE_OPTIONS, the format cannot hold a picture that large,
            or the file cannot be written; what stood at `path` before is still there.
    """
    kind = check_format(path, image.size)
    save_image(_joined(image, alpha, kind), path, replace=replace, **_extras(exif, kind))


def photo_bytes(
    image: Image.Image, suffix: str, *, alpha: Image.Image | None = None, exif: bytes | None = None
) -> bytes:
    """What `save_photo` writes into a file whose name ends in `suffix`, such as ".png".

    Raises:
        UserError: as `save_photo`, of a file named "picture".
    """
    kind = check_format(Path(f"picture{suffix}"), image.size)
    file = BytesIO()
    options = {**SAVE_OPTIONS[suffix.lower()], **_extras(exif, kind)}
    _joined(image, alpha, kind).save(file, **options)
    return file.getvalue()


def _joined(image: Image.Image, alpha: Image.Image | None, kind: str) -> Image.Image:
    """Colors and transparency in one picture; JPEG has no transparency, and gets it on white."""
    if alpha is None:
        return image
    if kind == "JPEG":
        picture = Image.new("RGB", image.size, "white")
        picture.paste(image, mask=alpha)
    else:
        picture = image.copy()
        picture.putalpha(alpha)
    return picture


def _extras(exif: bytes | None, kind: str) -> dict[str, Any]:
    """Options of Pillow's writers for metadata."""
    extras: dict[str, Any] = {"exif": exif} if exif else {}
    if kind == "TIFF":
        extras = {"tiffinfo": tiff_tags(exif)}
    return {"icc_profile": srgb_profile(), **extras}
