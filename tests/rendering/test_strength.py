"""The strength of a style: the ends, what lies between, and the size of strokes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from faststyle import Stylizer, load_style
from faststyle.checkpoints.style_checkpoint import write_checkpoint
from faststyle.errors import UserError
from faststyle.images.tensors import to_tensor
from faststyle.rendering.strength import between, photo_share
from tests.support.networks import TINY_NETWORK, tiny_net
from tests.support.pictures import noise_picture

METADATA = {"network": TINY_NETWORK, "style": {"name": "tiny"}}


@pytest.fixture(scope="module", params=["with a photo end", "without"])
def style(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stylizer:
    path = tmp_path_factory.mktemp("style") / "tiny.safetensors"
    end = tiny_net(1) if request.param == "with a photo end" else None
    write_checkpoint(path, tiny_net(0), METADATA, end)
    return load_style(path, "cpu")


@pytest.fixture(scope="module")
def photo() -> Tensor:
    return to_tensor(noise_picture(0, 50, 37))


def test_strength_0_is_the_photo_itself(style: Stylizer, photo: Tensor) -> None:
    torch.testing.assert_close(style(photo, 0), photo)
    picture = noise_picture(3, 31, 20)
    assert style(picture, 0).tobytes() == picture.tobytes()


def test_strength_1_is_the_trained_style(style: Stylizer, photo: Tensor, tmp_path: Path) -> None:
    style(photo, 0.3)  # other weights in between change nothing
    write_checkpoint(tmp_path / "plain.safetensors", tiny_net(0), METADATA)
    trained = load_style(tmp_path / "plain.safetensors", "cpu")
    assert torch.equal(style(photo), trained(photo))
    assert torch.equal(style(photo, 1.0), trained(photo))


def test_strength_moves_the_picture_smoothly(style: Stylizer, photo: Tensor) -> None:
    """Small steps change it little: a twentieth never more than a fifth of the whole way."""
    pictures = [style(photo, step / 20) for step in range(21)]
    whole = (pictures[-1] - pictures[0]).abs().mean()
    steps = [(b - a).abs().mean() for a, b in pairwise(pictures)]
    assert max(steps) < whole / 5
    assert min(steps) > 0


def test_strength_2_is_the_style_applied_twice(style: Stylizer, photo: Tensor) -> None:
    once = style(photo, grain=0)
    twice = style(once, grain=0)
    torch.testing.assert_close(style(photo, 2, grain=0), twice)
    torch.testing.assert_close(style(photo, 1.25, grain=0), torch.lerp(once, twice, 0.25))


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_twice_with_strokes_of_another_size(style: Stylizer, photo: Tensor, scale: float) -> None:
    once, twice = (style(photo, strength, stroke_scale=scale) for strength in (1, 2))
    assert not torch.equal(once, twice)
    assert twice.shape == photo.shape


@pytest.mark.parametrize("strength", [-0.1, 2.1, float("nan")])
def test_strengths_out_of_range_are_refused(style: Stylizer, photo: Tensor, strength) -> None:
    with pytest.raises(UserError, match=r"strength: .* is not between 0"):
        style(photo, strength)


def test_weights_between_the_ends() -> None:
    ends = {"a": torch.zeros(2).half()}, {"a": torch.ones(2).half()}
    assert between(*ends, 0.25)["a"].tolist() == [0.25, 0.25]
    assert between(*ends, 1)["a"].tolist() == [1, 1]


def test_the_photo_comes_in_towards_0() -> None:
    assert [photo_share(s, has_photo_end=False) for s in (0, 0.25, 1, 2)] == [1, 0.75, 0, 0]
    assert [photo_share(s, has_photo_end=True) for s in (0, 0.5, 1, 1.2)] == [1, 0.25, 0, 0]


def test_each_picture_of_a_batch_comes_out_as_alone(style: Stylizer) -> None:
    photos = torch.cat([to_tensor(noise_picture(i, 40, 30)) for i in range(3)])
    together = style(photos, 0.7)
    for photo, painted in zip(photos.split(1), together.split(1), strict=True):
        assert torch.equal(style(photo, 0.7), painted)


@pytest.mark.parametrize("scale", [0.5, 0.7, 1.5, 2.0])
@pytest.mark.parametrize("size", [(50, 37), (1, 1), (7, 90)])
def test_stroke_scale_keeps_the_size(style: Stylizer, scale: float, size) -> None:
    picture = noise_picture(0, *size)
    assert style(picture, stroke_scale=scale).size == size
    assert style(to_tensor(picture), stroke_scale=scale).shape[-2:] == size[::-1]


def test_larger_strokes_keep_the_photos_fine_detail(style: Stylizer) -> None:
    """Fine lines of the photo are in the result, though the network never saw them."""
    lines = Image.new("RGB", (64, 64), (128, 128, 128))
    for x in range(0, 64, 2):
        lines.paste((160, 160, 160), (x, 0, x + 1, 64))
    painted = to_tensor(style(lines, stroke_scale=2))[0].mean(0)
    contrast = (painted[16:48, 16:48:2] - painted[16:48, 17:48:2]).mean()
    assert contrast > 0.06  # 32 levels of 255 in the photo


@pytest.mark.parametrize("scale", [0, 0.1, 5, float("nan")])
def test_stroke_scales_out_of_range_are_refused(style: Stylizer, photo: Tensor, scale) -> None:
    with pytest.raises(UserError, match="stroke_scale"):
        style(photo, stroke_scale=scale)
