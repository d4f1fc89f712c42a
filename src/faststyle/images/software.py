"""Read which program made a picture file."""

from __future__ import annotations

from pathlib import Path

from PIL.ExifTags import Base

from faststyle.errors import UserError
from faststyle.images.opening import open_photo


def software_of(path: Path) -> str | None:
    """The EXIF tag Software; None if it is not there, or the file is not a readable picture."""
    try:
        with open_photo(path) as image:
            found = image.getexif().get(Base.Software)
    except UserError:
        return None
    return found if isinstance(found, str) else None
