"""The bundled style pictures: one for each style, and taken where no painting is given."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.config.style_image import style_image_path
from faststyle.config.train import TrainConfig
from faststyle.files.paths import CONF_DIR, SWATCH_DIR, swatch_of
from faststyle.images.read import load_image
from faststyle.train.inputs import read_style_image
from tests.support.commands import Outcome
from tests.support.pictures import noise_picture

STYLES = sorted(path.stem for path in (CONF_DIR / "style").glob("*.yaml"))


def test_every_style_but_custom_has_a_swatch() -> None:
    swatches = sorted(path.stem for path in SWATCH_DIR.iterdir())
    assert sorted([*swatches, "custom"]) == STYLES
    assert len(swatches) == 10


@pytest.mark.parametrize("name", [name for name in STYLES if name != "custom"])
def test_a_swatch_is_small_and_512_pixels_and_no_blank(name: str) -> None:
    path = SWATCH_DIR / f"{name}.jpg"
    assert path.stat().st_size <= 200_000
    swatch = load_image(path)
    assert max(swatch.size) == 512
    assert min(swatch.size) > 256
    levels = np.asarray(swatch)
    assert (levels.max((0, 1)) - levels.min((0, 1))).min() > 150


def test_the_swatch_is_taken_where_no_painting_is_given(
    make_config: Callable[..., TrainConfig], painting: Path
) -> None:
    config = make_config("style=the_scream", "style.image=null", "style.size=128")
    assert style_image_path(config.style) == SWATCH_DIR / "the_scream.jpg"
    assert max(read_style_image(config).image.size) == 128
    assert style_image_path(make_config().style) == painting


def test_a_run_without_a_painting_says_what_it_takes(
    train_cli: Callable[..., Outcome], smoke_overrides: list[str], tmp_path: Path
) -> None:
    outcome = train_cli(*smoke_overrides, "style=great_wave", "style.image=null")
    assert outcome.code == 0, outcome.err
    (line,) = (line for line in outcome.out.splitlines() if line.startswith("Style image"))
    assert "the bundled swatch of The Great Wave" in line
    assert "style.image=FILE" in line
    style = read_checkpoint(tmp_path / "checkpoints" / "great_wave.safetensors").metadata["style"]
    assert style["image"] == "bundled swatch"
    swatch = SWATCH_DIR / "great_wave.jpg"
    assert style["image_sha256"] == hashlib.sha256(swatch.read_bytes()).hexdigest()


def test_a_run_with_a_painting_says_so(
    train_cli: Callable[..., Outcome], smoke_overrides: list[str], tmp_path: Path
) -> None:
    noise_picture(3).save(tmp_path / "mine.png")
    outcome = train_cli(*smoke_overrides, "style.image=mine.png")
    assert "Style image: mine.png\n" in outcome.out
    style = read_checkpoint(tmp_path / "checkpoints" / "starry_night.safetensors").metadata["style"]
    assert style["image"] == "mine.png"


def test_no_swatch_is_none() -> None:
    assert swatch_of("no_such_style") is None
