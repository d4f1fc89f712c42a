"""ONNX Runtime's pictures beside those of `Stylizer`, which a file must match to be written."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from faststyle.checkpoints.style_checkpoint import StyleCheckpoint
from faststyle.export.graph import INPUT
from faststyle.rendering.stylizer import Stylizer

# (N, H, W): several pictures; sides that are no multiples of 4; fewer pixels than the border.
SIZES = [(2, 96, 128), (1, 257, 331), (1, 7, 5)]
ERRORS_ONLY = 3


def largest_difference(
    path: Path, checkpoint: StyleCheckpoint, strength: float
) -> tuple[float, str]:
    """The largest difference of a value over pictures of SIZES, and the size where it is.

    A value that is not a number counts as infinitely far away.
    """
    stylizer = Stylizer(checkpoint, "cpu")
    session = open_session(path)
    found: list[tuple[float, str]] = []
    for size in SIZES:
        photos = sample_photos(size)
        theirs = cast(np.ndarray, session.run(None, {INPUT: photos.numpy()})[0])
        ours = stylizer(photos, strength, grain=0).numpy()
        if theirs.shape != ours.shape:
            found.append((np.inf, _text(size)))
            continue
        difference = np.abs(theirs - ours).max()
        found.append((float(np.nan_to_num(difference, nan=np.inf)), _text(size)))
    return max(found)


def open_session(path: Path, threads: int = 0) -> onnxruntime.InferenceSession:
    """ONNX Runtime with a file, on the CPU, quiet; 0 threads: as many as it likes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = ERRORS_ONLY
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def sample_photos(size: tuple[int, int, int]) -> Float[Tensor, "n 3 h w"]:
    """Drawn pictures (N, 3, H, W) with large areas and fine detail, the same each time."""
    batch, height, width = size
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(batch, 3, 6, 6, generator=generator)
    areas = F.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)
    detail = torch.rand(batch, 3, height, width, generator=generator) - 0.5
    return (areas + 0.2 * detail).clamp(0, 1)


def _text(size: tuple[int, int, int]) -> str:
    batch, height, width = size
    return f"{batch} x {width} x {height} pixels"
