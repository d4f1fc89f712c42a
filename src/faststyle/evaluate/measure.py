"""Measure photos: losses, L-BFGS curves, time of a forward pass, artifacts, strokes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from torch import Tensor
from tqdm import tqdm

from faststyle.devices import device_name
from faststyle.errors import UserError
from faststyle.evaluate.artifacts import TILE, artifact_figures
from faststyle.evaluate.curves import STARTS, CurveCache, LbfgsCurve, measure_curve
from faststyle.evaluate.objective import Objective, show_note
from faststyle.evaluate.strokes import viewer_figures
from faststyle.evaluate.yardstick import Bound, iterations_to, score, seconds_per_pass, seconds_to
from faststyle.images.read import load_image
from faststyle.images.tensors import resize_long_edge, to_image, to_tensor
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.rendering.stylizer import Stylizer


@dataclass(frozen=True)
class PhotoMeasurements:
    """Measurements on one photo. Losses and artifacts by name, curves by start.

    `network` holds the losses of the stylized photo, `untouched` those of the photo itself,
    `viewers` the figures that follow viewers.
    """

    name: str
    size: int
    photo: Image.Image
    stylized: Image.Image
    network: dict[str, float]
    untouched: dict[str, float]
    curves: dict[str, LbfgsCurve]
    pass_seconds: float
    device: str
    artifacts: dict[str, dict[str, float]]
    viewers: dict[str, float]

    def equivalent(self, start: str) -> Bound:
        """Iterations of L-BFGS from `start` that reach the network's objective."""
        totals = self.curves[start].losses["total_loss"]
        return iterations_to(totals, self.network["total_loss"])

    def speed_up(self, start: str) -> Bound | None:
        """Time of those iterations over that of a forward pass; None if on different devices."""
        curve, iterations = self.curves[start], self.equivalent(start)
        if curve.device != self.device:
            return None
        seconds = seconds_to(curve.seconds, iterations.value)
        return Bound(seconds / self.pass_seconds, iterations.more)


def measure_photos(
    stylizer: Stylizer,
    objective: Objective,
    cache: CurveCache,
    files: list[Path],
    sizes: list[int],
    iterations: int,
) -> Iterator[PhotoMeasurements]:
    """Measure every photo at every size; print a line for each, with the time left.

    A photo that cannot be used is skipped with a line on stderr.
    """
    jobs = [(size, file) for size in sizes for file in files]
    spent = work = 0.0
    notes: set[str] = set()  # of each photo once, not at every size
    for number, (size, file) in enumerate(jobs, start=1):
        try:
            photo = _load(file, size, notes).to(stylizer.device)
        except UserError as error:
            print(f"evaluate: {error}; skipped", file=sys.stderr)
            continue
        began = time.perf_counter()
        curves, num_measured = _curves(
            objective.perceptual_loss, cache, photo, iterations, f"{size} px {file.name}"
        )
        if num_measured:
            spent += time.perf_counter() - began
            work += num_measured * size**2
        measured = _measure(stylizer, objective, file.name, photo, curves)
        remaining = len(STARTS) * sum(other**2 for other, _ in jobs[number:])
        left = f"; at most {_duration(spent / work * remaining)} left" if work else ""
        worth = ", ".join(f"{measured.equivalent(start)} from {start}" for start in STARTS)
        total = measured.network["total_loss"]
        print(
            f"{number}/{len(jobs)} {size} px {file.name}: objective {total:.4g}, "
            f"worth {worth}{left if number < len(jobs) else ''}",
            flush=True,
        )
        yield measured


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _load(file: Path, size: int, notes: set[str]) -> Tensor:
    def show(note: str) -> None:
        if note not in notes:
            show_note(note)
        notes.add(note)

    photo = to_tensor(resize_long_edge(load_image(file, show=show), size))
    if min(photo.shape[-2:]) < TILE:
        raise UserError(f"{file}: its short side is below {TILE} pixels at size {size}")
    return photo


def _curves(
    perceptual_loss: PerceptualLoss, cache: CurveCache, photo: Tensor, iterations: int, label: str
) -> tuple[dict[str, LbfgsCurve], int]:
    """The curve from every start, and the number of those that were not in the cache."""
    curves: dict[str, LbfgsCurve] = {}
    num_measured = 0
    for start in STARTS:
        curve = cache.load(photo, start, iterations)
        if curve is None:
            # None: no bar where nobody watches.
            bar = tqdm(total=iterations, desc=f"{label} from {start}", leave=False, disable=None)
            with bar:
                curve = measure_curve(perceptual_loss, photo, start, iterations, bar.update)
            cache.save(photo, start, iterations, curve)
            num_measured += 1
        curves[start] = curve
    return curves, num_measured


def _measure(
    stylizer: Stylizer,
    objective: Objective,
    name: str,
    photo: Tensor,
    curves: dict[str, LbfgsCurve],
) -> PhotoMeasurements:
    stylized = stylizer(photo)
    return PhotoMeasurements(
        name=name,
        size=max(photo.shape[-2:]),
        photo=to_image(photo),
        stylized=to_image(stylized),
        network=score(objective.perceptual_loss, stylized, photo),
        untouched=score(objective.perceptual_loss, photo, photo),
        curves=curves,
        pass_seconds=seconds_per_pass(stylizer, photo),
        device=device_name(photo.device),
        artifacts=artifact_figures(stylized, photo),
        viewers=viewer_figures(
            stylized, photo, to_tensor(objective.style_image).to(stylized.device)
        ),
    )
