"""Where content photos come from: the Hugging Face hub, a folder, or a generator."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from PIL import Image

from faststyle.data.huggingface import (
    HuggingFacePhotos,
    check_parquet,
    open_hub,
    open_tables,
    undecoded,
    utf8_names,
)
from faststyle.data.synthetic import SyntheticPhotos
from faststyle.errors import UserError, check_choice
from faststyle.images.formats import PICTURE_SUFFIXES, find_pictures, visible_files

SOURCES = ("hub", "folder", "synthetic")


class PhotoSource(Protocol):
    """Content photos by index.

    `name` is for messages. `load` returns RGB, upright and in sRGB, and raises a UserError for a
    photo that is damaged; with `min_side` the picture may be smaller, its short side at least that.
    """

    def __len__(self) -> int: ...
    def name(self, index: int) -> str: ...
    def load(self, index: int, min_side: int | None = None) -> Image.Image: ...


def open_folder(path: Path) -> HuggingFacePhotos:
    """Pictures in a folder and its subfolders, or a dataset saved there as arrow or parquet.

    Clutter of operating systems and pictures of 0 bytes are passed over; the latter are counted
    on stderr.

    Raises:
        UserError: there is no such folder, or nothing in it that can be read.
    """
    import datasets

    # os.path answers False where pathlib raises, as in a locked folder.
    if not os.path.isdir(path):
        raise UserError(f"data.path: no such folder: {path}")
    if os.path.isfile(path / "dataset_dict.json"):
        one = next(path.glob("*/state.json"), path).parent
        raise UserError(f"data.path: {path} holds several splits; give one, such as {one}")
    if os.path.isfile(path / "state.json"):
        return HuggingFacePhotos(
            open_tables(path, lambda: datasets.Dataset.load_from_disk(str(path))), str(path)
        )
    try:
        found = find_pictures(path, recursive=True)
    except UserError as error:
        raise UserError(f"data.path: {error}") from error
    if names := utf8_names([str(file) for file in found.paths]):
        if missed := replace(found, other_files=0).left_out():
            print(f"data.path: {missed} in {path}, passed over", file=sys.stderr)
        features = datasets.Features({"image": undecoded()})
        dataset = datasets.Dataset.from_dict({"image": names}, features=features)
        return HuggingFacePhotos(dataset, str(path))
    if parquet := sorted(str(f) for f in visible_files(path, True) if f.suffix == ".parquet"):
        check_parquet(parquet)
        return HuggingFacePhotos(
            open_tables(path, lambda: datasets.Dataset.from_parquet(parquet)),  # type: ignore[arg-type]
            str(path),
        )
    raise UserError(
        f"data.path: no pictures in {path}: found {found.left_out() or 'nothing'}; "
        f"pictures end in {', '.join(PICTURE_SUFFIXES)}, saved datasets in .parquet or .arrow"
    )


def open_photos(
    source: str,
    path: str | None,
    split: str | None,
    *,
    num_images: int | None,
    seed: int,
    size: int,
) -> PhotoSource:
    """Open a source of content photos.

    Args:
        source: one of SOURCES.
        path: a folder, or the name of a dataset on the hub.
        split: of a dataset on the hub.
        num_images: how many are streamed from the hub or drawn; None: all, or 2000 drawn.
        seed: of drawn pictures.
        size: side of drawn pictures in pixels.

    Raises:
        UserError: there are no photos; the message says what was found.
    """
    check_choice("data.source", source, SOURCES)
    if source == "synthetic":
        return SyntheticPhotos(num_images or 2000, seed, size)
    if source == "folder":
        photos = open_folder(Path(str(path)))
    else:
        photos = open_hub(str(path), str(split), num_images)
    if len(photos) == 0:
        raise UserError(f"data.path: {path} holds 0 photos; give another folder or split")
    return photos
