"""What distill_loss_network.py shows the student: photos, spoilt photos, and pictures on their way.

A loss network is asked about the outputs of a transform network in training. Stand-ins for these
are photos that are drawn, a few gradient steps at a time, towards the style of another picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from faststyle.data.crops import crop
from faststyle.images.formats import list_pictures
from faststyle.images.read import load_image
from faststyle.images.tensors import to_tensor

LIFETIMES = (1, 2, 4, 8, 16)  # visits before a chain starts anew
PHOTO_ZOOM, PAINTING_ZOOM = 2.0, 5.0  # a crop shows down to 1 / zoom of the short side


@dataclass
class Chain:
    """One picture on its way from a photo to a style. Pictures are (1, 3, S, S) in [0, 1]."""

    picture: Tensor
    photo: Tensor
    style: Tensor
    targets: tuple[Tensor, dict[str, Tensor]]  # the teacher's content features, Gram matrices
    visits_left: int
    follows_student: bool


class Chains:
    """A pool of chains; `targets(photo, style)` asks the teacher, once a chain."""

    def __init__(
        self,
        photos: Path,
        paintings: list[Path],
        *,
        size: int,
        pool: int,
        targets: Callable[[Tensor, Tensor], tuple[Tensor, dict[str, Tensor]]],
        rng: np.random.Generator,
    ):
        self.photos = list_pictures(photos)
        self.paintings = [load_image(path) for path in paintings]
        self.size, self.targets, self.rng = size, targets, rng
        self.pool = [self._start() for _ in range(pool)]

    def draw(self, count: int) -> list[Chain]:
        """Different chains of the pool, those that have come to their end replaced by new ones."""
        chosen = self.rng.choice(len(self.pool), count, replace=False)
        for i in chosen:
            if self.pool[i].visits_left == 0:
                self.pool[i] = self._start()
            self.pool[i].visits_left -= 1
        return [self.pool[i] for i in chosen]

    def pictures(self, count: int) -> Tensor:
        """Pictures of every kind, spoilt now and then, (count, 3, S, S)."""
        kinds = [
            self._painting if self.paintings and i % 4 == 0 else self._photo for i in range(count)
        ]
        return torch.cat([self._spoil(kind()) for kind in kinds])

    def move(self, chain: Chain, gradient: Tensor) -> None:
        """One step down `gradient`: large ones count by sign, so that few steps go far."""
        step = gradient / (gradient.abs() + gradient.square().mean().sqrt() + 1e-20)
        rate = float(np.exp(self.rng.uniform(np.log(0.01), np.log(0.08))))
        chain.picture = (chain.picture - rate * step).clamp(0, 1)

    def _start(self) -> Chain:
        photo, rng = self._photo(), self.rng
        is_painting = self.paintings and rng.uniform() < 0.6
        style = self._painting() if is_painting else self._spoil(self._photo())
        return Chain(
            picture=self._spoil(photo),
            photo=photo,
            style=style,
            targets=self.targets(photo, style),
            visits_left=int(rng.choice(LIFETIMES)),
            follows_student=rng.uniform() < 0.5,
        )

    def _photo(self) -> Tensor:
        return self._crop(load_image(self.photos[self.rng.integers(len(self.photos))]), PHOTO_ZOOM)

    def _painting(self) -> Tensor:
        return self._crop(self.paintings[self.rng.integers(len(self.paintings))], PAINTING_ZOOM)

    def _crop(self, image, most: float) -> Tensor:
        zoom = float(np.exp(self.rng.uniform(0, np.log(most))))
        picture = to_tensor(crop(image, self.size, zoom, *self.rng.uniform(0, 1, 2)))
        return picture.flip(3) if self.rng.uniform() < 0.5 else picture

    def _spoil(self, picture: Tensor) -> Tensor:
        """Each fault now and then: blend, other colours, blur, noise."""
        rng = self.rng
        if rng.uniform() < 0.2:
            other = self._painting() if self.paintings else self._photo()
            picture = torch.lerp(picture, other, rng.uniform(0.2, 0.8))
        if rng.uniform() < 0.3:
            mixing = torch.eye(3) + torch.from_numpy(rng.normal(0, 0.2, (3, 3))).float()
            shift = torch.from_numpy(rng.normal(0, 0.1, (3, 1, 1))).float()
            picture = torch.einsum("ij,njhw->nihw", mixing, picture - 0.5) + 0.5 + shift
        if rng.uniform() < 0.2:
            small = F.interpolate(picture, scale_factor=rng.uniform(0.2, 0.7), mode="area")
            picture = F.interpolate(small, picture.shape[2:], mode="bilinear")
        if rng.uniform() < 0.3:
            noise = torch.from_numpy(rng.normal(0, 1, tuple(picture.shape))).float()
            picture = picture + rng.uniform(0.02, 0.25) * noise
        return picture.clamp(0, 1)
