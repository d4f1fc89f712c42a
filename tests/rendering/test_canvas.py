"""Canvases read and written in blocks of rows."""

from __future__ import annotations

import pytest
from PIL import Image

from faststyle.rendering.canvas import ImageCanvas, row_blocks

pytestmark = pytest.mark.usefixtures("small_blocks")


def test_row_blocks_cover_every_row_once() -> None:
    blocks = list(row_blocks(ImageCanvas(Image.new("RGB", (40, 30)))))
    rows = [row for start, stop in blocks for row in range(start, stop)]
    assert rows == list(range(30))
    assert len(blocks) > 3
