"""Opens picture files of any kind and size; what cannot be opened is refused in one line."""

from __future__ import annotations

import importlib
import stat
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, UnidentifiedImageError, features

from faststyle.errors import UserError

PIXEL_LIMIT = 512 * 2**20  # 23170 x 23170; what claims to be larger is taken for a trap

AVIF_BRANDS = {b"avif", b"avis"}
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
# How pictures that Pillow fails to identify when they are cut short begin.
PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"II*\0", b"MM\0*")
# Pillow opens some of these as TIFF and shows the thumbnail inside.
RAW_SUFFIXES = (".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2")


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
    """While anyone is inside, Pillow's own size limit is off; the last to leave restores it.

    Pillow has one global limit, and warns at half of it: at 89 megapixels, a scan or a panorama.
    Counting makes it safe for threads that read at the same time, and they still decode in
    parallel. (Another user of Pillow in this process goes unchecked meanwhile.)
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
def open_photo(path: Path) -> Iterator[Image.Image]:
    """The picture with its header read and its size checked, nothing decoded yet.

    Raises:
        UserError: no regular file, no picture, more than PIXEL_LIMIT pixels, or whatever
            Pillow finds wrong while the picture is open.
    """
    with picture_errors(path):
        start = _start_of(path)
        _check_kind(path, start)
        with _lifted_pillow_limit, _identify(path, start) as image:
            if image.width * image.height > PIXEL_LIMIT:
                raise UserError(
                    f"cannot read picture {path}: it claims {image.width} x {image.height} pixels, "
                    f"more than the {PIXEL_LIMIT / 1e6:.0f} million allowed; scale it down"
                )
            yield image


def _start_of(path: Path) -> bytes:
    """The first bytes of a regular file; pipes and devices are never opened: that may block."""
    if path.is_symlink() and not path.exists():
        raise UserError(f"no such picture: {path} is a link to nothing")
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise UserError(f"not a picture but a folder: {path}")
    if not stat.S_ISREG(mode):
        raise UserError(f"not a picture file but a pipe, socket or device: {path}")
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        raise UserError(f"not a picture: {path} is empty (0 bytes)")
    return start


def _check_kind(path: Path, start: bytes) -> None:
    if path.suffix.lower() in RAW_SUFFIXES:
        raise UserError(f"cannot read camera raw file {path}: export it as JPEG or TIFF first")
    if start[4:8] != b"ftyp":
        return
    # ISO base media: the box's length, "ftyp", main brand, version, compatible brands.
    end = min(int.from_bytes(start[:4], "big"), len(start))
    brands = {start[8:12], *(start[at : at + 4] for at in range(16, end, 4))}
    if brands & AVIF_BRANDS:
        if not features.check("avif"):
            raise UserError(f"cannot read AVIF {path}: first run pip install --upgrade pillow")
    elif brands & HEIC_BRANDS:
        try:
            importlib.import_module("pillow_heif").register_heif_opener()
        except ImportError:
            raise UserError(f"cannot read HEIC {path}: first run pip install pillow-heif") from None


def _identify(path: Path, start: bytes) -> Image.Image:
    try:
        return Image.open(path)
    except UnidentifiedImageError:
        if start.startswith(PICTURE_STARTS) or start[4:8] == b"ftyp":
            raise UserError(f"cannot read picture {path}: it is truncated or damaged") from None
        raise
