"""Batches: the same with any number of workers, and held-out photos."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from faststyle.data.sources import open_folder
from tests.support.batches import batches, content_data
from tests.support.pictures import noise_picture


def test_batches_are_the_same_with_and_without_workers(photo_dir: Path) -> None:
    photos = open_folder(photo_dir)
    alone = batches(content_data(photos))
    helped = batches(content_data(photos, num_workers=2))
    assert len(alone) == len(helped) == 3
    for one, other in zip(alone, helped, strict=True):
        assert one.shape == (3, 3, 32, 32)
        assert one.dtype == torch.float32
        assert 0 <= one.min() < one.max() <= 1
        assert torch.equal(one, other)


def test_held_out_photos_are_never_trained_on(tmp_path: Path) -> None:
    """Ten photos, each of one grey: a crop tells which photo it is of."""
    for i in range(10):
        Image.new("RGB", (40, 40), (20 * i,) * 3).save(tmp_path / f"{i}.png")

    def greys(images: Tensor) -> set[int]:
        return {round(image.mean().item() * 255) // 20 for image in images}

    content = content_data(open_folder(tmp_path))
    held_out = greys(content.val_photos())
    trained = set().union(*map(greys, batches(content, steps=8)))  # 24 crops: three epochs
    assert len(held_out) == 2
    assert len(trained) == 8
    assert held_out.isdisjoint(trained)


def test_num_images_takes_a_subset_that_the_seed_decides(photo_dir: Path) -> None:
    photos = open_folder(photo_dir)
    small = content_data(photos, num_images=5)
    assert small.num_photos == 5
    assert len(small.val_photos()) == 1  # at most a fifth
    assert content_data(photos, num_images=100).num_photos == 8


def test_one_photo_is_enough(tmp_path: Path) -> None:
    noise_picture(0).save(tmp_path / "only.png")
    content = content_data(open_folder(tmp_path))
    assert content.val_photos().shape == (1, 3, 32, 32)
    assert [len(batch) for batch in batches(content, steps=2)] == [3, 3]
