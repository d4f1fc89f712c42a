"""A line of text in a clip that shows how it was made."""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path

from PIL import Image
from PIL.ExifTags import Base

from faststyle.video.formats import CONTAINERS
from faststyle.video.library import is_installed, pyav

EXIF_FLAG = 0x08  # of the chunk VP8X
LONGEST_COMMENT = 260  # bytes, with what is around it


def comment_of(path: Path) -> str | None:
    """The comment in a clip's metadata; None if there is none, or the file is not a clip."""
    if path.suffix.lower() == ".gif":
        return _gif_comment(path)
    if path.suffix.lower() not in CONTAINERS or not is_installed() or not os.path.isfile(path):
        return None
    av = pyav()
    try:
        with av.open(os.fspath(path), metadata_errors="replace") as container:
            found = {key.lower(): value for key, value in container.metadata.items()}
    except av.error.FFmpegError:
        return None
    return found.get("comment")


def sign_animation(file: Path, container: str, comment: str) -> None:
    """Add the comment to a finished GIF or WebP, whose writers in FFmpeg cannot."""
    if container == "gif":
        _sign_gif(file, comment.encode())
    elif container == "webp":
        exif = Image.Exif()
        exif[Base.Software] = comment
        _sign_webp(file, exif.tobytes())


def _sign_gif(file: Path, comment: bytes) -> None:
    """GIF89a, section 24: a comment extension, before the trailer."""
    with file.open("r+b") as gif:
        gif.seek(-1, os.SEEK_END)
        if gif.read(1) != b";":
            raise ValueError(f"{file} does not end as a GIF does")
        gif.seek(-1, os.SEEK_END)
        gif.write(b"!\xfe" + bytes([len(comment)]) + comment + b"\0;")


def _sign_webp(file: Path, exif: bytes) -> None:
    """WebP container specification: the chunk EXIF last, its flag in VP8X, the size in RIFF."""
    with file.open("r+b") as webp:
        head = bytearray(webp.read(30))
        if head[12:16] != b"VP8X":  # a single frame is written as a plain picture
            return
        head[20] |= EXIF_FLAG
        webp.seek(0, os.SEEK_END)
        webp.write(b"EXIF" + struct.pack("<I", len(exif)) + exif + b"\0" * (len(exif) % 2))
        head[4:8] = struct.pack("<I", webp.tell() - 8)
        webp.seek(0)
        webp.write(head)


def _gif_comment(path: Path) -> str | None:
    """The comment that `_sign_gif` wrote; Pillow shows none that stands after the last frame."""
    try:
        with path.open("rb") as gif:
            head = gif.read(3)
            gif.seek(-min(os.path.getsize(path), LONGEST_COMMENT), os.SEEK_END)
            found = re.search(rb"!\xfe(.)([\x20-\x7e]+)\0;$", gif.read(), re.DOTALL)
    except OSError:
        return None
    if head != b"GIF" or found is None or found[1][0] != len(found[2]):
        return None
    return found[2].decode("ascii")
