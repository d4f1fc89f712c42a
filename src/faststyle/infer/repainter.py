"""What the command line asks of each photo: read, paint, write."""

from __future__ import annotations

import argparse
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from PIL import Image

from faststyle.images.read import Photo, load_photo
from faststyle.images.tensors import long_edge_to
from faststyle.images.write import save_photo
from faststyle.infer.mask_files import MaskFiles
from faststyle.infer.tasks import Task
from faststyle.rendering.masks import composite, fit_mask
from faststyle.rendering.strength import check_strength
from faststyle.rendering.stylizer import check_stroke_scale, load_style

GAP = 0.01  # between the pictures of a strip, as a share of their width


class Repainter:
    """Styles, masks and settings of a command line, and what they make of a photo.

    Args:
        options: of `infer_options.parse_options`.

    Raises:
        UserError: a checkpoint, mask or value that is not good.
    """

    def __init__(self, options: argparse.Namespace):
        self.options = options
        for strength in options.strength:
            check_strength(strength)
        check_stroke_scale(options.stroke_scale)
        self.masks = [MaskFiles(given) for given in options.mask]
        self.styles = [
            load_style(path, options.device, options.max_memory) for path in options.ckpt
        ]

    def read(self, task: Task) -> Photo:
        photo = load_photo(task.photo)
        size = self._size(photo.image)
        if size == photo.image.size:
            return photo
        resample = Image.Resampling.LANCZOS
        alpha = None if photo.alpha is None else photo.alpha.resize(size, resample)
        return replace(photo, image=photo.image.resize(size, resample), alpha=alpha)

    def paint(self, photo: Photo, task: Task) -> Photo:
        masks = [mask.of(task.photo, photo) for mask in self.masks]
        paintings = [self._paint(photo.image, masks, s) for s in self.options.strength]
        image = side_by_side(paintings)
        alpha = None if photo.alpha is None else side_by_side([photo.alpha] * len(paintings))
        return replace(photo, image=image, alpha=alpha)

    def write(self, painting: Photo, task: Task) -> None:
        save_photo(painting.image, task.target, alpha=painting.alpha, exif=painting.exif)

    def _size(self, image: Image.Image) -> tuple[int, int]:
        max_size, scale = self.options.max_size, self.options.scale
        if max_size is not None and max(image.size) > max_size:
            return long_edge_to(image.size, max_size)
        if scale is not None:
            return long_edge_to(image.size, max(1, round(scale * max(image.size))))
        return image.size

    def _paint(self, photo: Image.Image, masks: list[Image.Image], strength: float) -> Image.Image:
        options = self.options
        paintings = [
            style(photo, strength, stroke_scale=options.stroke_scale, keep_color=options.keep_color)
            for style in self.styles
        ]
        if not masks:
            return paintings[0]
        fitted = [
            fit_mask(mask, photo.size, options.invert_mask, options.feather / 100) for mask in masks
        ]
        return composite(photo, list(zip(paintings, fitted, strict=True)))


def side_by_side(pictures: list[Image.Image]) -> Image.Image:
    """Pictures of one size in a row, a little white between them."""
    if len(pictures) == 1:
        return pictures[0]
    width, height = pictures[0].size
    step = width + max(1, round(GAP * width))
    strip = Image.new(pictures[0].mode, (step * len(pictures) - (step - width), height), "white")
    for number, picture in enumerate(pictures):
        strip.paste(picture, (number * step, 0))
    return strip


@contextmanager
def notices(show: Callable[[str], None]) -> Iterator[None]:
    """Hand on what the library has to say, such as that a picture is painted in strips."""
    handler = logging.Handler()
    handler.emit = lambda record: show(record.getMessage())
    log = logging.getLogger("faststyle")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        with warnings.catch_warnings():
            # Of broken metadata, in several lines: what matters of it is in a photo's notes.
            warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
            yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
