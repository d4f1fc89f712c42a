"""Atomic file writes."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from faststyle.errors import NameTaken, UserError


@contextmanager
def atomic_write(path: Path, *, replace: bool = True) -> Generator[Path, None, None]:
    """Yield a temporary path beside `path`; rename it to `path` at the end, delete it on an error.

    Missing folders are made. A reader sees the old file or the new one, never a part.

    Args:
        replace: whether a file that is at `path` by the end is replaced.

    Raises:
        NameTaken: `replace` is false, and something is at `path` by the end.
        UserError: the file cannot be written. The previous file at `path` is kept.
    """
    with temporary_beside(path) as partial:
        try:
            yield partial
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror or error}") from error
        publish(partial, path, replace=replace)


@contextmanager
def temporary_beside(path: Path) -> Generator[Path, None, None]:
    """Yield a temporary path beside `path`, whose folder is made; delete what is there at the end.

    Raises:
        UserError: the folder cannot be made.
    """
    # Each process has a temporary name of its own, so that two can write the same file. Names may
    # be as long as file systems allow (255 bytes): only a part is repeated in it.
    own = f"{zlib.crc32(os.fsencode(path.name)):08x}.{os.getpid()}"
    partial = path.with_name(f".{path.name[:40]}.{own}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error
    try:
        yield partial
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def publish(partial: Path, path: Path, *, replace: bool) -> None:
    """Give a finished file, which is in the same folder, its name.

    Raises:
        NameTaken: `replace` is false, and something is at `path`.
        UserError: it cannot be renamed. The previous file at `path` is kept.
    """
    try:
        if replace:
            # Windows refuses to replace a file that another program has open: an OSError as well.
            os.replace(partial, path)
        else:
            _publish_new(partial, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error


def _publish_new(partial: Path, path: Path) -> None:
    """Give a finished file its name, of two processes that try at once only one."""
    try:
        try:
            os.link(partial, path)  # unlike a rename it fails where something is
            return
        except FileExistsError:
            raise
        except OSError:  # a disk without hard links, such as a memory card
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        raise NameTaken(f"cannot write {path}: it exists already") from None
    try:
        os.replace(partial, path)
    except OSError:
        path.unlink()  # the empty file of just now
        raise


def check_new_file(file: Path, *, force: bool) -> None:
    """Check that `--output` may be written to: it is no folder, and no file stands there.

    Args:
        force: an existing file may be overwritten.

    Raises:
        UserError: it may not.
    """
    if file.is_dir():
        raise UserError(f"--output: {file} is a folder; give the name of a file")
    if file.exists() and not force:
        raise UserError(f"{file} exists; give --force to overwrite it, or another --output")


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
