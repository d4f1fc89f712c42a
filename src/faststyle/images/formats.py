"""Which files are pictures, and how each format is written."""

from __future__ import annotations

from pathlib import Path

from faststyle.errors import UserError

READABLE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm")


SAVE_OPTIONS = {
    ".jpg": {"format": "JPEG", "quality": 95, "subsampling": "4:4:4"},
    ".jpeg": {"format": "JPEG", "quality": 95, "subsampling": "4:4:4"},
    ".png": {"format": "PNG"},
    ".webp": {"format": "WEBP", "quality": 95},
    ".tif": {"format": "TIFF", "compression": "tiff_lzw"},
    ".tiff": {"format": "TIFF", "compression": "tiff_lzw"},
}


def check_output_suffix(path: Path) -> None:
    if path.suffix.lower() not in SAVE_OPTIONS:
        raise UserError(
            f"cannot write {path}: pictures are written as {', '.join(SAVE_OPTIONS)}, "
            f"not {path.suffix or 'without a suffix'}"
        )


def list_pictures(folder: Path) -> list[Path]:
    """The picture files in a folder, not in its subfolders, by name.

    Raises:
        UserError: there are none.
    """
    found = [file for file in sorted(folder.iterdir()) if file.suffix.lower() in READABLE_SUFFIXES]
    if not found:
        raise UserError(f"no pictures in {folder}: they end in {', '.join(READABLE_SUFFIXES)}")
    return found


# Of the last ones some need a package more, which reading them says.
PHOTO_SUFFIXES = (*READABLE_SUFFIXES, ".avif", ".heic", ".heif")
