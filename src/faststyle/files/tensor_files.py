"""Reading files of tensors that anybody may have made: nothing in them is run, and no small file
takes much memory.

torch.load with weights_only runs no code, but it inflates compressed entries, allocates what a
header claims, and calls a few constructors (of bytes, of sets) with any argument. So a file is
looked through first, and refused when it holds more than tensors, numbers and texts.
"""

from __future__ import annotations

import re
import tarfile
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from faststyle.errors import UserError
from faststyle.files.pickles import UnsafeFile, check_globals, claimed_elements, opcodes_of
from faststyle.files.safetensors_header import library_message, safetensors_metadata

LEGACY_PICKLES = 5  # of torch before 1.6: magic number, version, system, contents, keys of storages


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Tensors by name; they take as much memory as the file.

    Raises:
        UnsafeFile: see `safetensors_header.safetensors_metadata`.
    """
    safetensors_metadata(path)
    try:
        with safe_open(path, framework="pt") as file:
            # A copy: the file may be overwritten while its tensors are in use.
            return {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118
    except Exception as error:
        raise UnsafeFile(library_message(error)) from error


def read_torch(path: Path) -> Any:
    """What torch.save wrote: tensors, numbers, texts, dicts and lists.

    Raises:
        UnsafeFile: damaged, or it needs more than these.
    """
    try:
        if zipfile.is_zipfile(path):
            _look_through_zip(path)
        else:
            _look_through_legacy(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of strange pickles; those are refused in a line
            return torch.load(path, map_location="cpu", weights_only=True)
    except UnsafeFile:
        raise
    except Exception as error:  # what a damaged pickle leads to can be anything
        raise UnsafeFile(f"it is damaged ({type(error).__name__})") from error


def check_size(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """A small file can hold a tensor that repeats one value: it would grow where it is used.

    Raises:
        UnsafeFile: the tensors are larger than their file.
    """
    size = sum(value.numel() * value.element_size() for value in tensors.values())
    if size > path.stat().st_size:
        raise UnsafeFile(f"its tensors take {size} bytes, more than the file")


def _look_through_zip(path: Path) -> None:
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


def _look_through_legacy(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(1) != b"\x80" or tarfile.is_tarfile(path):
            raise UnsafeFile("it is no file of torch.save")
        file.seek(0)
        for _ in range(LEGACY_PICKLES):
            opcodes = list(opcodes_of(file))
            check_globals(iter(opcodes))
            if sum(claimed_elements(opcodes)) > size:
                raise UnsafeFile(f"its tensors claim more than its {size} bytes")


FLOATS = (torch.float16, torch.bfloat16, torch.float32)


def check_values(tensors: Mapping[str, Tensor]) -> None:
    """Every tensor holds finite numbers of 16 or 32 bits.

    Raises:
        UserError: the first that does not.
    """
    for name, values in tensors.items():
        if values.dtype not in FLOATS:
            raise UserError(f"{quoted(name)} holds {values.dtype}, not 16- or 32-bit floats")
        if not values.isfinite().all():
            raise UserError(f"{quoted(name)} holds values that are not finite numbers")


def check_counts(tensors: Mapping[str, Tensor]) -> None:
    for name, values in tensors.items():
        if values.dtype not in (torch.int64, *FLOATS):
            raise UserError(f"{quoted(name)} holds {values.dtype}, expected torch.int64")


def quoted(name: str) -> str:
    """A tensor's name as it can be printed: a file can call it anything."""
    return name if re.fullmatch(r"[\w.]{1,80}", name, re.ASCII) else ascii(name)[:80]
