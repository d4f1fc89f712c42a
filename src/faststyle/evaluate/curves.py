"""Curves of L-BFGS on the pixels of a photo, measured once and cached.

A curve is stored as `<key>.json` (settings, losses and seconds by iteration) and `<key>.png` (the
last picture). The key hashes everything that a curve depends on: the pixels of the photo and of
the style image, the loss, the loss network and its weights, the start, the iterations. So all
checkpoints of the same objective share a curve.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from faststyle.devices import device_name
from faststyle.files.atomic import atomic_write
from faststyle.images.read import load_image
from faststyle.images.tensors import to_image
from faststyle.images.write import save_image
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.optimize.pixels import Iterate, noise_like, optimize_pixels

FORMAT = 1
STARTS = ("noise", "content")
LOSSES = ("content_loss", "style_loss", "total_loss")
HISTORY = 100  # iterations that L-BFGS remembers, as in Johnson's code
NOISE_SEED = 0


@dataclass(frozen=True)
class LbfgsCurve:
    """`losses[name][i]` and `seconds[i]` after i iterations on `device`, and the last picture."""

    losses: dict[str, list[float]]
    seconds: list[float]
    device: str
    picture: Image.Image


def lbfgs_iterates(
    perceptual_loss: PerceptualLoss, photo: Tensor, start: str, iterations: int
) -> Iterator[Iterate]:
    """Optimize the pixels by L-BFGS from `start`, one of STARTS.

    `photo` is (1, 3, H, W) in [0, 1]. Yields the start and the picture after each iteration.
    """
    return optimize_pixels(
        perceptual_loss,
        perceptual_loss.content_targets(photo),
        {"noise": noise_like(photo, NOISE_SEED), "content": photo}[start],
        num_steps=iterations,
        optimizer="lbfgs",
        learning_rate=1.0,
        history=HISTORY,
    )


def measure_curve(
    perceptual_loss: PerceptualLoss,
    photo: Tensor,
    start: str,
    iterations: int,
    on_iteration: Callable[[], object],
) -> LbfgsCurve:
    """Record losses and seconds of L-BFGS from `start`, one of STARTS.

    Calls `on_iteration` after each iteration.

    Raises:
        TrainingDiverged: the loss is not a finite number.
    """
    losses: dict[str, list[float]] = {name: [] for name in LOSSES}
    seconds: list[float] = []
    picture = photo
    began = time.perf_counter()
    for iterate in lbfgs_iterates(perceptual_loss, photo, start, iterations):
        seconds.append(time.perf_counter() - began)
        for name in LOSSES:
            losses[name].append(iterate.losses[name])
        picture = iterate.picture
        if iterate.step:
            on_iteration()
    return LbfgsCurve(losses, seconds, device_name(photo.device), to_image(picture))


class CurveCache:
    """Curves of one objective, cached in a folder.

    Args:
        identity: everything that the objective depends on, as plain values.
    """

    def __init__(self, folder: Path, identity: dict[str, Any]):
        self.folder, self.identity = folder, identity

    def load(self, photo: Tensor, start: str, iterations: int) -> LbfgsCurve | None:
        """The curve, or None if it was never measured or its files cannot be read."""
        path = self._path(photo, start, iterations)
        try:
            curve = json.loads(path.read_text())["curve"]
            return LbfgsCurve(**curve, picture=load_image(path.with_suffix(".png")))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, photo: Tensor, start: str, iterations: int, curve: LbfgsCurve) -> None:
        path = self._path(photo, start, iterations)
        save_image(curve.picture, path.with_suffix(".png"))
        measured = {key: value for key, value in vars(curve).items() if key != "picture"}
        settings = {"format": FORMAT, "start": start, "iterations": iterations}
        text = json.dumps({**settings, "objective": self.identity, "curve": measured})
        with atomic_write(path) as partial:
            partial.write_text(text)

    def _path(self, photo: Tensor, start: str, iterations: int) -> Path:
        settings = [
            FORMAT,
            HISTORY,
            NOISE_SEED,
            start,
            iterations,
            self.identity,
            fingerprint(photo),
        ]
        text = json.dumps(settings, sort_keys=True)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"


def fingerprint(picture: Tensor) -> str:
    """SHA-256 of a picture's size and pixels."""
    image = to_image(picture)
    return hashlib.sha256(repr(image.size).encode() + image.tobytes()).hexdigest()
