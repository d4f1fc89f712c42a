"""What a painted photo keeps of what its file said: when, by whom, whose. Never where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from PIL import Image, ImageOps
from PIL.ExifTags import IFD, Base

KEPT = (Base.DateTime, Base.Artist, Base.Copyright)
# In the Exif directory of their own.
KEPT_DATES = (
    *(Base.DateTimeOriginal, Base.DateTimeDigitized),
    *(Base.OffsetTime, Base.OffsetTimeOriginal, Base.OffsetTimeDigitized),
    *(Base.SubsecTime, Base.SubsecTimeOriginal, Base.SubsecTimeDigitized),
)


PREDICTOR = 317  # of TIFF
BROKEN = "its EXIF data is broken and left out"


def take_exif(image: Image.Image) -> tuple[Image.Image, bytes | None, str | None]:
    """Turn a decoded, still open picture upright.

    Returns:
        The picture, which is `image` itself if it is upright already; EXIF for the output or
        None; and what is wrong with the picture's own EXIF, if anything.
    """
    exif = problem = None
    # Damaged metadata raises nearly anything, and is no reason to refuse a sound picture.
    try:
        exif = _carried_exif(image)
    except Exception:
        problem = BROKEN
    try:
        if image.getexif().get(Base.Orientation, 1) != 1:
            image = ImageOps.exif_transpose(image)
    except MemoryError:
        raise
    except Exception:
        problem = BROKEN
    return image, exif, problem


def _carried_exif(image: Image.Image) -> bytes | None:
    """EXIF with the dates, artist and copyright of a picture, and nothing else.

    Left out are the place (GPS), the orientation, as pixels are turned upright, the thumbnail,
    which shows the photo unpainted, and all that is about the camera.
    """
    given, kept = image.getexif(), Image.Exif()
    kept.update(texts(given, KEPT))
    if dates := {**texts(given, KEPT_DATES), **texts(given.get_ifd(IFD.Exif), KEPT_DATES)}:
        kept[IFD.Exif] = dates
    return kept.tobytes() if len(kept) else None


def tiff_tags(exif: bytes | None) -> Image.Exif:
    """What `take_exif` gives, with the dates in the main directory, as TIFF/EP has them.

    Pillow cannot write a compressed TIFF with a directory of its own for them. And the tag that
    makes LZW work on differences between neighbours: a third of the size, in half the time.
    """
    given, tags = Image.Exif(), Image.Exif()
    if exif:
        given.load(exif)
    tags.update(texts(given, KEPT))
    tags.update(texts(given.get_ifd(IFD.Exif), KEPT_DATES))
    if software := given.get(Base.Software):
        tags[Base.Software] = software
    tags[PREDICTOR] = 2
    return tags


def with_software(exif: bytes | None, software: str) -> bytes:
    """EXIF as `take_exif` gives it, with the tag Software added; `software` is ASCII."""
    given, signed = Image.Exif(), Image.Exif()
    if exif:
        given.load(exif)
    signed.update(texts(given, KEPT))
    signed[Base.Software] = software
    if dates := texts(given.get_ifd(IFD.Exif), KEPT_DATES):
        signed[IFD.Exif] = dates
    return signed.tobytes()


def texts(directory: Mapping[int, Any], tags: Iterable[Base]) -> dict[int, str | bytes]:
    """Those that are there; bytes where Pillow, which reads Latin-1 and writes ASCII, would
    spoil the UTF-8 that people have in their names."""
    texts = {int(tag): directory.get(tag) for tag in tags}
    return {
        tag: text.rstrip("\0") if text.isascii() else text.rstrip("\0").encode("latin-1", "replace")
        for tag, text in texts.items()
        if isinstance(text, str) and text.strip("\0 ")
    }
