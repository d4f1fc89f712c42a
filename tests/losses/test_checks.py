"""Pictures that a loss network cannot process, or learn nothing from, are refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

from faststyle.errors import UserError
from faststyle.images.read import load_image
from faststyle.losses.architectures import ARCHITECTURES, POOLINGS, FrozenConv2d
from faststyle.losses.checks import check_large_enough, check_style_image, smallest_side
from tests.support.pictures import noise_picture


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("network", ARCHITECTURES)
def test_the_smallest_side_is_the_first_that_a_forward_pass_takes(
    network: str, pooling: str
) -> None:
    layers = ARCHITECTURES[network](pooling)
    for module in torch.nn.ModuleDict(layers).modules():
        if isinstance(module, FrozenConv2d):
            module.weight.zero_()
            module.bias.zero_()
    sides = {}
    for side in range(1, 40):
        x = torch.zeros(1, 3, side, side)
        try:
            for name, layer in layers.items():
                x = layer(x)
                assert 0 not in x.shape
                sides.setdefault(name, side)
        except (RuntimeError, AssertionError):
            continue
    assert sides.keys() == layers.keys()
    for name, side in sides.items():
        assert smallest_side(network, [name]) == side
    # evaluate --sizes and optimize's size allow no less.
    assert max(sides.values()) <= 32


def test_the_deepest_layer_decides() -> None:
    assert smallest_side("vgg19", ["relu5_1", "relu1_1"]) == 16
    check_large_enough("style", (16, 500), "vgg19", ["relu1_1", "relu5_1"], "scale it")
    with pytest.raises(UserError) as refusal:
        check_large_enough("style", (500, 15), "vgg19", ["relu1_1", "relu5_1"], "scale it")
    assert str(refusal.value) == (
        "style: the picture is 500 x 15 pixels when vgg19 looks at it, its layers need 16 on each "
        "side; scale it"
    )


def test_unknown_names() -> None:
    with pytest.raises(UserError, match="loss_network: 'vgg18' is not one of"):
        smallest_side("vgg18", ["relu1_1"])
    with pytest.raises(UserError, match="layer of vgg19: 'relu9_1' is not one of"):
        smallest_side("vgg19", ["relu9_1"])


@pytest.mark.parametrize("color", ["white", "black", (12, 200, 90)])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_one_color_has_no_style(tmp_path: Path, color: str, suffix: str) -> None:
    path = tmp_path / f"flat.{suffix}"
    Image.new("RGB", (60, 40), color).save(path)
    with pytest.raises(UserError, match=r"style\.image: the picture has one color, RGB \d+, \d+"):
        check_style_image("style.image", load_image(path))


def test_a_transparent_picture_has_no_style(tmp_path: Path) -> None:
    picture = noise_picture(0).convert("RGBA")
    picture.putalpha(0)
    picture.save(tmp_path / "clear.png")
    with pytest.raises(UserError, match=r"one color, RGB 255, 255, 255 \(transparent"):
        check_style_image("style.image", load_image(tmp_path / "clear.png"))


def test_a_little_structure_is_style() -> None:
    check_style_image("style.image", noise_picture(0))
    line = Image.new("RGB", (60, 40), "white")
    ImageDraw.Draw(line).line((0, 0, 60, 40), fill=(250, 255, 255))
    check_style_image("style.image", line)
