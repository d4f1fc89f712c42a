"""The benchmark's plain baseline computes what faststyle computes: its ratios compare equals."""

from __future__ import annotations

import pytest
import torch

from scripts.benchmarks import contender as timing
from scripts.benchmarks import machine


@pytest.fixture
def contender() -> timing.Contender:
    return timing.Contender("ours", torch.device("cpu"), None, width=4)


def test_same_pictures(contender: timing.Contender) -> None:
    assert contender.compare_stylize((2, 40, 52)) < 1e-5


def test_same_losses_and_gradients(contender: timing.Contender) -> None:
    contender.prepare_training()
    loss, gradient = contender.compare_training(side=48)
    assert loss < 1e-5
    assert 0 < gradient < 1e-2


def test_a_curve_falls(contender: timing.Contender) -> None:
    contender.prepare_training()
    losses = contender.curve(steps=6, side=32)
    assert len(losses) == 6
    assert losses[-1] < losses[0]


def test_floor_counts_the_plain_arithmetic(
    contender: timing.Contender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "measured_rate", lambda device: 1.0)
    sides, width = 40 * 40, 4
    by_layer = [
        3 * width * 81, width * 2 * width * 9 / 4, 2 * width * 4 * width * 9 / 16,
        10 * (4 * width) ** 2 * 9 / 16, 4 * width * 2 * width * 9 / 4, 2 * width * width * 9,
        width * 3 * 81,
    ]  # fmt: skip
    assert contender.floor("stylize", (1, 40, 40)) == pytest.approx(sides * sum(by_layer))


def test_machine_is_described() -> None:
    described = machine.describe_machine(torch.device("cpu"))
    assert described["torch"] == torch.__version__
    assert machine.peak_memory(torch.device("cpu")) > 50e6
    assert machine.measured_rate(torch.device("cpu")) > 1e8
