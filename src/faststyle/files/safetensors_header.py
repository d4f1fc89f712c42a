"""The texts in the header of a .safetensors file, read without torch."""

from __future__ import annotations

from pathlib import Path

from safetensors import safe_open

from faststyle.errors import one_line
from faststyle.files.pickles import UnsafeFile

MAX_HEADER = 1 << 20  # bytes; a style checkpoint's takes about 7,000, VGG-19's 5,000


def safetensors_metadata(path: Path) -> dict[str, str]:
    """The texts in the header; no tensor is read.

    Raises:
        UnsafeFile: no such file format, damaged, or a header beyond all measure.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
        if length > MAX_HEADER:
            raise UnsafeFile(f"its header claims {length} bytes, more than {MAX_HEADER}")
        with safe_open(path, framework="np") as file:  # "pt" would import torch
            return file.metadata() or {}
    except UnsafeFile:
        raise
    except Exception as error:  # safetensors' own, and what a damaged header leads to
        raise UnsafeFile(library_message(error)) from error


def library_message(error: Exception) -> str:
    """What the library says, which may quote the file: made printable, and not at length."""
    return one_line(str(error))[:200] or type(error).__name__
