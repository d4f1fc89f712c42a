"""Content photos as training batches: shuffled, seeded, cropped, the same for any loader."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from faststyle.crops import Crops
from faststyle.errors import UserError, check_choice
from faststyle.photos import SOURCES, Photos, open_folder, open_hub
from faststyle.synthetic import SyntheticPhotos


def open_photos(
    source: str,
    path: str | None,
    split: str | None,
    *,
    num_images: int | None,
    seed: int,
    size: int,
) -> Photos:
    """Content photos from a source; errors name what was found where."""
    check_choice("data.source", source, SOURCES)
    if source == "synthetic":
        return SyntheticPhotos(num_images or 2000, seed, size)
    if source == "folder":
        return open_folder(Path(str(path)))
    return open_hub(str(path), str(split), num_images)


class Positions(Sampler):
    """(position, photo) for positions start, start + 1, ...: a new shuffle of all photos an epoch.

    Its length is that of the whole run, also when it starts in the middle: so Lightning, told to
    resume at step k of n, still sees n steps.
    """

    def __init__(self, num_photos: int, stop: int, seed: int, start: int, rank: int, world: int):
        self.num_photos, self.stop, self.seed = num_photos, stop, seed
        self.start, self.rank, self.world = start, rank, world

    def __len__(self) -> int:
        return self.stop // self.world

    def __iter__(self) -> Iterator[tuple[int, int]]:
        epoch, order = -1, np.empty(0, dtype=int)
        for position in range(self.start + self.rank, self.stop, self.world):
            if position // self.num_photos != epoch:
                epoch = position // self.num_photos
                order = np.random.default_rng([self.seed, epoch]).permutation(self.num_photos)
            yield position, int(order[position % self.num_photos])


def collate(samples: list[tuple[Tensor, list[str]]]) -> tuple[Tensor, list[str]]:
    photos, skipped = zip(*samples, strict=True)
    return torch.stack(photos), [name for names in skipped for name in names]


class ContentData(pl.LightningDataModule):
    """Batches of content photos, (N, 3, image_size, image_size) float32 in [0, 1].

    `num_val_images` photos (at most a fifth of all) are held out and never trained on.
    `skipped` names the photos that could not be used, with the reason.
    """

    def __init__(
        self,
        photos: Photos,
        *,
        image_size: int,
        batch_size: int,
        num_images: int | None,
        num_val_images: int,
        num_workers: int | None,
        seed: int,
    ):
        super().__init__()
        self.batch_size, self.num_workers, self.seed = batch_size, num_workers, seed
        self.skipped: set[str] = set()
        self.num_photos = len(photos) if num_images is None else min(num_images, len(photos))
        order = np.random.default_rng(seed).permutation(len(photos))[:num_images]
        held_out = min(num_val_images, max(1, len(order) // 5))
        self._val = self._hold_out(Crops(photos, order, image_size, seed), held_out)
        train = np.delete(order, list(self._val))
        self._train = Crops(photos, train if len(train) else order, image_size, seed)

    def val_photos(self) -> Tensor:
        """The held-out photos, centre crops, float32 in [0, 1]."""
        return torch.stack(list(self._val.values())).float() / 255

    def _hold_out(self, crops: Crops, count: int) -> dict[int, Tensor]:
        """The first `count` photos that can be used, by their place in the order."""
        found: dict[int, Tensor] = {}
        for item in range(len(crops)):
            try:
                found[item] = crops.centre_crop(item)
            except UserError as error:
                self.skipped.add(str(error))
            if len(found) == count:
                return found
        if not found:
            raise UserError(
                f"none of {len(crops)} photos can be used; the first: {min(self.skipped)}"
            )
        return found

    def train_dataloader(self) -> DataLoader:
        trainer = self.trainer
        assert trainer is not None
        world, batch = trainer.world_size, self.batch_size
        positions = Positions(
            len(self._train),
            stop=trainer.max_steps * batch * world,
            seed=self.seed,
            start=trainer.global_step * batch * world,
            rank=trainer.global_rank,
            world=world,
        )
        workers = self.num_workers
        if workers is None:
            # Beside a CPU that trains, a worker only takes its cores: measured, none is fastest.
            on_cpu = trainer.strategy.root_device.type == "cpu"
            workers = 0 if on_cpu else min(8, os.cpu_count() or 1)
        return DataLoader(
            self._train,
            batch_size=batch,
            sampler=positions,
            num_workers=workers,
            collate_fn=collate,
            pin_memory=trainer.strategy.root_device.type == "cuda",
            persistent_workers=workers > 0,
        )

    def on_before_batch_transfer(
        self, batch: tuple[Tensor, list[str]], dataloader_idx: int
    ) -> Tensor:
        photos, skipped = batch
        self.skipped.update(skipped)
        return photos

    def on_after_batch_transfer(self, batch: Tensor, dataloader_idx: int) -> Tensor:
        return batch.float() / 255
