"""Which photos a command line means, and where each result is to go."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from faststyle.checkpoints.catalog import RESULTS
from faststyle.errors import UserError
from faststyle.images.formats import (
    PICTURE_SUFFIXES,
    SAVE_OPTIONS,
    check_output_suffix,
    find_pictures,
)
from faststyle.infer.records import record_in


@dataclass(frozen=True)
class Task:
    """A photo and where its result is to go.

    Attributes:
        target: the name that the result takes if it is free.
        named: the user named this very file: no other will do.
    """

    photo: Path
    target: Path
    named: bool = False


@dataclass(frozen=True)
class Plan:
    """What a command line asks for.

    Attributes:
        tasks: one for every photo, in the order given.
        left_out: a line for each folder in which files were passed over.
    """

    tasks: list[Task]
    left_out: tuple[str, ...] = ()


def plan_tasks(inputs: Iterable[Path], output: Path, *, recursive: bool) -> Plan:
    """A task for every photo.

    Args:
        inputs: files; folders, whose pictures are meant (with `recursive` in subfolders too, which
            come out as subfolders of `output`); patterns such as `*.jpg`.
        output: a picture file, if there is one photo; else a folder.

    Raises:
        UserError: nothing to do, or an output that cannot be.
    """
    left_out: list[str] = []
    photos = list(_expand(list(inputs), output, recursive, left_out))
    if len(photos) == 1 and output.suffix and not os.path.isdir(output):
        check_output_suffix(output)
        if file_key(output) == file_key(photos[0][0]):
            raise UserError(f"--output {output} is the photo itself; give another name")
        return Plan([Task(photos[0][0], output, named=True)], tuple(left_out))
    if os.path.isfile(output) or (len(photos) > 1 and output.suffix.lower() in SAVE_OPTIONS):
        raise UserError(f"--output {output}: {len(photos)} photos need a folder, not a file")
    tasks = [Task(photo, name_target(photo, output / folder)) for photo, folder in photos]
    return Plan(tasks, tuple(left_out))


def name_target(photo: Path, folder: Path) -> Path:
    """The photo's own name in `folder`; formats that are not written come out as PNG."""
    suffix = photo.suffix.lower() if photo.suffix.lower() in SAVE_OPTIONS else ".png"
    return folder / f"{photo.stem}{suffix}"


def file_key(path: Path) -> str:
    """Equal for names that are one file, also where case does not count."""
    return os.path.realpath(path).casefold()  # unlike Path.resolve never fails, not even in a loop


def _expand(
    inputs: list[Path], output: Path, recursive: bool, left_out: list[str]
) -> Iterator[tuple[Path, Path]]:
    """Photos, and the folder of each below the one that was named."""
    for given in inputs:
        # The functions of os.path answer False where those of Path raise: a name that is too
        # long, a folder that is locked. Reading such a photo then gives the reason, for it alone.
        if os.path.isdir(given):
            yield from _in_folder(given, output, recursive, left_out, alone=len(inputs) == 1)
        elif not os.path.lexists(given) and glob.has_magic(str(given)):
            found = sorted(Path(name) for name in glob.glob(str(given), recursive=recursive))
            if not found:
                raise UserError(f"no file matches {given}")
            yield from ((path, Path()) for path in found if not os.path.isdir(path))
        else:
            yield given, Path()


def _in_folder(
    folder: Path, output: Path, recursive: bool, left_out: list[str], *, alone: bool
) -> list[tuple[Path, Path]]:
    """The photos of a folder. An empty folder counts as a photo that cannot be read."""
    try:
        found = find_pictures(folder, recursive)
    except UserError:
        if alone:
            raise
        return [(folder, Path())]
    # What an earlier run made is not made anew into something else.
    results = _result_folders(folder, output)
    paths = [path for path in found.paths if not any(_is_below(path, made) for made in results)]
    if os.path.realpath(folder) == os.path.realpath(output):  # photos and results side by side
        paths = [path for path in paths if record_in(path) is None]
    rest = found.left_out()
    if not paths and alone:
        below = "" if recursive else " (its subfolders need --recursive)"
        raise UserError(
            f"no pictures in {folder}{below}: they end in {', '.join(PICTURE_SUFFIXES)}"
            + (f"; found {rest}" if rest else "")
        )
    if not paths:  # among others an empty folder costs only itself
        return [(folder, Path())]
    if rest:
        left_out.append(f"{folder}: {rest}")
    return [(path, path.parent.relative_to(folder)) for path in paths]


def _result_folders(folder: Path, output: Path) -> list[Path]:
    here, out, default = (Path(os.path.realpath(path)) for path in (folder, output, RESULTS))
    results = [out] if out != here else []
    if default in out.parents and not here.is_relative_to(default):
        results.append(default)  # other styles' too
    return results


def _is_below(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(folder)
