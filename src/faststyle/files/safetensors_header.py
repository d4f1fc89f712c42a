"""The metadata of a .safetensors file, read from its header without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from safetensors import safe_open

from faststyle.errors import one_line
from faststyle.files.pickles import UnsafeFile

MAX_HEADER = 1 << 20  # bytes; a style checkpoint has about 7,000, VGG-19 5,000


def safetensors_metadata(path: Path) -> dict[str, str]:
    """The metadata of the file: strings by key. Reads no tensor.

    Raises:
        UnsafeFile: not a .safetensors file, damaged, or its header is larger than MAX_HEADER.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
        if length > MAX_HEADER:
            raise UnsafeFile(f"its header claims {length} bytes, more than {MAX_HEADER}")
        # "pt" would import torch; the library has no types.
        with cast(Any, safe_open(path, framework="np")) as contents:
            return contents.metadata() or {}
    except UnsafeFile:
        raise
    except Exception as error:  # safetensors' own errors, and any that a damaged header causes
        raise UnsafeFile(library_message(error)) from error


def library_message(error: Exception) -> str:
    """The message of a library, which may quote the file: printable and at most 200 characters."""
    return one_line(str(error))[:200] or type(error).__name__
