"""Measure a clip: flicker where it is still, warping error where it moves, sharpness, speed.

Flicker is measured where the clip itself does not change, since a change that nothing explains is
what viewers see. The warping error follows what moves, as Lai et al. 2018, section 4.2, do.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from faststyle.errors import UserError
from faststyle.evaluate.flow import WINDOW, gradients, optical_flow, visible, warp
from faststyle.files.atomic import atomic_write
from faststyle.images.color import luminance
from faststyle.images.formats import list_pictures
from faststyle.images.tensors import to_tensor
from faststyle.video.clip import Span
from faststyle.video.reading import open_clip
from faststyle.video.steady import local_mean

STILL = 0.25  # pixels a frame: noise alone makes flow of this length
MOVING = 0.5
SAME_LIGHT = 1.5 / 255  # mean change of luminance in a window; noise cancels out, light does not
CLIP = "the clip itself"
Way = Callable[[Tensor], Tensor]  # (1, 3, H, W) in [0, 1] to a frame of the same shape


@dataclass(frozen=True)
class ClipFigures:
    """What was measured of a clip, or of one way to stylize it.

    Attributes:
        flicker: RMS change from frame to frame where the clip is still, in levels of 255.
        warping_error: RMS change along the motion where the clip moves, in levels of 255.
        sharpness: mean magnitude of the luminance's gradient, in levels a pixel.
        frames_per_second: of the clip itself None.
    """

    flicker: float | None
    warping_error: float | None
    sharpness: float
    frames_per_second: float | None


@dataclass(frozen=True)
class ClipMeasurements:
    """Figures of the clip itself (CLIP) and of each way; shares of still and moving pixels."""

    frames: int
    still: float
    moving: float
    figures: dict[str, ClipFigures]


@dataclass
class _Sums:
    still: float = 0.0
    moving: float = 0.0
    gradient: float = 0.0
    seconds: float = 0.0


@torch.inference_mode()
def measure_clip(frames: Iterable[Tensor], ways: Mapping[str, Way]) -> ClipMeasurements:
    """Stylize a clip in several ways and measure each; two frames are in memory at a time.

    Args:
        frames: (1, 3, H, W) in [0, 1], in their order.
        ways: by name. Each sees every frame once, in order, and may keep what it has seen.

    Raises:
        UserError: there are fewer than two frames.
    """
    sums = {name: _Sums() for name in (CLIP, *ways)}
    pixels = still_pixels = moving_pixels = 0.0
    count = 0
    before: dict[str, Tensor] = {}
    for frame in frames:
        now = {CLIP: frame}
        for name, way in ways.items():
            began = time.perf_counter()
            now[name] = way(frame).clamp(0, 1)
            float(now[name][0, 0, 0, 0])  # a GPU is not done before its result is fetched
            # The first call is not warm.
            sums[name].seconds += time.perf_counter() - began if count else 0.0
        for name, picture in now.items():
            across, down = gradients(luminance(picture))
            sums[name].gradient += float(torch.hypot(across, down).mean())
        if before:
            flow, still, moving = _motion(before[CLIP], frame)
            pixels += still.numel()
            still_pixels += float(still.sum())
            moving_pixels += float(moving.sum())
            for name, picture in now.items():
                change = (picture - before[name]).square().mean(1, keepdim=True)
                sums[name].still += float((change * still).sum())
                change = (warp(picture, flow) - before[name]).square().mean(1, keepdim=True)
                sums[name].moving += float((change * moving).sum())
        before = now
        count += 1
    if count < 2:
        raise UserError(f"--video: flicker needs two frames, and there is {count or 'none'}")
    figures = {
        name: ClipFigures(
            _rms(sum.still, still_pixels),
            _rms(sum.moving, moving_pixels),
            255 * sum.gradient / count,
            None if name == CLIP else (count - 1) / sum.seconds,
        )
        for name, sum in sums.items()
    }
    return ClipMeasurements(count, still_pixels / pixels, moving_pixels / pixels, figures)


def _motion(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The flow from frame to frame, and where the clip is still and where it moves, as 0 and 1."""
    one, other = luminance(first), luminance(second)
    flow = optical_flow(one, other)
    length = flow.norm(dim=1, keepdim=True)
    still = (length < STILL) & (local_mean(other - one, WINDOW).abs() < SAME_LIGHT)
    moving = (length >= MOVING) & visible(flow, optical_flow(other, one))
    return flow, still.float(), moving.float()


def _rms(total: float, pixels: float) -> float | None:
    return 255 * math.sqrt(total / pixels) if pixels else None


def read_frames(
    path: Path, size: int, most: int, device: torch.device | str = "cpu"
) -> Iterator[Float[Tensor, "1 3 h w"]]:
    """The first frames of a clip, or of a folder of pictures, as (1, 3, H, W) in [0, 1].

    Args:
        size: long edge in pixels; a clip is not enlarged.
        most: how many frames at most.

    Raises:
        UserError: it cannot be read.
    """
    pictures = list_pictures(path) if path.is_dir() else []
    with closing(open_clip(path, Span(), pictures)) as clip:
        factor = min(1, size / max(clip.size))
        width, height = (max(1, round(side * factor)) for side in clip.size)
        for frame in islice(clip.frames((width, height)), most):
            yield to_tensor(Image.fromarray(frame.pixels)).to(device)


def write_results(folder: Path, measured: ClipMeasurements, about: Mapping[str, Any]) -> Path:
    """Write results.json into `folder`, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.json"
    with atomic_write(path) as file:
        file.write_text(json.dumps({**about, **asdict(measured)}, indent=2) + "\n")
    return path


def clip_table(title: str, measured: ClipMeasurements, reference: str) -> str:
    """The figures as text; sharpness as a share of that of the way named `reference`."""
    lines = [title, f"{'':<18}{'flicker':>10}{'moving':>10}{'sharpness':>11}{'frames/s':>10}"]
    whole = measured.figures[reference].sharpness
    for name, found in measured.figures.items():
        sharp = "-" if name == CLIP else f"{found.sharpness / whole:.1%}"
        speed = "-" if found.frames_per_second is None else f"{found.frames_per_second:.2f}"
        lines.append(
            f"{name:<18}{_level(found.flicker):>10}{_level(found.warping_error):>10}"
            f"{sharp:>11}{speed:>10}"
        )
    lines.append(
        f"RMS in levels of 255: flicker on the {measured.still:.0%} of pixels that are still, "
        f"warping error on the {measured.moving:.0%} that move"
    )
    return "\n".join(lines)


def _level(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
