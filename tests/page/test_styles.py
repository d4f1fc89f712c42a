"""Weights as the page holds them: small, and the pictures stay the same."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from faststyle.checkpoints.style_checkpoint import StyleCheckpoint, read_checkpoint
from faststyle.checkpoints.weights import build_network
from faststyle.files.paths import BUNDLED_STYLES, SAMPLE_PHOTO
from faststyle.images.read import load_image
from faststyle.images.tensors import to_tensor
from faststyle.page.styles import pack_weights, page_style
from tests.page.conftest import write_tiny
from tests.support.pictures import noise_picture

MOST_BYTES = 1.2e6


def unpack(packed: bytes, like: StyleCheckpoint) -> list[dict[str, Tensor]]:
    """The style's weights and the photo end's, as the page's JavaScript reads them."""
    data, start = zlib.decompress(packed), 0

    def take(count: int, kind: str) -> np.ndarray:
        nonlocal start
        width = np.dtype(kind).itemsize
        planes = np.frombuffer(data, np.uint8, count * width, start)
        start += count * width
        return planes.reshape(width, count).T.copy().view(kind).ravel()

    kernels = sum(v.numel() for v in like.state_dict.values() if v.dim() > 1)
    numbers = take(2 * sum(len(v) for v in like.state_dict.values()), "<f4")
    levels, differences = take(kernels, "<i2"), take(kernels, "i1")
    assert start == len(data)
    style, end, number, level = {}, {}, 0, 0
    for name, value in like.state_dict.items():
        own, its_end = (
            torch.from_numpy(numbers[number + i * len(value) :][: len(value)].copy())
            for i in (0, 1)
        )
        number += 2 * len(value)
        if value.dim() > 1:
            here = slice(level, level + value.numel())
            level += value.numel()
            of_style, of_end = (
                torch.from_numpy(x[here].astype(np.float32)).view_as(value)
                for x in (levels, differences)
            )
            own = of_style * own.view(-1, 1, 1, 1)
            its_end = own + of_end * its_end.view(-1, 1, 1, 1)
        style[name], end[name] = own, its_end
    return [style, end]


def painted(weights: dict[str, Tensor], network: Any, photo: Tensor) -> Tensor:
    with torch.inference_mode():
        return 255 * build_network(weights, network).eval()(photo)


@pytest.mark.parametrize("path", sorted(BUNDLED_STYLES.glob("*.safetensors")), ids=lambda p: p.stem)
def test_a_bundled_style_is_small_and_paints_the_same(path: Path) -> None:
    checkpoint = read_checkpoint(path)
    packed = pack_weights(checkpoint)
    assert len(base64.b64encode(packed)) < MOST_BYTES - 20_000  # the rest is for its thumbnail
    photo = to_tensor(load_image(SAMPLE_PHOTO).resize((192, 128)))
    network = checkpoint.metadata["network"]
    assert checkpoint.photo_end is not None
    ends = zip(
        unpack(packed, checkpoint), (checkpoint.state_dict, checkpoint.photo_end), strict=True
    )
    for (ours, theirs), most in zip(ends, (1.5, 4), strict=True):
        difference = (painted(ours, network, photo) - painted(theirs, network, photo)).abs()
        assert difference.max() < most
        assert difference.mean() < most / 8


def test_a_style_as_json(tmp_path: Path) -> None:
    style = page_style(write_tiny(tmp_path / "mine.safetensors", 0), noise_picture(0))
    assert (style["name"], style["title"], style["lineage"]) == ("mine", "Tiny mine", "ab" * 32)
    assert style["hasPhotoEnd"]
    assert ["encoder.0.0.weight", [4, 3, 9, 9]] in style["tensors"]
    assert style["thumbnail"].startswith("data:image/jpeg;base64,")
    assert len(style["thumbnail"]) < 20_000
