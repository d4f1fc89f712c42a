"""Content photos as training batches, the same for any number of loader processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from faststyle.data.crops import Crops
from faststyle.data.loader import RestartingLoader
from faststyle.data.sampler import RunSampler
from faststyle.data.skipped import SkippedPhotos
from faststyle.data.sources import PhotoSource
from faststyle.errors import UserError


def collate(samples: list[tuple[Tensor, list[str]]]) -> tuple[Tensor, list[str]]:
    """Stack the crops of a batch, (N, 3, H, W), and join their lists of skipped photos."""
    photos, skipped = zip(*samples, strict=True)
    return torch.stack(photos), [name for names in skipped for name in names]


class ContentData(pl.LightningDataModule):
    """Batches of content photos, (N, 3, image_size, image_size) float32 in [0, 1].

    Args:
        photos: where they come from.
        num_images: how many photos are used; None for all.
        num_val_images: how many of them, at most a fifth, are held out for validation.
        num_workers: loader processes; None: none beside a CPU that trains, else up to 8.
        seed: fixes which photos are used, their order and their crops.
        max_bad_share: the run ends when more of the photos tried cannot be used.

    `skipped` has a line for each photo that could not be used; `skipped.txt` in the run folder
    gets the same lines during the run.
    """

    def __init__(
        self,
        photos: PhotoSource,
        *,
        image_size: int,
        batch_size: int,
        num_images: int | None,
        num_val_images: int,
        num_workers: int | None,
        seed: int,
        max_bad_share: float,
    ):
        super().__init__()
        self.batch_size, self.num_workers, self.seed = batch_size, num_workers, seed
        self._skipped = SkippedPhotos(max_bad_share)
        self.num_photos = len(photos) if num_images is None else min(num_images, len(photos))
        order = np.random.default_rng(seed).permutation(len(photos))[:num_images]
        held_out = min(num_val_images, max(1, len(order) // 5))
        self._val = self._hold_out(Crops(photos, order, image_size, seed), held_out)
        train = np.delete(order, list(self._val))
        self._train = Crops(photos, train if len(train) else order, image_size, seed)

    @property
    def skipped(self) -> set[str]:
        return self._skipped.reasons

    def val_photos(self) -> Tensor:
        """Center crops of the held-out photos, (N, 3, image_size, image_size) in [0, 1]."""
        return torch.stack(list(self._val.values())).float() / 255

    def _hold_out(self, crops: Crops, count: int) -> dict[int, Tensor]:
        """Center crops of the first `count` usable photos, by their place in the order."""
        found: dict[int, Tensor] = {}
        for item in range(len(crops)):
            try:
                found[item] = crops.center_crop(item)
            except UserError as error:
                self._skipped.count(0, [str(error)])
            else:
                self._skipped.count(1, [])
            if len(found) == count:
                return found
        if not found:
            raise UserError(
                f"none of {len(crops)} photos can be used; the first: {min(self.skipped)}"
            )
        return found

    def setup(self, stage: str) -> None:
        self._list_skipped()

    def _list_skipped(self) -> None:
        logger = self.trainer.logger if self.trainer is not None else None
        if logger is not None and logger.log_dir is not None:
            self._skipped.list_in(Path(logger.log_dir) / "skipped.txt")

    def train_dataloader(self) -> RestartingLoader:
        trainer = self.trainer
        assert trainer is not None
        world, batch = trainer.world_size, self.batch_size
        device, first_step = trainer.strategy.root_device.type, trainer.global_step

        def open_loader(first: int, num_workers: int) -> DataLoader:
            positions = RunSampler(
                len(self._train),
                stop=trainer.max_steps * batch * world,
                seed=self.seed,
                start=(first_step + first) * batch * world,
                rank=trainer.global_rank,
                world=world,
            )
            return DataLoader(
                self._train,
                batch_size=batch,
                sampler=positions,
                num_workers=num_workers,
                collate_fn=collate,
                pin_memory=device == "cuda",
            )

        workers = self.num_workers
        if workers is None:
            # Beside a CPU that trains, a worker only takes its cores: none was measured fastest.
            workers = 0 if device == "cpu" else min(8, os.cpu_count() or 1)
        return RestartingLoader(open_loader, trainer.max_steps, workers)

    def further_batches(self, num_steps: int, max_steps: int) -> Iterator[Tensor]:
        """Batches after those of a run of `max_steps`, for training that follows it.

        Tensors (N, 3, image_size, image_size) float32 in [0, 1].
        """
        start = max_steps * self.batch_size
        stop = start + num_steps * self.batch_size
        keys = list(RunSampler(len(self._train), stop, self.seed, start, rank=0, world=1))
        for first in range(0, len(keys), self.batch_size):
            photos = [self._train[key][0] for key in keys[first : first + self.batch_size]]
            yield torch.stack(photos).float() / 255

    def on_before_batch_transfer(
        self, batch: tuple[Tensor, list[str]], dataloader_idx: int
    ) -> Tensor:
        photos, skipped = batch
        try:
            self._skipped.count(len(photos), skipped)
        finally:
            if skipped:
                self._list_skipped()
        return photos

    def on_after_batch_transfer(self, batch: Tensor, dataloader_idx: int) -> Tensor:
        return batch.float() / 255
