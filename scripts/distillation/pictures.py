"""The pictures of the distillation: photos, degraded photos, and partly stylized ones.

In use a loss network sees the outputs of a transform network in training. Chains imitate those: a
few gradient steps at a time move a photo toward the style of another picture.
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

LIFETIMES = (1, 2, 4, 8, 16)  # draws before a chain is replaced
PHOTO_ZOOM, STYLE_ZOOM = 2.0, 5.0  # a crop spans at least 1 / zoom of the short side


@dataclass
class Chain:
    """A picture between a photo and a style. Pictures are (1, 3, S, S) in [0, 1]."""

    picture: Tensor
    content: Tensor
    style: Tensor
    targets: tuple[Tensor, dict[str, Tensor]]  # the teacher's content features and Gram matrices
    visits_left: int
    follows_student: bool


class Chains:
    """A pool of chains.

    Args:
        photos: a folder.
        style_images: files; without any, photos serve as styles.
        size: side of all pictures, pixels.
        pool: number of chains.
        targets: maps content and style of a new chain to its targets.
        rng: the source of every random choice.
    """

    def __init__(
        self,
        photos: Path,
        style_images: list[Path],
        *,
        size: int,
        pool: int,
        targets: Callable[[Tensor, Tensor], tuple[Tensor, dict[str, Tensor]]],
        rng: np.random.Generator,
    ):
        self.photos = list_pictures(photos)
        self.style_images = [load_image(path) for path in style_images]
        self.size, self.targets, self.rng = size, targets, rng
        self.pool = [self._start() for _ in range(pool)]

    def draw(self, count: int) -> list[Chain]:
        """Return `count` different chains; replace those among them that reached their lifetime."""
        chosen = self.rng.choice(len(self.pool), count, replace=False)
        for i in chosen:
            if self.pool[i].visits_left == 0:
                self.pool[i] = self._start()
            self.pool[i].visits_left -= 1
        return [self.pool[i] for i in chosen]

    def pictures(self, count: int) -> Tensor:
        """Return pictures of every kind, some of them degraded, (count, 3, S, S) in [0, 1]."""
        kinds = [
            self._style_image if self.style_images and i % 4 == 0 else self._photo
            for i in range(count)
        ]
        return torch.cat([self._degrade(kind()) for kind in kinds])

    def move(self, chain: Chain, gradient: Tensor) -> None:
        """Move the picture down `gradient`; large values count by their sign only."""
        step = gradient / (gradient.abs() + gradient.square().mean().sqrt() + 1e-20)
        rate = float(np.exp(self.rng.uniform(np.log(0.01), np.log(0.08))))
        chain.picture = (chain.picture - rate * step).clamp(0, 1)

    def _start(self) -> Chain:
        content, rng = self._photo(), self.rng
        from_style_image = self.style_images and rng.uniform() < 0.6
        style = self._style_image() if from_style_image else self._degrade(self._photo())
        return Chain(
            picture=self._degrade(content),
            content=content,
            style=style,
            targets=self.targets(content, style),
            visits_left=int(rng.choice(LIFETIMES)),
            follows_student=rng.uniform() < 0.5,
        )

    def _photo(self) -> Tensor:
        return self._crop(load_image(self.photos[self.rng.integers(len(self.photos))]), PHOTO_ZOOM)

    def _style_image(self) -> Tensor:
        chosen = self.rng.integers(len(self.style_images))
        return self._crop(self.style_images[chosen], STYLE_ZOOM)

    def _crop(self, image, most: float) -> Tensor:
        zoom = float(np.exp(self.rng.uniform(0, np.log(most))))
        picture = to_tensor(crop(image, self.size, zoom, *self.rng.uniform(0, 1, 2)))
        return picture.flip(3) if self.rng.uniform() < 0.5 else picture

    def _degrade(self, picture: Tensor) -> Tensor:
        """Apply each at random: a blend, other colors, blur, noise."""
        rng = self.rng
        if rng.uniform() < 0.2:
            other = self._style_image() if self.style_images else self._photo()
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
