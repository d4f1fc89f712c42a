"""Drawn pictures: seeded, varied, and with the statistics of photos."""

from __future__ import annotations

import numpy as np
import torch

from faststyle.data.synthetic import SyntheticPhotos
from tests.support.batches import batches, content_data


def test_synthetic_photos_are_seeded_and_varied() -> None:
    def drawn(seed: int) -> list[np.ndarray]:
        photos = SyntheticPhotos(num_images=6, seed=seed, size=48)
        assert len(photos) == 6
        return [np.asarray(photos.load(i)) for i in range(len(photos))]

    first, again, other = drawn(0), drawn(0), drawn(1)
    assert all(picture.shape == (48, 48, 3) for picture in first)
    assert all(map(np.array_equal, first, again))
    assert not any(map(np.array_equal, first, other))
    for i in range(6):
        assert first[i].std() > 5  # something is drawn in it
        assert not any(np.array_equal(first[i], first[j]) for j in range(i))


def test_drawn_batches_are_the_same_with_and_without_workers() -> None:
    alone, helped, other = (
        batches(content_data(SyntheticPhotos(9, seed, 32), num_workers=workers), steps=2)
        for seed, workers in ((0, 0), (0, 2), (1, 0))
    )
    assert len(alone) == len(helped) == 2
    for one, two, three in zip(alone, helped, other, strict=True):
        assert one.shape == (3, 3, 32, 32)
        assert torch.equal(one, two)
        assert not torch.equal(one, three)


def test_drawn_pictures_are_as_large_as_asked() -> None:
    photos = SyntheticPhotos(num_images=1, seed=0, size=40)
    assert photos.load(0).size == (40, 40)
    assert photos.load(0, min_side=50).size == (50, 50)


def test_drawn_pictures_have_the_statistics_of_photos() -> None:
    """Ranges around COCO's, measured by scripts.benchmarks.synthetic_statistics."""
    photos = SyntheticPhotos(num_images=24, seed=0, size=128)
    levels = np.stack([np.asarray(photos.load(i)) for i in range(len(photos))]) / 255
    grey = levels.mean(-1)
    assert (levels.mean((0, 1, 2)) > 0.3).all()
    assert (levels.mean((0, 1, 2)) < 0.6).all()
    assert 0.2 < grey.std() < 0.35
    assert 0.6 < np.corrcoef(levels.reshape(-1, 3).T).min() < 0.98
    across = np.diff(grey, axis=2)
    assert 8 < (across**4).mean() / (across**2).mean() ** 2 < 60
    power = (np.abs(np.fft.rfft(grey, axis=2)) ** 2).mean((0, 1))
    frequency = np.arange(2, 49)
    # Along a line the slope is flatter by one than over the plane's frequencies.
    slope = np.polyfit(np.log(frequency), np.log(power[frequency]), 1)[0]
    assert -2.2 < slope < -1.0
