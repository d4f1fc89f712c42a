"""Which photos a command line means, and where each result goes."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from faststyle.checkpoints.catalog import RESULTS
from faststyle.errors import UserError
from faststyle.images.formats import (
    PHOTO_SUFFIXES,
    SAVE_OPTIONS,
    check_output_suffix,
)


@dataclass(frozen=True)
class Task:
    """A photo and where its painting goes."""

    photo: Path
    target: Path


def plan_tasks(inputs: Iterable[Path], output: Path, *, recursive: bool) -> list[Task]:
    """A task for every photo; no two with one target, none with a photo as its target.

    Args:
        inputs: files; folders, whose pictures are meant (with `recursive` in subfolders too, which
            come out as subfolders of `output`); patterns such as `*.jpg`.
        output: a picture file, if there is one photo; else a folder.

    Raises:
        UserError: nothing to do, or an output that cannot be.
    """
    photos = list(_expand(list(inputs), output, recursive))
    if len(photos) == 1 and output.suffix and not output.is_dir():
        check_output_suffix(output)
        if _key(output) == _key(photos[0][0]):
            raise UserError(f"--output {output} is the photo itself; give another name")
        return [Task(photos[0][0], output)]
    if output.is_file() or (len(photos) > 1 and output.suffix.lower() in SAVE_OPTIONS):
        raise UserError(f"--output {output}: {len(photos)} photos need a folder, not a file")
    return name_targets(photos, output)


def name_targets(photos: Iterable[tuple[Path, Path]], output: Path) -> list[Task]:
    """Names in `output` that are all different and none a photo's own.

    Args:
        photos: each with the subfolder of `output` it belongs to.
    """
    photos = list(photos)
    taken = {_key(photo) for photo, _ in photos}
    return [Task(photo, _free_name(output / folder, photo, taken)) for photo, folder in photos]


def _free_name(folder: Path, photo: Path, taken: set[str]) -> Path:
    suffix = photo.suffix.lower() if photo.suffix.lower() in SAVE_OPTIONS else ".png"
    target, number = folder / f"{photo.stem}{suffix}", 2
    while _key(target) in taken:
        target, number = folder / f"{photo.stem}_{number}{suffix}", number + 1
    taken.add(_key(target))
    return target


def _key(path: Path) -> str:
    """Equal for names that are one file, also where case does not count."""
    return str(path.resolve()).casefold()


def _expand(inputs: list[Path], output: Path, recursive: bool) -> Iterator[tuple[Path, Path]]:
    """Photos, and the folder of each below the one that was named."""
    for given in inputs:
        if given.is_dir():
            found = list(_in_folder(given, output, recursive))
            if not found and len(inputs) == 1:
                below = "" if recursive else " (its subfolders need --recursive)"
                raise UserError(
                    f"no pictures in {given}{below}: they end in {', '.join(PHOTO_SUFFIXES)}"
                )
            # Among others an empty one is a photo that cannot be read, and no reason to stop.
            yield from found or [(given, Path())]
        elif not given.exists() and glob.has_magic(str(given)):
            found = sorted(Path(name) for name in glob.glob(str(given), recursive=recursive))
            if not found:
                raise UserError(f"no file matches {given}")
            yield from ((path, Path()) for path in found if path.is_file())
        else:
            yield given, Path()


def _in_folder(folder: Path, output: Path, recursive: bool) -> Iterator[tuple[Path, Path]]:
    here = folder.resolve()
    results = [output.resolve()] if output.resolve() != here else []
    if RESULTS.resolve() in output.resolve().parents and not here.is_relative_to(RESULTS.resolve()):
        results.append(RESULTS.resolve())  # other styles' too
    for file in sorted(folder.rglob("*") if recursive else folder.iterdir()):
        # What an earlier run painted is not to be painted again.
        painted = any(file.resolve().is_relative_to(result) for result in results)
        if file.suffix.lower() in PHOTO_SUFFIXES and not file.is_dir() and not painted:
            yield file, file.parent.relative_to(folder)
