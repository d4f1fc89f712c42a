"""Options of infer: strength, colors, sizes, memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faststyle import load_style
from faststyle.images.read import load_image
from faststyle.infer.options import parse_options
from tests.support.pictures import noise_picture, pixels_of, written


def test_strength_0_gives_the_photo_back(infer, here: Path) -> None:
    assert infer("dog.png", "--strength", "0", "--output", "out.png").code == 0
    assert np.array_equal(pixels_of("out.png"), pixels_of("dog.png"))


def test_several_strengths_side_by_side(infer, here: Path) -> None:
    assert infer("dog.png", "--strength", "0,0.5,1", "--output", "strip.png").code == 0
    strip, photo = pixels_of("strip.png"), pixels_of("dog.png")
    assert strip.shape == (33, 3 * 20 + 2, 3)
    assert np.array_equal(strip[:, :20], photo)
    assert infer("dog.png", "--output", "full.png").code == 0
    assert np.array_equal(strip[:, -20:], pixels_of("full.png"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--strength", "3"), "strength: 3 is not between"),
        (("--strength", "much"), "'much' is not a number"),
        (("--strength", "0,,1"), "'' is not a number"),
        (("--stroke-scale", "9"), "stroke_scale: 9 is not between 0.25 and 4"),
        (("--stroke-scale", "0"), "'0' is not above 0"),
        (("--grain", "99"), "grain: 99 is not between 0 (none) and 32 levels"),
        (("--max-size", "0"), "'0' is not a number of pixels"),
        (("--scale", "nan"), "'nan' is not above 0"),
        (("--max-memory", "lots"), "'lots' is not a size such as 3GB"),
        (("--feather", "-1"), "'-1' is not between 0 and 100"),
        (("--invert-mask",), "--invert-mask needs a --mask"),
        (("--mask", "a.png", "--mask", "b.png"), "one style takes one --mask, not 2"),
        (("--mask", "nowhere.png"), "no such picture: nowhere.png"),
    ],
    ids=str,
)
def test_settings_that_cannot_be(arguments, message: str, infer, here: Path) -> None:
    outcome = infer("dog.png", *arguments)
    assert outcome.code == 2
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert not (here / "stylized").exists()


@pytest.mark.parametrize("option", ["--keep-color", "--match-color"])
def test_colors_of_the_photo(option: str, infer, here: Path, ckpt: Path) -> None:
    mode = {"--keep-color": "luminance", "--match-color": "histogram"}[option]
    assert infer("dog.png", option, "--output", "out.png").code == 0
    expected = load_style(ckpt, "cpu")(load_image("dog.png"), keep_color=mode)
    assert np.array_equal(pixels_of("out.png"), np.asarray(expected))
    assert infer("dog.png", "--output", "plain.png").code == 0
    assert not np.array_equal(pixels_of("out.png"), pixels_of("plain.png"))


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        (("--max-size", "20"), (12, 20)),
        (("--max-size", "500"), (20, 33)),
        (("--scale", "2"), (40, 66)),
        (("--scale", "0.001"), (1, 1)),
        (("--stroke-scale", "2"), (20, 33)),
    ],
    ids=str,
)
def test_sizes(arguments, size, infer, here: Path) -> None:
    assert infer("dog.png", *arguments, "--output", "out.png").code == 0
    assert written(here)["out.png"] == size


def test_little_memory_gives_the_same_picture_and_says_how(infer, here: Path) -> None:
    noise_picture(0, 150, 90).save("wide.png")
    assert infer("wide.png", "--output", "whole.png").code == 0
    outcome = infer("wide.png", "--output", "strips.png", "--max-memory", "1MB")
    assert outcome.code == 0
    assert "150 x 90 pixels are stylized in strips of 16 rows" in outcome.err
    assert np.abs(pixels_of("whole.png") - pixels_of("strips.png")).max() <= 1


@pytest.mark.parametrize(
    ("text", "expected"), [("3GB", 3e9), ("800 mb", 8e8), ("1.5GiB", 1.5e9), ("1000", 1000)]
)
def test_amounts_of_memory(text: str, expected: float) -> None:
    assert parse_options(["--ckpt", "x", "p", "--max-memory", text]).max_memory == expected
