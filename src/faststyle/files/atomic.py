"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from faststyle.errors import NameTaken, UserError


@contextmanager
def atomic_write(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Gives a name beside `path` to write to; renames it at the end, removes it on an error.

    Raises:
        NameTaken: `replace` is false, and something is at `path` by the end.
        UserError: the file cannot be written; what stood at `path` before is still there.
    """
    # Two processes may write the same file: each under a name of its own. And of a name as long as
    # file systems allow (255 bytes) only a part.
    own = f"{zlib.crc32(os.fsencode(path.name)):08x}.{os.getpid()}"
    partial = path.with_name(f".{path.name[:40]}.{own}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        if replace:
            os.replace(partial, path)
        else:
            _publish_new(partial, path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


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
