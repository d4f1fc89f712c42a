"""The filter that calms what is still in a clip."""

from __future__ import annotations

import torch

from faststyle.video.steady import CHANGE, Steady

NOISE = 0.012  # RMS, 3 levels


def still(count: int) -> list[torch.Tensor]:
    """Frames of one picture, each with other noise."""
    generator = torch.Generator().manual_seed(3)
    picture = torch.rand(1, 3, 24, 32, generator=generator)
    return [picture + NOISE * torch.randn(picture.shape, generator=generator) for _ in range(count)]


def rms(difference: torch.Tensor) -> float:
    return float(difference.square().mean().sqrt())


def test_noise_of_a_still_clip_is_taken_away() -> None:
    frames = still(40)
    steady = Steady(0.95)
    calm = [steady(frame) for frame in frames]
    assert rms(calm[-1] - calm[-2]) < 0.15 * rms(frames[-1] - frames[-2])
    # Toward the picture, not toward anything else.
    assert rms(calm[-1] - torch.stack(frames).mean(0)) < 0.5 * NOISE


def test_a_cut_begins_anew() -> None:
    steady = Steady(0.95)
    for frame in still(5):
        steady(frame)
    other = 1 - still(1)[0].roll(7, -1)
    assert rms(steady(other) - other) < 0.01


def test_what_moves_does_not_trail() -> None:
    """Behind a bright bar on dark ground no pixel lags by much more than CHANGE."""
    steady = Steady(0.95)
    for x in range(20):
        frame = torch.zeros(1, 3, 16, 40)
        frame[..., x : x + 6] = 0.8
        assert float((steady(frame) - frame).abs().max()) < 3 * CHANGE


def test_zero_changes_nothing_and_another_size_begins_anew() -> None:
    frames = still(3)
    off = Steady(0)
    assert all(off(frame) is frame for frame in frames)
    steady = Steady(0.95)
    steady(frames[0])
    small = frames[1][..., :8, :8]
    assert steady(small) is small
