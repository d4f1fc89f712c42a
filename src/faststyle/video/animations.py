"""Frames of an animated GIF or WebP, and pictures that are the frames of a clip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from faststyle.errors import UserError
from faststyle.images.opening import open_photo
from faststyle.images.read import load_image
from faststyle.video.clip import Clip, Frame, Size, with_durations

MILLISECOND = Fraction(1, 1000)
SHORTEST = 11  # milliseconds; browsers show a frame that claims less for 100
SLOW = 100
DEFAULT_FPS = Fraction(25)  # of pictures, which have no times


class Animation(Clip):
    """An animated GIF or WebP, transparent parts on white."""

    def __init__(self, path: Path):
        self.path = path
        with open_photo(path) as image:
            size, count = image.size, getattr(image, "n_frames", 1)
            image.seek(count - 1)
            image.seek(0)
            first = _milliseconds(image)
        super().__init__(size, MILLISECOND, 1000 / Fraction(first), count)

    def frames(self, size: Size) -> Iterator[Frame]:
        return with_durations(self._timed(size))

    def _timed(self, size: Size) -> Iterator[tuple[np.ndarray, int, int]]:
        now = 0
        with open_photo(self.path) as image:
            for number in range(getattr(image, "n_frames", 1)):
                image.seek(number)
                image.load()  # WebP has the duration only then
                milliseconds = _milliseconds(image)
                yield np.asarray(_fitted(_on_white(image), size)), now, milliseconds
                now += milliseconds


class Pictures(Clip):
    """Pictures that are shown one after the other; all as large as the first."""

    def __init__(self, paths: Sequence[Path], fps: Fraction | None):
        self.paths = paths
        if not paths:
            raise UserError("no pictures for the frames of a clip")
        rate = fps or DEFAULT_FPS
        super().__init__(load_image(paths[0]).size, 1 / rate, rate, len(paths))

    def frames(self, size: Size) -> Iterator[Frame]:
        return with_durations(self._timed(size))

    def _timed(self, size: Size) -> Iterator[tuple[np.ndarray, int, int]]:
        broken = 0
        for number, path in enumerate(self.paths):
            try:
                image = load_image(path)
            except UserError:
                broken += 1
                continue
            yield np.asarray(_fitted(image, size)), number, 1
        if broken == len(self.paths):
            raise UserError(f"{self.paths[0]}: none of these {broken} pictures can be read")
        if broken:
            what = "a picture" if broken == 1 else f"{broken} pictures"
            self.notes.append(f"{self.paths[0].parent}: {what} that cannot be read left out")


def _milliseconds(image: Image.Image) -> int:
    given = round(float(image.info.get("duration") or 0))
    return given if given >= SHORTEST else SLOW


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    below = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(below, layer).convert("RGB")


def _fitted(image: Image.Image, size: Size) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)
