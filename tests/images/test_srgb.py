"""Deep pictures in 8 bits, and the sRGB profile."""

from __future__ import annotations

import types

import numpy as np
import pytest
from PIL import Image, ImageCms

from faststyle.images import srgb
from faststyle.images.srgb import srgb_profile


def test_deep_pictures_in_strips_are_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    levels = np.random.default_rng(0).integers(0, 65536, (23, 17), dtype=np.uint16)
    image = Image.fromarray(levels)
    monkeypatch.setattr(srgb, "BLOCK_PIXELS", 40)
    grey = srgb.to_8_bit_gray(image)
    assert np.array_equal(np.asarray(grey), (levels / 257).round().astype(np.uint8))


# --- writing ----------------------------------------------------------------------------------


def test_the_srgb_profile_has_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    made = srgb_profile.__wrapped__()
    older = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    older[24:36] = b"\x07\xd0" + bytes(10)
    profile = types.SimpleNamespace(tobytes=lambda: bytes(older))
    monkeypatch.setattr(ImageCms, "ImageCmsProfile", lambda _: profile)
    assert srgb_profile.__wrapped__() == made
