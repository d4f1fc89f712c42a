"""Pictures that are read and written a few rows at a time: of Pillow, or tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from faststyle.images.tensors import to_image, to_tensor

BLOCK_PIXELS = 2**20


@runtime_checkable  # so that the tests can check annotations
class Picture(Protocol):
    """A picture of `height` x `width`; its rows are tensors (1, C, rows, width) in [0, 1]."""

    height: int
    width: int

    def rows(self, start: int, stop: int) -> Float[Tensor, "1 c rows w"]:
        """Rows `start` to `stop` (exclusive)."""
        ...


@runtime_checkable
class Canvas(Picture, Protocol):
    """A picture that can be written, and that makes others of its kind."""

    def write(self, start: int, strip: Float[Tensor, "1 c rows w"]) -> None:
        """Replace the rows from `start` on by a strip."""
        ...

    def blank(self) -> Canvas:
        """Another picture of the same kind and size, to be written."""
        ...

    def resized(self, height: int, width: int) -> Canvas:
        """A copy in another size, with antialiasing."""
        ...


def row_blocks(canvas: Canvas) -> Iterator[tuple[int, int]]:
    """First and last row (exclusive) of blocks of about BLOCK_PIXELS, top to bottom."""
    step = max(1, BLOCK_PIXELS // canvas.width)
    for start in range(0, canvas.height, step):
        yield start, min(start + step, canvas.height)


class ImageCanvas:
    """A PIL picture, RGB or L. Strips are copied out of it and pasted into it: never the whole."""

    def __init__(self, image: Image.Image):
        self.image = image
        self.width, self.height = image.size

    def rows(self, start: int, stop: int) -> Float[Tensor, "1 c rows w"]:
        return to_tensor(self.image.crop((0, start, self.width, stop)))

    def write(self, start: int, strip: Float[Tensor, "1 c rows w"]) -> None:
        self.image.paste(to_image(strip), (0, start))

    def blank(self) -> ImageCanvas:
        return ImageCanvas(Image.new(self.image.mode, self.image.size))

    def resized(self, height: int, width: int) -> ImageCanvas:
        return ImageCanvas(self.image.resize((width, height), Image.Resampling.LANCZOS))


class TensorCanvas:
    """A tensor (1, C, H, W) in [0, 1]; what is written to it is clamped to that range."""

    def __init__(self, tensor: Float[Tensor, "1 c h w"]):
        self.tensor = tensor
        self.height, self.width = tensor.shape[-2:]

    def rows(self, start: int, stop: int) -> Float[Tensor, "1 c rows w"]:
        return self.tensor[:, :, start:stop]

    def write(self, start: int, strip: Float[Tensor, "1 c rows w"]) -> None:
        self.tensor[:, :, start : start + strip.shape[2]] = strip.clamp(0, 1)

    def blank(self) -> TensorCanvas:
        return TensorCanvas(torch.empty_like(self.tensor))

    def resized(self, height: int, width: int) -> TensorCanvas:
        size = (height, width)
        out = F.interpolate(self.tensor, size, mode="bicubic", antialias=True, align_corners=False)
        return TensorCanvas(out.clamp(0, 1))
