"""PyAV, which reads and writes clips: an extra that is imported when the first clip is opened."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from faststyle.errors import UserError

MISSING = 'clips need PyAV, which is not installed: pip install -e ".[video]"'


def is_installed() -> bool:
    """Whether clips can be read and written here."""
    return importlib.util.find_spec("av") is not None


def pyav() -> ModuleType:
    """The module `av`.

    Raises:
        UserError: it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise UserError(MISSING) from error
    return av


@contextmanager
def reading_errors(path: Path | str) -> Iterator[None]:
    """Turn what PyAV raises while a clip is opened into a UserError."""
    av = pyav()
    try:
        yield
    except av.error.EOFError as error:
        raise UserError(f"{path}: no frames in it; it is cut short at its beginning") from error
    except av.error.InvalidDataError as error:
        raise UserError(f"{path}: not a clip, or damaged beyond reading") from error
    except av.error.FFmpegError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error


@contextmanager
def writing_errors(path: Path | str) -> Iterator[None]:
    """Turn what PyAV raises while a clip is written into a UserError."""
    av = pyav()
    try:
        yield
    except (av.error.FFmpegError, OSError) as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error
