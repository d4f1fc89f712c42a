"""Choosing the precision."""

from __future__ import annotations

from faststyle.train.launch import choose_precision
from tests.support.runs import compose_config


def test_automatic_precision_is_one_that_the_device_has() -> None:
    settings = compose_config(["experiment=smoke", "trainer.precision=auto"]).trainer
    assert choose_precision(settings) in ("32", "bf16")
    settings.precision = "16"
    assert choose_precision(settings) == "16"
