"""The pictures that an exploration is given: read and checked before anything is written."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from faststyle.errors import UserError
from faststyle.explore.plan import Plan
from faststyle.files.atomic import sha256_of
from faststyle.files.paths import SAMPLE_PHOTO
from faststyle.images.read import load_image
from faststyle.losses.checks import check_style_image

# Settings of train in messages, and the options of this command that give them.
OPTIONS = {"style.image": "--style-image", "style.size": "--style-image", "data.path": "--photos"}


@dataclass(frozen=True)
class Inputs:
    """What an exploration is made of.

    Args:
        painting: the style image, RGB.
        photos: by caption; every cell shows them.
        plan: what was asked for, without cells.
    """

    painting: Image.Image
    photos: dict[str, Image.Image]
    plan: Plan


def read_inputs(options: argparse.Namespace, name: str) -> Inputs:
    """Read the pictures of the command line for the style `name`.

    Raises:
        UserError: one cannot be read, or the painting has nothing to learn.
    """
    painting = _picture("--style-image", options.style_image)
    check_style_image(f"--style-image: {options.style_image}", painting)
    photos = {"the drawn landscape": load_image(SAMPLE_PHOTO)}
    if options.photo is not None:
        photos["your photo"] = _picture("--photo", options.photo)
    plan = Plan(
        style=name,
        painting=str(options.style_image.absolute()),
        sha256=sha256_of(options.style_image),
        photos=None if options.photos is None else str(options.photos.absolute()),
        minutes=options.minutes,
    )
    return Inputs(painting, photos, plan)


def _picture(option: str, file: Path) -> Image.Image:
    try:
        return load_image(file, show=lambda note: print(f"explore: {note}", file=sys.stderr))
    except UserError as error:
        raise UserError(f"{option}: {error}; give a picture file") from error


@contextmanager
def named_as_options() -> Iterator[None]:
    """Name settings of train in messages as the options of this command."""
    try:
        yield
    except UserError as error:
        message = str(error)
        for setting, option in OPTIONS.items():
            message = message.replace(f"{setting}:", f"{option}:")
        raise type(error)(message) from error
