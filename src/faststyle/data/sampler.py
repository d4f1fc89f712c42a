"""The order of photos in a run: fixed by the seed, and resumable at any step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler


class RunSampler(Sampler):
    """Yields (position in the run, photo); every epoch is a new shuffle of all photos.

    Its length is that of the whole run even when it starts in the middle: Lightning, resuming at
    step k of n, must still see n steps.

    Args:
        num_photos: in an epoch.
        stop: positions of the whole run, over all processes.
        start: the first position.
        rank, world: this process takes every `world`-th position.
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
