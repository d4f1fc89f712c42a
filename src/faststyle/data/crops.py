"""Random square crops of content photos; photos that cannot be used are replaced by the next."""

from __future__ import annotations

import numpy as np
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from faststyle.data.sources import PhotoSource
from faststyle.errors import UserError, one_line
from faststyle.images.tensors import to_uint8_tensor

ZOOM = 1.25  # a crop shows between 1 / ZOOM of the photo's short side and all of it
LONGEST_ASPECT = 5.0  # beyond it a photo is a banner or a strip, and a crop shows nothing
SMALLEST_SIDE = 32  # smaller pictures are icons: blown up they teach the network blur


class Crops(Dataset):
    """Random square crops, by (position in the run, photo).

    The position and `seed` fix zoom, place and flip, whichever process loads the crop. An item is
    a tensor (3, size, size) uint8 and the reasons of the photos that were skipped for it.

    Args:
        photos: where the photos come from.
        indices: which of them are used, in their order.
        size: side of a crop in pixels.
    """

    def __init__(self, photos: PhotoSource, indices: np.ndarray, size: int, seed: int):
        self.photos, self.indices, self.size, self.seed = photos, indices, size, seed

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, list[str]]:
        position, item = key
        rng = np.random.default_rng([self.seed, position])
        photo, skipped = self._load_next(item)
        return to_uint8_tensor(random_crop(photo, self.size, rng)), skipped

    def center_crop(self, item: int) -> Tensor:
        """The largest square in the middle of a photo, (3, size, size) uint8.

        Raises:
            UserError: the photo cannot be used.
        """
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
        # Decoders and files that vanish raise nearly anything. One photo must not end a run.
        except Exception as error:
            kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
            raise UserError(one_line(f"{self._name(index)}: {kind}{error}")) from error
        return photo

    def _name(self, index: int) -> str:
        try:
            return self.photos.name(index)
        except Exception:  # the name is stored beside the picture and may be damaged with it
            return f"photo {index}"


def reject_odd_shape(photo: Image.Image) -> None:
    """Raise a UserError for icons (SMALLEST_SIDE) and strips (LONGEST_ASPECT)."""
    short, long = sorted(photo.size)
    if short < SMALLEST_SIDE or long > LONGEST_ASPECT * short:
        raise UserError(f"{photo.width} x {photo.height} pixels is too small or too narrow")


def crop(photo: Image.Image, size: int, zoom: float, across: float, down: float) -> Image.Image:
    """Cut out a square of 1/`zoom` of the short side and scale it to `size` pixels.

    `across` and `down`, in 0..1, place it between the left and right, top and bottom edges.
    """
    side = min(photo.size) / zoom
    left, top = (photo.width - side) * across, (photo.height - side) * down
    box = (left, top, left + side, top + side)
    return photo.resize((size, size), Image.Resampling.BICUBIC, box=box)


def random_crop(photo: Image.Image, size: int, rng: np.random.Generator) -> Image.Image:
    """A crop of random zoom (1 to ZOOM) and place, flipped half of the time."""
    zoom = rng.uniform(1.0, ZOOM)
    cropped = crop(photo, size, zoom, *rng.uniform(0.0, 1.0, 2))
    return cropped.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.uniform() < 0.5 else cropped
