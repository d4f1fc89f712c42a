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
    assert described["threads"] == torch.get_num_threads()
    assert described["capability"] == torch.backends.cpu.get_cpu_capability()


def test_peak_memory_rises_with_what_is_held_and_stays() -> None:
    before = machine.peak_memory(torch.device("cpu"))
    held = torch.ones(before // 4 + 2**24)  # float32: more bytes than the process held so far
    risen = machine.peak_memory(torch.device("cpu"))
    assert risen >= held.numel() * 4
    del held
    # The kernel adds up pages in batches: within a thousandth.
    assert machine.peak_memory(torch.device("cpu")) >= 0.999 * risen


def test_the_rate_is_that_of_the_faster_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A matrix product of 2048^3 multiply-adds in 2 s, a convolution of 9.36e9 in 1 s."""
    seconds = iter([2.0, 1.0])
    monkeypatch.setattr(machine, "_fastest", lambda job, device: next(seconds))
    rate = machine.measured_rate.__wrapped__(torch.device("cpu"))
    assert rate == 9 * 256**2 * 126**2 > 2048**3 / 2
