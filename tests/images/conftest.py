"""A picture whose corners show which way up it is."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.support.pictures import BLUE, GREEN, RED, WHITE


@pytest.fixture
def four_corners() -> Image.Image:
    """3 x 2, its corners red, green, blue, white."""
    image = Image.new("RGB", (3, 2))
    for xy, color in {(0, 0): RED, (2, 0): GREEN, (0, 1): BLUE, (2, 1): WHITE}.items():
        image.putpixel(xy, color)
    return image
