"""What is done to a painted picture beside its photo, a strip at a time."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from faststyle.errors import check_choice
from faststyle.images.color import ColorMatch, color_statistics, keep_color, luminance
from faststyle.rendering.canvas import Canvas, row_blocks

KEEP_COLOR = ("luminance", "histogram")


def apply(canvas: Canvas, change: Callable[[Tensor, int, int], Tensor]) -> None:
    """Put `change(strip, start, stop)` in the place of every strip."""
    for start, stop in row_blocks(canvas):
        canvas.write(start, change(canvas.rows(start, stop), start, stop))


def add_detail(painted: Canvas, photo: Canvas, seen: Canvas) -> None:
    """Give a picture painted at a lower resolution the photo's fine detail, in grey.

    Args:
        seen: the photo as it was painted: scaled down, and up again.
    """

    def change(strip: Tensor, start: int, stop: int) -> Tensor:
        return strip + luminance(photo.rows(start, stop) - seen.rows(start, stop)).to(strip)

    apply(painted, change)


def keep_colors(painted: Canvas, photo: Canvas, mode: str) -> None:
    """Give it the photo's colours.

    Args:
        mode: "luminance": the photo's colour at every pixel; "histogram": the photo's range of
            colours, laid out as in the painting. Both keep the painting's light and dark.
    """
    if check_choice("keep_color", mode, KEEP_COLOR) == "luminance":
        apply(painted, lambda strip, a, b: keep_color(strip, photo.rows(a, b).to(strip)))
        return
    have, want = (
        color_statistics(picture.rows(a, b) for a, b in row_blocks(picture))
        for picture in (painted, photo)
    )
    match = ColorMatch(have, want)
    apply(painted, lambda strip, a, b: keep_color(strip, match(strip)))


def mix(painted: Canvas, photo: Canvas, photo_share: float) -> None:
    """Mix in the photo's pixels; a negative share moves away from them."""
    apply(painted, lambda strip, a, b: torch.lerp(strip, photo.rows(a, b).to(strip), photo_share))
