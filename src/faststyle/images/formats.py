"""Which files are pictures, and how each format is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from faststyle.errors import UserError

# AVIF, HEIC and JPEG XL may need another package: reading one without it names the package.
PICTURE_SUFFIXES = (
    *(".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm"),
    *(".jp2", ".avif", ".heic", ".heif", ".jxl"),
)

# What operating systems, network drives and archives leave between pictures. Names that begin
# with a dot are left out too: .DS_Store, ._IMG_1.jpg, .IMG_1.jpg.icloud, .Trashes.
CLUTTER = {
    *("__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found"),
    *("thumbs.db", "ehthumbs.db", "desktop.ini"),
}

SAVE_OPTIONS = {
    ".jpg": {"format": "JPEG", "quality": 95, "subsampling": "4:4:4"},
    ".jpeg": {"format": "JPEG", "quality": 95, "subsampling": "4:4:4"},
    ".png": {"format": "PNG"},
    ".webp": {"format": "WEBP", "quality": 95},
    ".tif": {"format": "TIFF", "compression": "tiff_lzw"},
    ".tiff": {"format": "TIFF", "compression": "tiff_lzw"},
}


def check_output_suffix(path: Path) -> None:
    """Check that a picture can be written under this name.

    Raises:
        UserError: its suffix is not in SAVE_OPTIONS.
    """
    if path.suffix.lower() not in SAVE_OPTIONS:
        raise UserError(
            f"cannot write {path}: pictures are written as {', '.join(SAVE_OPTIONS)}, "
            f"not {path.suffix or 'without a suffix'}"
        )


@dataclass(frozen=True)
class FoundPictures:
    """The pictures in a folder, and what else is there.

    Attributes:
        paths: files with the ending of a picture, sorted; links that lead nowhere are among them.
        other_files: how many files were left out for their ending.
        empty_files: pictures of 0 bytes: placeholders of sync programs, interrupted copies.
        closed_folders: how many subfolders could not be listed.
    """

    paths: list[Path]
    other_files: int = 0
    empty_files: int = 0
    closed_folders: int = 0

    def left_out(self) -> str:
        """What was passed over, such as "3 files left out for their ending"; may be empty."""
        parts = (
            (self.other_files, "{} left out for their ending", "file"),
            (self.empty_files, "{} of 0 bytes", "picture"),
            (self.closed_folders, "{} that cannot be listed", "folder"),
        )
        return ", ".join(
            text.format(f"{count} {noun}{'s' if count > 1 else ''}")
            for count, text, noun in parts
            if count
        )


def find_pictures(
    folder: Path, recursive: bool, suffixes: Collection[str] = PICTURE_SUFFIXES
) -> FoundPictures:
    """The pictures in a folder, and with `recursive` in its subfolders; clutter is passed over.

    With other `suffixes` it finds other files in the same way.

    Links to folders are not followed. An entry that cannot be looked at counts as a picture if
    its name has the ending of one, so that reading it says what is wrong.

    Raises:
        UserError: the folder itself cannot be listed.
    """
    closed: list[OSError] = []
    paths, others, empty = [], 0, 0
    for path in visible_files(folder, recursive, closed.append):
        if path.suffix.lower() not in suffixes:
            others += 1
        elif _is_empty(path):
            empty += 1
        else:
            paths.append(path)
    return FoundPictures(sorted(paths), others, empty, len(closed))


def visible_files(
    folder: Path, recursive: bool, on_closed: Callable[[OSError], object] = lambda error: None
) -> Iterator[Path]:
    """Everything in a folder but subfolders and clutter, in no order.

    `on_closed` gets the error of each subfolder that cannot be listed.

    Raises:
        UserError: the folder itself cannot be listed.
    """

    def cannot_list(error: OSError) -> None:
        if error.filename is not None and Path(error.filename) == folder:
            raise UserError(f"cannot list {folder}: {error.strerror}") from error
        on_closed(error)

    for parent, subfolders, files in os.walk(folder, onerror=cannot_list):
        subfolders[:] = [name for name in subfolders if recursive and not _is_clutter(name)]
        yield from (Path(parent, name) for name in files if not _is_clutter(name))


def _is_clutter(name: str) -> bool:
    return name.startswith(".") or name.lower() in CLUTTER


def _is_empty(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size == 0
    except OSError:
        return False


def list_pictures(folder: Path) -> list[Path]:
    """The picture files in a folder, not in its subfolders, by name.

    Raises:
        UserError: there are none.
    """
    found = find_pictures(folder, recursive=False)
    if not found.paths:
        rest = found.left_out()
        raise UserError(
            f"no pictures in {folder}: they end in {', '.join(PICTURE_SUFFIXES)}"
            + (f"; found {rest}" if rest else "")
        )
    return found.paths
