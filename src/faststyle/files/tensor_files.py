"""Safe reading of tensor files from anywhere: no code runs, and a small file takes little memory.

`torch.load` with `weights_only` runs no code. But it inflates compressed entries, allocates what a
header claims, and calls a few constructors (bytes, sets) with any argument. So each file is
inspected first, and refused if it holds more than tensors, numbers, strings, dicts and lists.
"""

from __future__ import annotations

import re
import tarfile
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import safe_open
from torch import Tensor

from faststyle.errors import UserError
from faststyle.files.pickles import UnsafeFile, check_globals, claimed_elements, opcodes_of
from faststyle.files.safetensors_header import library_message, safetensors_metadata

LEGACY_PICKLES = 5  # of torch before 1.6: magic number, version, system, contents, storage keys
FLOATS = (torch.float16, torch.bfloat16, torch.float32)


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file by name; they take as much memory as the file.

    Raises:
        UnsafeFile: as in `safetensors_metadata`.
    """
    safetensors_metadata(path)
    try:
        with cast(Any, safe_open(path, framework="pt")) as contents:  # the library has no types
            # A copy: the file may be overwritten while its tensors are in use.
            return {name: contents.get_tensor(name).clone() for name in contents.keys()}  # noqa: SIM118
    except Exception as error:
        raise UnsafeFile(library_message(error)) from error


def read_torch(path: Path) -> Any:
    """The contents of a torch.save file: tensors, numbers, strings, dicts and lists.

    Raises:
        UnsafeFile: it is damaged, or it holds anything else.
    """
    try:
        if zipfile.is_zipfile(path):
            _check_zip(path)
        else:
            _check_legacy(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd pickles; those are refused in one line
            return torch.load(path, map_location="cpu", weights_only=True)
    except UnsafeFile:
        raise
    except Exception as error:  # a damaged pickle can cause any
        raise UnsafeFile(f"it is damaged ({type(error).__name__})") from error


def check_size(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Check that the tensors take no more bytes than their file.

    A small file can hold a huge tensor that repeats one value; it would grow where it is used.

    Raises:
        UnsafeFile: they take more.
    """
    size = sum(value.numel() * value.element_size() for value in tensors.values())
    if size > path.stat().st_size:
        raise UnsafeFile(f"its tensors take {size} bytes, more than the file")


def check_values(tensors: Mapping[str, Tensor]) -> None:
    """Check that every tensor holds finite floats of 16 or 32 bits.

    Raises:
        UserError: the first that does not.
    """
    for name, values in tensors.items():
        if values.dtype not in FLOATS:
            raise UserError(f"{quoted(name)} holds {values.dtype}, not 16- or 32-bit floats")
        if not values.isfinite().all():
            raise UserError(f"{quoted(name)} holds values that are not finite numbers")


def check_counts(tensors: Mapping[str, Tensor]) -> None:
    """Check that every tensor holds integers, or floats that stand for them.

    Raises:
        UserError: the first that does not.
    """
    for name, values in tensors.items():
        if values.dtype not in (torch.int64, *FLOATS):
            raise UserError(f"{quoted(name)} holds {values.dtype}, expected torch.int64")


def quoted(name: str) -> str:
    """The name of a tensor, safe to print: a file can use any string."""
    return name if re.fullmatch(r"[\w.]{1,80}", name, re.ASCII) else ascii(name)[:80]


def _check_zip(path: Path) -> None:
    """The format of torch since 1.6: an uncompressed zip of pickles and raw storages."""
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise UnsafeFile("it is a compressed archive, which torch.save never writes")
        if archive.comment or sum(entry.file_size for entry in entries) > size:
            raise UnsafeFile(f"its entries claim more than its {size} bytes")
        for entry in entries:
            if entry.filename.endswith(".pkl"):
                with archive.open(entry) as file:
                    check_globals(opcodes_of(file))


def _check_legacy(path: Path) -> None:
    """The format of torch before 1.6: pickles one after the other, then the storages."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(1) != b"\x80" or tarfile.is_tarfile(path):
            raise UnsafeFile("it is not a file of torch.save")
        file.seek(0)
        for _ in range(LEGACY_PICKLES):
            opcodes = list(opcodes_of(file))
            check_globals(iter(opcodes))
            if sum(claimed_elements(opcodes)) > size:
                raise UnsafeFile(f"its tensors claim more than its {size} bytes")
