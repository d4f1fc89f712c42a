"""Which photos and clips a command line means, and where each result is to go."""

from __future__ import annotations

import glob
import os
import re
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
from faststyle.infer.records import file_digest, joint_digest, record_in
from faststyle.video.formats import (
    CLIP_SUFFIXES,
    CONTAINERS,
    check_clip_suffix,
    clip_suffix,
    is_clip,
    is_clip_name,
)
from faststyle.video.library import MISSING, is_installed

NUMBERED = re.compile(r"%(?:0\d+)?d")  # as FFmpeg and printf write it


@dataclass(frozen=True)
class Task:
    """A photo or clip, and where its result is to go.

    Attributes:
        photo: the file; of a clip that consists of pictures the first.
        target: the name that the result takes if it is free.
        named: the user named this very file: no other will do.
        clip: it is a clip.
        pictures: the files that are the frames of a clip.
    """

    photo: Path
    target: Path
    named: bool = False
    clip: bool = False
    pictures: tuple[Path, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """All that is read."""
        return self.pictures or (self.photo,)

    def digest(self) -> str:
        """Digest of the bytes of all that is read.

        Raises:
            OSError: it cannot be read.
        """
        return joint_digest(self.pictures) if self.pictures else file_digest(self.photo)


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
    """A task for every photo and clip.

    Args:
        inputs: files; folders, whose pictures and clips are meant (with `recursive` in subfolders
            too, which come out as subfolders of `output`); patterns such as `*.jpg`, `%04d.png`.
        output: a file, if there is one photo or clip; the file of a clip, if there are several
            pictures, which then are its frames; else a folder.

    Raises:
        UserError: nothing to do, or an output that cannot be.
    """
    left_out: list[str] = []
    photos = list(_expand(list(inputs), output, recursive, left_out))
    named = bool(output.suffix) and not os.path.isdir(output)
    if named and is_clip_name(output) and _are_frames(photos):
        paths = tuple(sorted((path for path, _ in photos), key=_in_order))
        return Plan([Task(paths[0], output, True, True, paths)], tuple(left_out))
    if len(photos) == 1 and named:
        photo = photos[0][0]
        clip = _is_clip(photo, output.suffix)
        (check_clip_suffix if clip else check_output_suffix)(output)
        if file_key(output) == file_key(photo):
            raise UserError(f"--output {output} is the photo itself; give another name")
        return Plan([Task(photo, output, named=True, clip=clip)], tuple(left_out))
    a_file = output.suffix.lower() in (*SAVE_OPTIONS, *CONTAINERS)
    if os.path.isfile(output) or (len(photos) > 1 and a_file):
        raise UserError(f"--output {output}: {len(photos)} photos need a folder, not a file")
    tasks = [plan_task(photo, output / folder) for photo, folder in photos]
    return Plan(tasks, tuple(left_out))


def plan_task(photo: Path, folder: Path) -> Task:
    """A photo or clip whose result takes its own name in `folder`.

    Formats that are not written come out as PNG, or as MP4.
    """
    clip = _is_clip(photo)
    if clip:
        suffix = clip_suffix(photo)
    else:
        suffix = photo.suffix.lower() if photo.suffix.lower() in SAVE_OPTIONS else ".png"
    return Task(photo, folder / f"{photo.stem}{suffix}", clip=clip)


def _is_clip(path: Path, target_suffix: str = "") -> bool:
    """Whether a file is stylized frame by frame; of an animation a still picture can be made."""
    if path.suffix.lower() in CLIP_SUFFIXES:
        return True
    still = target_suffix.lower() in SAVE_OPTIONS and target_suffix.lower() not in CONTAINERS
    return not still and is_installed() and is_clip(path)


def _are_frames(photos: list[tuple[Path, Path]]) -> bool:
    """Whether these are several pictures, which one clip can be made of."""
    paths = [path for path, _ in photos]
    pictures = all(path.suffix.lower() in PICTURE_SUFFIXES for path in paths)
    return len(paths) > 1 and pictures and not any(_is_clip(path) for path in paths)


def _in_order(path: Path) -> list[tuple[bool, int, str]]:
    """A key that sorts frame_2 before frame_10."""
    parts = re.split(r"(\d+)", str(path))
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


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
        elif not os.path.lexists(given) and NUMBERED.search(given.name):
            yield from ((path, Path()) for path in _numbered(given))
        elif not os.path.lexists(given) and glob.has_magic(str(given)):
            found = sorted(Path(name) for name in glob.glob(str(given), recursive=recursive))
            if not found:
                raise UserError(f"no file matches {given}")
            yield from ((path, Path()) for path in found if not os.path.isdir(path))
        else:
            yield given, Path()


def _numbered(pattern: Path) -> list[Path]:
    """The files that a pattern such as frame_%04d.png means.

    Raises:
        UserError: there are none.
    """
    before, after = (re.escape(part) for part in NUMBERED.split(pattern.name, maxsplit=1))
    name = re.compile(rf"{before}\d+{after}")
    try:
        found = [path for path in pattern.parent.iterdir() if name.fullmatch(path.name)]
    except OSError:
        found = []
    if not found:
        raise UserError(f"no file matches {pattern}")
    return sorted(found, key=_in_order)


def _in_folder(
    folder: Path, output: Path, recursive: bool, left_out: list[str], *, alone: bool
) -> list[tuple[Path, Path]]:
    """The photos of a folder. An empty folder counts as a photo that cannot be read."""
    try:
        found = find_pictures(folder, recursive, (*PICTURE_SUFFIXES, *CLIP_SUFFIXES))
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
    if not is_installed() and (clips := [p for p in paths if p.suffix.lower() in CLIP_SUFFIXES]):
        paths = [path for path in paths if path not in clips]
        left = f"{len(clips)} clip{'s' if len(clips) > 1 else ''} left out: {MISSING}"
        rest = f"{rest}, {left}" if rest else left
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
