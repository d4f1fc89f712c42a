"""Opens picture files of any kind and size; what cannot be opened is refused in one line."""

from __future__ import annotations

import importlib
import os
import stat
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import IO

from PIL import Image, UnidentifiedImageError, features
from PIL.ExifTags import Base
from PIL.TiffImagePlugin import TiffImageFile

from faststyle.errors import UserError
from faststyle.images import tiff, tiff_kinds

Source = str | os.PathLike[str] | IO[bytes]  # a path, or a binary file that can seek

PIXEL_LIMIT = 512 * 2**20  # 23170 x 23170; a larger claim is taken for a decompression bomb

AVIF_BRANDS = {b"avif", b"avis"}
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
JPEG_XL_STARTS = (b"\xff\x0a", b"\0\0\0\x0cJXL ")
# How pictures that Pillow fails to identify when they are cut short begin.
PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF")
# Pictures, and what is taken for one, that neither Pillow nor a package beside it reads.
FOREIGN = {
    **{b"v/1\x01": "OpenEXR", b"#?RADIANCE": "Radiance", b"PF\n": "color PFM", b"%PDF": "PDF"},
    **{b"%!PS": "PostScript", b"\xc5\xd0\xd3\xc6": "PostScript"},
    **{b"<svg": "SVG", b"<?xml": "XML"},
}
APPLE_DOUBLE = b"\0\x05\x16\x07"
RAW = "cannot read camera raw file {name}: export it as JPEG or TIFF first"
# Pillow opens some of these as TIFF and shows the thumbnail inside.
RAW_SUFFIXES = (".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2")


class TooManyPixels(UserError):
    """A picture claims more pixels than are allowed."""


def picture_name(source: object) -> str:
    """A path, the path of an open file, or "picture" for bytes in memory."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "picture"


@contextmanager
def picture_errors(name: object) -> Iterator[None]:
    """Turn what Pillow raises for missing and damaged files into a UserError of one line."""
    try:
        yield
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"no such picture: {name}") from None
    except UnidentifiedImageError:
        raise UserError(f"not a picture: {name}") from None
    except MemoryError:
        raise UserError(f"cannot read picture {name}: not enough memory") from None
    except Image.DecompressionBombError as error:
        raise UserError(f"cannot read picture {name}: {error}") from error
    # All these come out of Pillow's decoders for damaged files.
    except (
        *(OSError, ValueError, SyntaxError, EOFError, RuntimeError),
        *(TypeError, LookupError, ArithmeticError, AttributeError, struct.error),
    ) as error:
        raise UserError(f"cannot read picture {name}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    message = " ".join(str(error).split())
    if "truncated" in message.lower():
        return f"it is truncated, its end is missing ({message})"
    return f"it is truncated, damaged or of a kind not supported ({message})"


class _LiftedPillowLimit:
    """A context in which Pillow's own size limit is off; the last one to leave restores it.

    Pillow has one global limit and warns at half of it: at 89 megapixels, a scan or a panorama.
    Counting those inside lets threads decode in parallel. (Other code that uses Pillow in this
    process goes unchecked meanwhile.)
    """

    def __init__(self) -> None:
        self._lock, self._inside, self._limit = threading.Lock(), 0, Image.MAX_IMAGE_PIXELS

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                Image.MAX_IMAGE_PIXELS = self._limit


_lifted_pillow_limit = _LiftedPillowLimit()


@contextmanager
def open_photo(source: Source, pixel_limit: int | None = None) -> Iterator[Image.Image]:
    """Open a picture: its header is read and its size checked, nothing is decoded yet.

    Raises:
        TooManyPixels: more than `pixel_limit`; None stands for PIXEL_LIMIT.
        UserError: not a regular file, not a picture, or whatever Pillow finds wrong while the
            picture is open.
    """
    name = picture_name(source)
    limit = PIXEL_LIMIT if pixel_limit is None else pixel_limit
    with picture_errors(name):
        start = _start_of(source)
        if not start:
            raise UserError(f"not a picture: {name} is empty (0 bytes)")
        _check_kind(name, start)
        with _lifted_pillow_limit, _identify(source, name, start, limit) as image:
            _check_size(name, *image.size, limit)
            yield image


def _check_size(name: str, width: int, height: int, limit: int) -> None:
    if width * height > limit:
        raise TooManyPixels(
            f"cannot read picture {name}: it claims {width} x {height} pixels, more than the "
            f"{limit / 1e6:.3g} million allowed; scale it down"
        )


def _start_of(source: Source) -> bytes:
    """The first bytes of an open file, or of a path if it is a regular file."""
    if isinstance(source, str | os.PathLike):
        _check_regular(source)
        with open(source, "rb") as file:
            return file.read(64)
    source.seek(0)
    return source.read(64)


def _check_regular(path: str | os.PathLike[str]) -> None:
    """Pipes and devices are never opened: that may block."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        if os.path.islink(path):
            raise UserError(f"no such picture: {path} is a link to nothing") from None
        raise
    if stat.S_ISDIR(mode):
        raise UserError(f"not a picture but a folder: {path}")
    if not stat.S_ISREG(mode):
        raise UserError(f"not a picture file but a pipe, socket or device: {path}")


