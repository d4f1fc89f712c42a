"""Tables of photos that may be damaged: which file it is, in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from faststyle.errors import UserError, one_line

if TYPE_CHECKING:
    from datasets import Dataset


def in_utf8(names: list[str]) -> list[str]:
    """Those that a table of texts can hold; the others are named aloud."""
    good = [name for name in names if not any("\ud800" <= c <= "\udfff" for c in name)]
    if len(good) < len(names):
        odd = next(name for name in names if name not in set(good))
        left_out = f"{len(names) - len(good)} photos have names that are not UTF-8"
        print(f"data.path: {left_out}, {odd!a} the first; left out", file=sys.stderr)
    return good


def check_parquet(files: list[str]) -> None:
    """Every file has a readable footer, and some have rows: else say which file it is.

    Raises:
        UserError: a file is damaged, or all are empty.
    """
    from pyarrow import ArrowException, parquet

    rows = 0
    for file in files:
        try:
            rows += parquet.read_metadata(file).num_rows
        except (ArrowException, OSError) as error:
            raise UserError(
                f"data.path: {file} is damaged ({one_line(str(error))}); "
                "fetch it again or remove it"
            ) from error
    if rows == 0:
        raise UserError(f"data.path: {files[0]} holds 0 photos; give another folder")


def opened(path: Path, load: Callable[[], Dataset]) -> Dataset:
    try:
        return load()
    except Exception as error:  # damaged tables raise by library, release and place
        reason = one_line(str(error.__cause__ or error))
        raise UserError(f"data.path: cannot read the tables in {path}: {reason}") from error
