"""Changes of a stylized picture that also look at its photo, made a strip at a time."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from faststyle.errors import check_choice
from faststyle.images.color import ColorMatch, color_statistics, keep_color, luminance
from faststyle.rendering.canvas import Canvas, row_blocks

KEEP_COLOR = ("luminance", "histogram")


def apply(canvas: Canvas, change: Callable[[Tensor, int, int], Tensor]) -> None:
    """Replace every strip (1, 3, rows, W) by `change(strip, start, stop)`, in place."""
    for start, stop in row_blocks(canvas):
        canvas.write(start, change(canvas.rows(start, stop), start, stop))


def add_detail(stylized: Canvas, photo: Canvas, seen: Canvas) -> None:
    """Add the photo's fine detail, in gray, to a picture stylized at a lower resolution; in place.

    Args:
        stylized: RGB in [0, 1], of the photo's size.
        seen: the photo as the network saw it: scaled down, and up again.
    """

    def change(strip: Tensor, start: int, stop: int) -> Tensor:
        return strip + luminance(photo.rows(start, stop) - seen.rows(start, stop)).to(strip)

    apply(stylized, change)


def keep_colors(stylized: Canvas, photo: Canvas, mode: str) -> None:
    """Give a stylized picture the photo's colors, in place (Gatys et al. 2016).

    Args:
        mode: "luminance": the photo's color at every pixel; "histogram": the photo's range of
            colors, laid out as in the stylized picture. Both keep the luminance of `stylized`.

    Raises:
        UserError: another mode.
    """
    if check_choice("keep_color", mode, KEEP_COLOR) == "luminance":
        apply(stylized, lambda strip, a, b: keep_color(strip, photo.rows(a, b).to(strip)))
        return
    have, want = (
        color_statistics(picture.rows(a, b) for a, b in row_blocks(picture))
        for picture in (stylized, photo)
    )
    match = ColorMatch(have, want)
    apply(stylized, lambda strip, a, b: keep_color(strip, match(strip)))


def mix(stylized: Canvas, other: Canvas, share: float) -> None:
    """Mix in the pixels of another picture of the same size, in place; `share` is in [0, 1]."""
    apply(stylized, lambda strip, a, b: torch.lerp(strip, other.rows(a, b).to(strip), share))
