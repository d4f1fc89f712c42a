"""What the command line asks of each photo: read, stylize, write."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from faststyle.errors import UserError
from faststyle.images.exif import with_software
from faststyle.images.read import Photo, load_photo
from faststyle.images.tensors import long_edge_to
from faststyle.images.write import check_format, save_photo
from faststyle.infer.mask_files import MaskFiles
from faststyle.infer.records import Recipe, Record
from faststyle.infer.results import Results
from faststyle.infer.tasks import Task
from faststyle.rendering.grain import GRAIN, check_grain
from faststyle.rendering.limits import check_enlarged, is_out_of_memory
from faststyle.rendering.masks import composite, fit_mask
from faststyle.rendering.strength import check_strength
from faststyle.rendering.stylizer import check_stroke_scale, load_style

GAP = 0.01  # between the pictures of a strip, as a share of their width


@dataclass(frozen=True)
class Item:
    """A photo on its way to becoming a result.

    Attributes:
        photo: the photo, later its stylized form.
        record: of the result, which is part of `photo.exif` too.
    """

    photo: Photo
    record: Record


class Repainter:
    """Styles, masks and settings of a command line, and what they make of a photo.

    Args:
        options: of `parse_options`, with `ckpt` as files.

    Raises:
        UserError: a checkpoint, mask or value that is not good.
    """

    def __init__(self, options: argparse.Namespace):
        self.options = options
        for strength in options.strength:
            check_strength(strength)
        check_stroke_scale(options.stroke_scale)
        self.grain = check_grain(GRAIN if options.grain is None else options.grain)
        self.masks = [MaskFiles(given) for given in options.mask]
        self.styles = [
            load_style(path, options.device, options.max_memory) for path in options.ckpt
        ]
        self.recipe = Recipe(options, self.masks)

    def read(self, task: Task) -> Item:
        """Read a photo and scale it as the options want.

        Raises:
            UserError: the photo cannot be read, or its result would be too large.
        """
        with memory_errors(task.photo):
            return self._read(task)

    def _read(self, task: Task) -> Item:
        photo = load_photo(task.photo)
        try:
            record = self.recipe.record_of(task)
        except OSError as error:  # it was there a moment ago
            raise UserError(f"cannot read {task.photo}: {error.strerror or error}") from error
        photo = replace(photo, exif=with_software(photo.exif, str(record)))
        size = self._size(photo.image.size, task)
        if size != photo.image.size:
            resample = Image.Resampling.LANCZOS
            alpha = None if photo.alpha is None else photo.alpha.resize(size, resample)
            photo = replace(photo, image=photo.image.resize(size, resample), alpha=alpha)
        return Item(photo, record)

    def stylize(self, item: Item, task: Task) -> Item:
        """The stylized photo; of several strengths, all side by side.

        Raises:
            UserError: there is no mask for it, or not enough memory.
        """
        with memory_errors(task.photo):
            return self._stylize_all(item, task)

    def _stylize_all(self, item: Item, task: Task) -> Item:
        photo = item.photo
        masks = [mask.of(task.photo, photo) for mask in self.masks]
        stylized = [self._stylize(photo.image, masks, s) for s in self.options.strength]
        image = side_by_side(stylized)
        alpha = None if photo.alpha is None else side_by_side([photo.alpha] * len(stylized))
        return replace(item, photo=replace(photo, image=image, alpha=alpha))

    def write(self, item: Item, task: Task, results: Results) -> Path:
        """Write a stylized photo; returns its file, whose name may differ from the task's."""
        photo = item.photo

        def write(path: Path, replace: bool) -> None:
            save_photo(photo.image, path, alpha=photo.alpha, exif=photo.exif, replace=replace)

        return results.save(task, item.record, write)

    def _size(self, size: tuple[int, int], task: Task) -> tuple[int, int]:
        """Width and height of the result, of one strength; checked before it takes memory."""
        size = self.scaled_size(size, task)
        self.check_strip(size, task)
        strip = (strip_width(size[0], len(self.options.strength)), size[1])
        check_format(task.target, strip)
        return size

    def scaled_size(self, size: tuple[int, int], task: Task) -> tuple[int, int]:
        """Width and height after --max-size or --scale.

        Raises:
            UserError: it is more than fits into memory.
        """
        max_size, scale = self.options.max_size, self.options.scale
        if max_size is not None and max(size) > max_size:
            size = long_edge_to(size, max_size)
        elif scale is not None:
            self._check_enlarged(
                f"{task.photo}: --scale {scale:g} makes",
                size,
                (size[0] * scale, size[1] * scale),
                "--scale may be at most {} here (0.5 is half the size)",
            )
            size = long_edge_to(size, max(1, round(scale * max(size))))
        return size

    def check_strip(self, size: tuple[int, int], task: Task) -> None:
        """Check that pictures of this size, one for each strength, fit into memory.

        Raises:
            UserError: they do not.
        """
        copies = len(self.options.strength)
        strip = (strip_width(size[0], copies), size[1])
        advice = "give fewer, or a smaller --max-size"
        self._check_enlarged(f"{task.photo}: {copies} strengths make", size, strip, advice)

    def _check_enlarged(
        self, what: str, size: tuple[int, int], wanted: tuple[float, float], advice: str
    ) -> None:
        if wanted[0] > size[0]:
            check_enlarged(what, size, wanted, self.styles[0].memory_limit(), advice)

    def _stylize(
        self, photo: Image.Image, masks: list[Image.Image], strength: float
    ) -> Image.Image:
        options = self.options
        stylized = [
            style(
                photo,
                strength,
                stroke_scale=options.stroke_scale,
                keep_color=options.keep_color,
                grain=self.grain,
            )
            for style in self.styles
        ]
        if not masks:
            return stylized[0]
        fitted = [
            fit_mask(mask, photo.size, options.invert_mask, options.feather / 100) for mask in masks
        ]
        return composite(photo, list(zip(stylized, fitted, strict=True)))


def side_by_side(pictures: list[Image.Image]) -> Image.Image:
    """Pictures of one size in a row, a little white between them."""
    if len(pictures) == 1:
        return pictures[0]
    width, height = pictures[0].size
    total = strip_width(width, len(pictures))
    strip = Image.new(pictures[0].mode, (total, height), "white")
    for number, picture in enumerate(pictures):
        strip.paste(picture, (strip_width(width, number + 1) - width, 0))
    return strip


def strip_width(width: int, count: int) -> int:
    """Pixels that `count` pictures of `width` take side by side."""
    return count * width + (count - 1) * max(1, round(GAP * width))


@contextmanager
def memory_errors(photo: Path) -> Iterator[None]:
    """Have a photo that does not fit into memory cost only itself."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise UserError(
            f"{photo}: not enough memory; give a lower --max-memory, or --max-size"
        ) from error
