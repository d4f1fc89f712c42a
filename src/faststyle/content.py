"""Content photos as training batches: shuffled, seeded, cropped, the same for any loader."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from faststyle.errors import UserError, check_choice
from faststyle.images import to_uint8_tensor
from faststyle.photos import SOURCES, Photos, open_folder, open_hub
from faststyle.synthetic import SyntheticPhotos

ZOOM = 1.25  # a crop shows between 1 / ZOOM of the photo's short side and all of it
LONGEST_ASPECT = 5.0  # beyond it a photo is a banner or a strip, and a crop shows nothing
SMALLEST_SIDE = 32  # smaller pictures are icons: blown up they teach the network blur


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


class Crops(Dataset):
    """Random square crops, by (position in the run, photo): position fixes the randomness.

    Gives (3, size, size) uint8 and the names of photos that had to be skipped on the way.
    """

    def __init__(self, photos: Photos, indices: np.ndarray, size: int, seed: int):
        self.photos, self.indices, self.size, self.seed = photos, indices, size, seed

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, list[str]]:
        position, item = key
        rng = np.random.default_rng([self.seed, position])
        photo, skipped = self._load_next(item)
        return to_uint8_tensor(random_crop(photo, self.size, rng)), skipped

    def centre_crop(self, item: int) -> Tensor:
        return to_uint8_tensor(crop(self._load(item), self.size, zoom=1.0, across=0.5, down=0.5))

    def _load_next(self, item: int) -> tuple[Image.Image, list[str]]:
        """The photo at `item`, or the next one that can be used, and the names of those before."""
        skipped: list[str] = []
        for offset in range(len(self)):
            try:
                return self._load((item + offset) % len(self)), skipped
            except UserError as error:
                skipped.append(str(error))
        raise UserError(f"none of {len(self)} photos can be used; the first: {skipped[0]}")

    def _load(self, item: int) -> Image.Image:
        index = int(self.indices[item])
        try:
            photo = self.photos.load(index, min_side=int(self.size * ZOOM))
            reject_odd_shape(photo)
        except UserError as error:
            raise UserError(f"{self.photos.name(index)}: {error}") from error
        return photo


def reject_odd_shape(photo: Image.Image) -> None:
    short, long = sorted(photo.size)
    if short < SMALLEST_SIDE or long > LONGEST_ASPECT * short:
        raise UserError(f"{photo.width} x {photo.height} pixels is too small or too narrow")


def crop(photo: Image.Image, size: int, zoom: float, across: float, down: float) -> Image.Image:
    """A square of 1/zoom of the short side, at `across` and `down` in 0..1, scaled to `size`."""
    side = min(photo.size) / zoom
    left, top = (photo.width - side) * across, (photo.height - side) * down
    box = (left, top, left + side, top + side)
    return photo.resize((size, size), Image.Resampling.BICUBIC, box=box)


def random_crop(photo: Image.Image, size: int, rng: np.random.Generator) -> Image.Image:
    zoom = rng.uniform(1.0, ZOOM)
    cropped = crop(photo, size, zoom, *rng.uniform(0.0, 1.0, 2))
    return cropped.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.uniform() < 0.5 else cropped


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
