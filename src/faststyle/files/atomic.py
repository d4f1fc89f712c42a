"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from faststyle.errors import UserError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Gives a name beside `path` to write to; renames it at the end, removes it on an error.

    Raises:
        UserError: the file cannot be written; what stood at `path` before is still there.
    """
    # Two processes may write the same file: each under a name of its own. And of a name as long as
    # file systems allow (255 bytes) only a part.
    own = f"{zlib.crc32(os.fsencode(path.name)):08x}.{os.getpid()}"
    partial = path.with_name(f".{path.name[:40]}.{own}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def check_writable(key: str, folder: Path) -> None:
    """Make the folder if need be, and prove that a file can be written in it."""
    probe = folder / f".faststyle-write-test-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"{key}: cannot write in {folder} ({error.strerror}); give another folder"
        ) from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's contents, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
