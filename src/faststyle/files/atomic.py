"""Atomic file writes."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from faststyle.errors import UserError


@contextmanager
def atomic_write(path: Path) -> Generator[Path, None, None]:
    """Yield a temporary path beside `path`; rename it to `path` at the end, delete it on an error.

    Missing folders are made. A reader sees the old file or the new one, never a part.

    Raises:
        UserError: the file cannot be written. The previous file at `path` is kept.
    """
    # Each process has a temporary name of its own, so that two can write the same file. Names may
    # be as long as file systems allow (255 bytes): only a part is repeated in it.
    own = f"{zlib.crc32(os.fsencode(path.name)):08x}.{os.getpid()}"
    partial = path.with_name(f".{path.name[:40]}.{own}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        # Windows refuses to replace a file that another program has open: an OSError as well.
        os.replace(partial, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def check_writable(key: str, folder: Path) -> None:
    """Make `folder` if it is missing, and prove that a file can be written in it.

    Raises:
        UserError: it cannot; the message begins with `key`, the setting or option to change.
    """
    probe = folder / f".faststyle-write-test-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"{key}: cannot write in {folder} ({error.strerror or error}); give another folder"
        ) from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's contents, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
