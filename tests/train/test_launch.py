"""Devices, precision and length of a run, resolved from its settings."""

from __future__ import annotations

import copy

import pytest

from faststyle.train.launch import resolve
from tests.support.runs import compose_config


def test_automatic_precision_is_one_that_the_device_has() -> None:
    launch = resolve(compose_config(["experiment=smoke", "trainer.precision=auto"]))
    assert launch.config.trainer.precision in ("32", "bf16")
    assert resolve(compose_config(["experiment=smoke"])).config.trainer.precision == "32"


@pytest.mark.parametrize(("images", "batch", "steps"), [(10, 2, 5), (11, 2, 6), (1, 4, 1)])
def test_a_length_in_images_becomes_one_in_steps(images: int, batch: int, steps: int) -> None:
    config = compose_config(
        ["experiment=smoke", f"trainer.max_images={images}", f"data.batch_size={batch}"]
    )
    launch = resolve(config)
    assert launch.config.trainer.max_steps == steps == launch.arguments["max_steps"]


def test_resolving_leaves_the_settings_as_they_are() -> None:
    config = compose_config(["experiment=smoke", "trainer.precision=auto", "trainer.max_images=10"])
    before = copy.deepcopy(config)
    resolve(config)
    assert config == before
