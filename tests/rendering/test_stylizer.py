"""A style used from Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faststyle import Stylizer, load_style
from faststyle.errors import UserError
from faststyle.images.tensors import to_tensor
from tests.support.pictures import noise_picture


def test_a_style_as_a_library(ckpt: Path) -> None:
    style = load_style(ckpt, "cpu")
    assert isinstance(style, Stylizer)
    assert style.metadata["style"]["name"] == "tiny"
    photo = noise_picture(5, 37, 22)
    picture = style(photo)
    assert isinstance(picture, Image.Image)
    assert picture.size == photo.size
    assert not np.array_equal(np.asarray(picture), np.asarray(photo))
    batch = to_tensor(photo).expand(2, -1, -1, -1)
    stylized = style(batch)
    assert stylized.shape == batch.shape
    difference = stylized[1] - to_tensor(picture)[0]
    assert difference.abs().max() <= 0.51 / 255
    opaque = style(photo.convert("RGBA"))
    assert np.array_equal(np.asarray(opaque.convert("RGB")), np.asarray(picture))


def test_unknown_checkpoint_as_a_library(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such checkpoint"):
        load_style(tmp_path / "nowhere.safetensors")
