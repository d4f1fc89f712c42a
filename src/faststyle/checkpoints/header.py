"""What a .safetensors file says of itself, read from its header alone and without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import safe_open

from faststyle.checkpoints.metadata import check_metadata
from faststyle.errors import UserError, one_line
from faststyle.files.pickles import Refused

FORMAT = 2  # 1 had no photo end
METADATA_KEY = "faststyle"
MAX_HEADER = 1 << 20  # bytes; a style checkpoint's takes about 7,000, VGG-19's 5,000


def style_metadata(path: Path) -> dict[str, Any]:
    """The metadata of a style checkpoint, every value known to be harmless.

    Raises:
        Refused: damaged.
        UserError: not a style checkpoint, or of a newer format.
    """
    text = safetensors_metadata(path).get(METADATA_KEY)
    if text is None:
        raise UserError(f"{path}: not a style checkpoint: no {METADATA_KEY!r} metadata")
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(f"its metadata is no JSON ({one_line(str(error))[:200]})") from error
    return understood(path, metadata)


def safetensors_metadata(path: Path) -> dict[str, str]:
    """The texts in the header; no tensor is read.

    Raises:
        Refused: no such file format, damaged, or a header beyond all measure.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
        if length > MAX_HEADER:
            raise Refused(f"its header claims {length} bytes, more than {MAX_HEADER}")
        with safe_open(path, framework="np") as file:  # "pt" would import torch
            return file.metadata() or {}
    except Refused:
        raise
    except Exception as error:  # safetensors' own, and what a damaged header leads to
        raise Refused(reason(error)) from error


def understood(path: Path, metadata: Any) -> dict[str, Any]:
    """`metadata`, once its format and every value is one that we know how to read."""
    version = metadata.get("format") if isinstance(metadata, dict) else None
    if isinstance(version, int) and version > FORMAT:
        raise UserError(
            f"{path}: style checkpoint of format {version}, this faststyle reads format {FORMAT}; "
            "install a newer faststyle"
        )
    try:
        check_metadata(metadata)
    except UserError as error:
        raise Refused(str(error)) from error
    if type(version) is not int or version < 1:
        raise Refused("its metadata has no format number")
    return metadata


def reason(error: Exception) -> str:
    """What the library says, which may quote the file: made printable, and not at length."""
    return one_line(str(error))[:200] or type(error).__name__
