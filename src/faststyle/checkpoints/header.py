"""The metadata of a style checkpoint, read from the header of its file without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from faststyle.checkpoints.metadata import check_metadata, is_object
from faststyle.errors import UserError, one_line
from faststyle.files.pickles import UnsafeFile
from faststyle.files.safetensors_header import safetensors_metadata

FORMAT = 2  # 1 had no weights of the photo end
METADATA_KEY = "faststyle"


def style_metadata(path: Path) -> dict[str, Any]:
    """The metadata of a style checkpoint, with every value checked.

    Raises:
        UnsafeFile: the file is damaged or hostile.
        UserError: it is not a style checkpoint, or has a newer format.
    """
    text = safetensors_metadata(path).get(METADATA_KEY)
    if text is None:
        raise UserError(f"{path}: not a style checkpoint: no {METADATA_KEY!r} metadata")
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnsafeFile(f"its metadata is not JSON ({one_line(str(error))[:200]})") from error
    return check_format(path, metadata)


def check_format(path: Path, metadata: Any) -> dict[str, Any]:
    """Return `metadata` if its format is known and every value passes `check_metadata`.

    Raises:
        UnsafeFile: it does not.
        UserError: the format is newer than FORMAT.
    """
    version = metadata.get("format") if is_object(metadata) else None
    if isinstance(version, int) and version > FORMAT:
        raise UserError(
            f"{path}: style checkpoint of format {version}, this faststyle reads format {FORMAT}; "
            "install a newer faststyle"
        )
    try:
        checked = check_metadata(metadata)
    except UserError as error:
        raise UnsafeFile(str(error)) from error
    if type(version) is not int or version < 1:
        raise UnsafeFile("its metadata has no format number")
    return checked
