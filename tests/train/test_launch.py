"""Devices, precision and length of a run, resolved from its settings."""

from __future__ import annotations

import copy

import pytest
import torch

from faststyle.train.launch import choose_precision, resolve
from tests.support.runs import compose_config


@pytest.mark.parametrize(
    ("accelerator", "device", "expected"),
    [
        ("auto", "a GPU with bf16", "bf16"),
        ("gpu", "a GPU without bf16", "32"),
        ("auto", "an Apple GPU", "32"),
        ("auto", "avx512_bf16", "bf16"),
        ("cpu", "amx_bf16", "bf16"),
        ("cpu", "avx512", "32"),
        ("cpu", "a GPU with bf16", "32"),
    ],
)
def test_automatic_precision_follows_the_device(
    accelerator: str, device: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def has_bf16(including_emulation: bool) -> bool:
        assert not including_emulation
        return device == "a GPU with bf16"

    monkeypatch.setattr(torch.cuda, "is_available", lambda: device.startswith("a GPU"))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", has_bf16)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: device == "an Apple GPU")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {device: True}, raising=False)
    overrides = ("trainer.precision=auto", f"trainer.accelerator={accelerator}")
    settings = compose_config("experiment=smoke", *overrides).trainer
    assert choose_precision(settings) == expected
    settings.precision = "16"
    assert choose_precision(settings) == "16"


@pytest.mark.parametrize(("images", "batch", "steps"), [(10, 2, 5), (11, 2, 6), (1, 4, 1)])
def test_a_length_in_images_becomes_one_in_steps(images: int, batch: int, steps: int) -> None:
    config = compose_config(
        "experiment=smoke", f"trainer.max_images={images}", f"data.batch_size={batch}"
    )
    launch = resolve(config)
    assert launch.config.trainer.max_steps == steps == launch.arguments["max_steps"]


def test_resolving_leaves_the_settings_as_they_are() -> None:
    config = compose_config("experiment=smoke", "trainer.precision=auto", "trainer.max_images=10")
    before = copy.deepcopy(config)
    resolve(config)
    assert config == before
