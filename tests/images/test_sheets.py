"""Pictures in a grid with captions."""

from __future__ import annotations

from PIL import Image

from faststyle.images.sheets import GAP, grid


def test_captions_widen_the_columns() -> None:
    small = Image.new("RGB", (20, 10))
    narrow, wide = (grid([[(small, caption)] * 2]) for caption in ("a", "a long caption"))
    assert narrow.width == 2 * 20 + 3 * GAP
    assert wide.width > narrow.width
