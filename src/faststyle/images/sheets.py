"""Pages of pictures with captions: contact sheets, and what `explain` shows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

GAP, LINE = 12, 18  # pixels
INK, PAPER = (40, 40, 40), (255, 255, 255)

Cell = tuple[Image.Image, str]


def grid(rows: Sequence[Sequence[Cell]]) -> Image.Image:
    """Draw rows of pictures on one page, each above its caption of one or more lines."""
    font = ImageFont.load_default(LINE - 4)
    columns = max(len(row) for row in rows)
    cells = [cell for row in rows for cell in row]
    longest = max(font.getlength(line) for _, caption in cells for line in caption.splitlines())
    cell_width = max(math.ceil(longest), *(picture.width for picture, _ in cells))
    heights = [max(_height(cell) for cell in row) for row in rows]
    width = GAP + columns * (cell_width + GAP)
    page = Image.new("RGB", (width, GAP + sum(heights)), PAPER)
    draw = ImageDraw.Draw(page)
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        for column, (picture, caption) in enumerate(row):
            left = GAP + column * (cell_width + GAP)
            page.paste(picture, (left, top))
            draw.text((left, top + picture.height + 4), caption, fill=INK, font=font)
        top += height
    return page


def _height(cell: Cell) -> int:
    picture, caption = cell
    return picture.height + LINE * len(caption.splitlines()) + GAP + 4
