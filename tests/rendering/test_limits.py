"""Pictures that would not fit are refused before they take memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from PIL import Image

from faststyle import load_style
from faststyle.errors import UserError
from faststyle.images.opening import PIXEL_LIMIT
from faststyle.images.tensors import to_tensor
from faststyle.rendering.forward import CANVAS_BYTES, PROCESS_BYTES
from faststyle.rendering.limits import ALWAYS, allowed_pixels, check_enlarged
from tests.support.pictures import noise_picture


def test_what_fits() -> None:
    assert allowed_pixels(0) == ALWAYS
    assert allowed_pixels(PROCESS_BYTES + CANVAS_BYTES * 5e7) == pytest.approx(5e7)
    assert allowed_pixels(float("inf")) == PIXEL_LIMIT


def test_the_advice_is_the_largest_that_fits() -> None:
    limit = PROCESS_BYTES + CANVAS_BYTES * 16e6
    check_enlarged("x makes", (1000, 1000), (4000, 4000), limit, "at most {}")
    message = r"x makes 4010 x 4010 pixels, more than the 16 million .* 0\.79 GB; at most 4$"
    with pytest.raises(UserError, match=message):
        check_enlarged("x makes", (1000, 1000), (4010, 4010), limit, "at most {}")


def test_what_is_in_memory_already_is_never_refused() -> None:
    check_enlarged("x makes", (10**5, 10**5), (10**5, 10**5), 0, "")
    with pytest.raises(UserError, match=r"1e\+300 x"):
        check_enlarged("x makes", (10**5, 10**5), (1e300, 1e300), 0, "at most {}")


@pytest.mark.parametrize("kind", ["picture", "tensor"])
def test_fine_strokes_on_a_large_picture(kind: str, ckpt: Path) -> None:
    """16 times the pixels; in a process that may take 1 MB all beyond a megapixel is too much."""
    style = load_style(ckpt, "cpu", max_memory=1e6)
    picture = Image.new("RGB", (300, 250))
    photo = picture if kind == "picture" else to_tensor(picture)
    tracemalloc.start()
    message = "stroke_scale: 0.25 stylizes 1200 x 1000 pixels, more than the 1.05 million"
    with pytest.raises(UserError, match=message):
        style(photo, stroke_scale=0.25)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    assert style(noise_picture(0, 30, 20), stroke_scale=0.25).size == (30, 20)