def _check_kind(name: str, start: bytes) -> None:
    if name.lower().endswith(RAW_SUFFIXES):
        raise UserError(RAW.format(name=name))
    if start.startswith(APPLE_DOUBLE):
        raise UserError(f"not a picture but what a Mac keeps beside one: {name}; leave it out")
    for beginning, kind in FOREIGN.items():
        if start.startswith(beginning):
            raise UserError(f"cannot read {kind} file {name}: export it as PNG or TIFF first")
    if start.startswith(JPEG_XL_STARTS):
        try:
            importlib.import_module("pillow_jxl")
        except ImportError:
            raise UserError(
                f"cannot read JPEG XL {name}: first run pip install pillow-jxl-plugin"
            ) from None
    if start[4:8] != b"ftyp":
        return
    # ISO base media: the box's length, "ftyp", main brand, version, compatible brands.
    end = min(int.from_bytes(start[:4], "big"), len(start))
    brands = {start[8:12], *(start[at : at + 4] for at in range(16, end, 4))}
    if brands & AVIF_BRANDS:
        if not features.check("avif"):
            raise UserError(f"cannot read AVIF {name}: first run pip install --upgrade pillow")
    elif brands & HEIC_BRANDS:
        try:
            importlib.import_module("pillow_heif").register_heif_opener()
        except ImportError:
            raise UserError(f"cannot read HEIC {name}: first run pip install pillow-heif") from None


def _identify(source: Source, name: str, start: bytes, limit: int) -> Image.Image:
    try:
        image = Image.open(source)
    except UnidentifiedImageError:
        if not start.startswith(tiff_kinds.STARTS):
            if start.startswith(PICTURE_STARTS) or start[4:8] == b"ftyp":
                raise UserError(f"cannot read picture {name}: it is truncated or damaged") from None
            raise
        image = None
    if image is None:
        return _read_rare_tiff(source, name, limit)
    if isinstance(image, TiffImageFile) and tiff_kinds.misread(image.tag_v2):
        if isinstance(source, str | os.PathLike):
            image.close()
        return _read_rare_tiff(source, name, limit)
    return image


def _read_rare_tiff(source: Source, name: str, limit: int) -> Image.Image:
    is_path = isinstance(source, str | os.PathLike)
    with open(source, "rb") if is_path else nullcontext(source) as file:
        tags = tiff_kinds.read_tags(file)
        if tags is None:
            raise UserError(f"cannot read picture {name}: it is truncated or damaged")
        if tiff_kinds.DNG_VERSION in tags:
            raise UserError(RAW.format(name=name))
        _check_size(name, tags[Base.ImageWidth], tags[Base.ImageLength], limit)
        return tiff.decode(file, name, tags)
