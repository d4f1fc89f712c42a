"""Vivid colors: stretched levels, more saturation and contrast."""

from __future__ import annotations

import numpy as np
from PIL import Image

from faststyle.images.vivid import vivid
from tests.support.pictures import noise_picture


def test_a_pale_scan_gets_the_whole_range_and_more_saturation() -> None:
    levels = np.asarray(noise_picture(0), dtype=float)
    pale = Image.fromarray((110 + 0.2 * levels).round().astype(np.uint8))
    before, after = (np.asarray(picture, dtype=float) for picture in (pale, vivid(pale)))
    assert after.shape == before.shape
    assert (before.min(), before.max()) == (110, 161)
    assert after.min() < 10
    assert after.max() > 245

    def saturation(picture: np.ndarray) -> float:
        return float((picture.max(2) - picture.min(2)).mean())

    # The levels alone are stretched by about five.
    assert saturation(after) > 6 * saturation(before)


def test_gray_stays_gray() -> None:
    ramp = np.tile(np.arange(60, 180, dtype=np.uint8), (20, 1))
    made = np.asarray(vivid(Image.fromarray(ramp).convert("RGB")))
    assert np.ptp(made, axis=2).max() <= 1
    assert np.ptp(made) > 240
