"""Pure inference: a style checkpoint and a picture in, the repainted picture out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, overload

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from faststyle.checkpoint import StyleCheckpoint, read_checkpoint
from faststyle.errors import UserError
from faststyle.images import to_image, to_tensor
from faststyle.transform_net import PERIOD

# Pixels around a picture that are painted and cut off: along its border a network trained on
# crops of one size paints things of its own (seen: a row of stars down the right edge).
BORDER = 32


class Stylizer:
    """Repaints pictures in one style; `metadata` says which and how it was made.

    Args:
        checkpoint: what `read_checkpoint` gives.
        device: "cpu", "cuda", "mps", or "auto" for the best one here.
    """

    def __init__(self, checkpoint: StyleCheckpoint, device: str = "auto"):
        self.metadata: dict[str, Any] = checkpoint.metadata
        self.device = choose_device(device)
        self.net = checkpoint.build().to(self.device)

    @overload
    def __call__(self, image: Tensor) -> Tensor: ...
    @overload
    def __call__(self, image: Image.Image) -> Image.Image: ...

    @torch.inference_mode()
    def __call__(self, image: Tensor | Image.Image) -> Tensor | Image.Image:
        """Repaint an RGB PIL picture, or a batch (N, 3, H, W) in [0, 1], to the same kind."""
        if isinstance(image, Image.Image):
            return to_image(self(to_tensor(image.convert("RGB"))))
        height, width = image.shape[-2:]
        down, across = _border(height), _border(width)
        wide = F.pad(image.to(self.device), (across, across, down, down), mode="reflect")
        painted = self.net(wide)[..., down : down + height, across : across + width]
        return painted.clamp(0, 1).to(image.device)


def _border(side: int) -> int:
    """BORDER, or what of it reflection allows; a multiple of the network's period."""
    return min(BORDER, (side - 1) // PERIOD * PERIOD)


def load_style(path: str | Path, device: str = "auto") -> Stylizer:
    """A Stylizer from a style checkpoint (.safetensors) or a training checkpoint (.ckpt)."""
    return Stylizer(read_checkpoint(Path(path)), device)


def choose_device(name: str) -> torch.device:
    """A device that is there.

    Raises:
        UserError: no device of that name, or not on this machine.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    # Missing back ends raise AssertionError, RuntimeError or NotImplementedError.
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"device: cannot use {name!r} ({reason}); use auto or cpu") from error
    return device
