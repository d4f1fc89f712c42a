"""Masks in files, in folders and in alpha channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faststyle.checkpoints.style_checkpoint import write_checkpoint
from tests.support.commands import one_line
from tests.support.networks import TINY_NETWORK, tiny_net
from tests.support.pictures import pixels_of


@pytest.fixture(scope="module")
def other_ckpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("style") / "other.safetensors"
    write_checkpoint(path, tiny_net(7), {"network": TINY_NETWORK, "style": {"name": "other"}})
    return path


def left_half(path: Path, size: tuple[int, int]) -> None:
    mask = Image.new("L", size, 0)
    mask.paste(255, (0, 0, size[0] // 2, size[1]))
    mask.save(path)


def test_a_mask_says_where(infer, here: Path) -> None:
    left_half(here / "mask.png", (20, 33))
    assert infer("dog.png", "--output", "full.png").code == 0
    photo, full = pixels_of("dog.png"), pixels_of("full.png")
    arguments = ("--mask", "mask.png", "--feather", "0", "--output", "out.png")
    assert infer("dog.png", *arguments).code == 0
    assert np.array_equal(pixels_of("out.png")[:, :10], full[:, :10])
    assert np.array_equal(pixels_of("out.png")[:, 10:], photo[:, 10:])
    assert infer("dog.png", *arguments, "--invert-mask").code == 0
    assert np.array_equal(pixels_of("out.png")[:, :10], photo[:, :10])
    assert np.array_equal(pixels_of("out.png")[:, 10:], full[:, 10:])


def test_a_folder_of_masks_one_for_each_photo(infer, here: Path) -> None:
    (here / "masks").mkdir()
    left_half(here / "masks" / "dog.jpg", (20, 33))
    assert infer("dog.png", "--mask", "masks", "--output", "out.png").code == 0
    assert np.array_equal(pixels_of("out.png")[:, 15:], pixels_of("dog.png")[:, 15:])
    assert "no mask named cat" in one_line(infer("cat.jpg", "--mask", "masks"))


def test_two_masks_of_one_name_are_refused(infer, here: Path) -> None:
    (here / "masks").mkdir()
    for name in ("dog.png", "dog.jpg", "cat.png"):
        left_half(here / "masks" / name, (20, 33))
    message = one_line(infer("dog.png", "--mask", "masks", "--output", "out.png"))
    assert "--mask masks: dog.jpg and dog.png are both the mask of dog; leave one" in message
    assert not (here / "out.png").exists()


def test_one_mask_for_two_photos_of_one_name_is_refused(infer, here: Path) -> None:
    for folder in ("masks", "trip1", "trip2"):
        (here / folder).mkdir()
    left_half(here / "masks" / "IMG_1.png", (20, 33))
    for folder in ("trip1", "trip2"):
        (here / folder / "IMG_1.png").write_bytes((here / "dog.png").read_bytes())
    two = ("trip1", "trip2/IMG_1.png", "--mask", "masks", "--output", "out")
    message = one_line(infer(*two))
    assert "--mask masks: IMG_1.png is one mask for two photos, trip1/IMG_1.png and t" in message
    assert not (here / "out").exists()
    # The same photo given twice, or one mask named for all, is meant.
    assert infer("trip1", "trip1/IMG_1.png", "--mask", "masks", "--output", "out").code == 0
    assert infer("trip1", "trip2", "--mask", "masks/IMG_1.png", "--output", "all").code == 0
    # So are two formats of one photo.
    Image.open(here / "trip1" / "IMG_1.png").convert("RGB").save(here / "trip1" / "IMG_1.jpg")
    assert infer("trip1", "--mask", "masks", "--output", "both").code == 0


def test_alpha_as_mask(infer, here: Path) -> None:
    left_half(here / "mask.png", (20, 33))
    photo = Image.open("dog.png").convert("RGB")
    photo.putalpha(Image.open("mask.png").point([max(level, 1) for level in range(256)]))
    photo.save("cut.png")
    assert infer("cut.png", "--mask", "alpha", "--feather", "0", "--output", "out.png").code == 0
    with Image.open("out.png") as out:
        assert out.mode == "RGBA"
        result = np.asarray(out.convert("RGB"), dtype=int)
    assert np.abs(result[:, 10:] - pixels_of("dog.png")[:, 10:]).max() <= 2
    assert np.abs(result[:, :10] - pixels_of("dog.png")[:, :10]).max() > 20
    assert "dog.png has no alpha channel" in one_line(infer("dog.png", "--mask", "alpha"))


def test_two_styles_in_one_picture(infer, here: Path, other_ckpt: Path) -> None:
    left_half(here / "left.png", (20, 33))
    Image.open("left.png").point(lambda level: 255 - level).save("right.png")
    both = ("--mask", "left.png", "--ckpt", str(other_ckpt), "--mask", "right.png")
    assert infer("dog.png", *both, "--feather", "0", "--output", "out.png").code == 0
    for path, columns in ((None, slice(0, 10)), (other_ckpt, slice(10, 20))):
        alone = {} if path is None else {"ckpt": path}
        assert infer("dog.png", "--output", "alone.png", **alone).code == 0
        assert np.array_equal(pixels_of("out.png")[:, columns], pixels_of("alone.png")[:, columns])


def test_two_styles_need_two_masks(infer, here: Path, other_ckpt: Path) -> None:
    message = one_line(infer("dog.png", "--ckpt", str(other_ckpt)))
    assert "2 styles need 2 masks, not 0" in message
