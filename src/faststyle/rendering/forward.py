"""One pass of a transform network over a picture: whole, or in exact strips if it is large."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from faststyle.networks.transform_net import PERIOD, TransformNet, padding
from faststyle.rendering.activation_store import ActivationStore
from faststyle.rendering.canvas import Canvas, Picture
from faststyle.rendering.strips import forward_in_strips

log = logging.getLogger("faststyle")

# Pixels around a picture that are stylized and cut off: along its border a network trained on
# crops of one size draws things of its own (seen: a row of stars down the right edge).
BORDER = 32

# Peak bytes, measured (docs/benchmarks.md, "Large pictures").
PROCESS_BYTES = 600e6  # Python, torch and its libraries
CANVAS_BYTES = 12  # a pixel: photo and result as Pillow holds them, and what reading them takes
WHOLE_BYTES = 34  # a pixel and channel of the first layer, in one pass over the whole
STRIP_BYTES = 50  # the same in a strip
STORE_BYTES = 2  # the same for two stores at a quarter of the size
MIN_STRIP_ROWS, MAX_STRIP_ROWS = 16, 256  # few rows recompute much, more gain nothing


@dataclass(frozen=True)
class MemoryPlan:
    """How a picture is stylized.

    Attributes:
        strip_rows: rows of the picture at a time; None for one pass over the whole.
        stores_in_file: keep activations in a temporary file, not in memory.
    """

    strip_rows: int | None
    stores_in_file: bool = False


def plan_memory(height: int, width: int, channels: int, max_memory: float) -> MemoryPlan:
    """The quickest way that keeps the process within `max_memory` bytes, if any does.

    Args:
        height, width: of the picture, in pixels.
        channels: of the network's first layer.
    """
    pixels = height * width
    free = max_memory - PROCESS_BYTES - CANVAS_BYTES * pixels
    if WHOLE_BYTES * channels * pixels <= free:
        return MemoryPlan(None)
    in_file = STORE_BYTES * channels * pixels > free / 2
    if not in_file:
        free -= STORE_BYTES * channels * pixels
    rows = int(free / (STRIP_BYTES * channels * width))
    return MemoryPlan(min(MAX_STRIP_ROWS, max(MIN_STRIP_ROWS, rows)), in_file)


def stylize_canvas(net: TransformNet, photo: Picture, canvas: Canvas, max_memory: float) -> None:
    """Fill `canvas` with `net(photo)`, on the device that holds the network.

    Args:
        canvas: of the photo's size.
        max_memory: bytes that the process may take; see `plan_memory`.

    Raises:
        UserError: activations go into a file, and there is no room for it.
    """
    device = next(net.parameters()).device
    channels = _first(net).out_channels
    how = plan_memory(photo.height, photo.width, channels, max_memory)
    if how.strip_rows is None:
        try:
            return stylize_whole(net, photo, canvas, device)
        except torch.OutOfMemoryError:  # of a GPU, whose memory others may hold
            how = plan_memory(photo.height, photo.width, channels, 0)
            torch.cuda.empty_cache()
    log.info(
        "%d x %d pixels are stylized in strips of %d rows, which gives the same picture%s",
        photo.width,
        photo.height,
        how.strip_rows,
        "; activations go into a temporary file" if how.stores_in_file else "",
    )
    stylize_in_strips(net, photo, canvas, device, how)


def stylize_whole(net: TransformNet, photo: Picture, canvas: Canvas, device: torch.device) -> None:
    """Fill `canvas` with `net(photo)`, in one pass."""
    height, width = photo.height, photo.width
    down, across = border(height), border(width)
    photo_pixels = photo.rows(0, height).to(device)
    wide = F.pad(photo_pixels, (across, across, down, down), mode="reflect")
    del photo_pixels
    canvas.write(0, net(wide)[..., down : down + height, across : across + width])


def stylize_in_strips(
    net: TransformNet, photo: Picture, canvas: Canvas, device: torch.device, how: MemoryPlan
) -> None:
    """Fill `canvas` with `net(photo)`, exactly, in strips as `how` plans them."""
    source = _Bordered(photo, device)
    down, across = border(photo.height), border(photo.width)

    def emit(start: int, strip: Float[Tensor, "1 c rows w"]) -> None:
        first, last = max(0, down - start), max(0, down + photo.height - start)
        inside = strip[:, :, first:last, across : across + photo.width]
        if inside.shape[2]:
            canvas.write(start + first - down, inside)

    def new_store() -> ActivationStore:
        return ActivationStore(
            source.height // PERIOD,
            channels=4 * _first(net).out_channels,
            width=source.width // PERIOD,
            in_file=how.stores_in_file,
            device=device,
        )

    assert how.strip_rows is not None
    with closing(new_store()) as kept, closing(new_store()) as inner:
        forward_in_strips(net, source, emit, strip_rows=how.strip_rows, stores=(kept, inner))


class _Bordered:
    """The photo with its border, padded to the network's period: as `stylize_whole` makes it."""

    def __init__(self, photo: Picture, device: torch.device):
        self.photo, self.device = photo, device
        self.row_index = _index(photo.height)
        self.column_index = _index(photo.width).to(device)
        self.height, self.width = len(self.row_index), len(self.column_index)

    def rows(self, start: int, stop: int) -> Float[Tensor, "1 c rows w"]:
        wanted = self.row_index[start:stop]
        first, last = int(wanted.min()), int(wanted.max())
        strip = self.photo.rows(first, last + 1).to(self.device)
        index = (wanted - first).to(self.device)
        return strip.index_select(2, index).index_select(3, self.column_index)


def border(side: int) -> int:
    """BORDER, or what of it reflection allows; a multiple of the network's period."""
    return min(BORDER, (side - 1) // PERIOD * PERIOD)


def _index(side: int) -> Int64[Tensor, " places"]:
    """For every row of the network's input, which row of the photo it is."""
    places = torch.arange(side, dtype=torch.float64).view(1, 1, side)
    places = F.pad(places, (border(side),) * 2, mode="reflect")
    return F.pad(places, (0, padding(places.shape[2])), mode="replicate").flatten().long()


def _first(net: TransformNet) -> nn.Conv2d:
    return cast("nn.Conv2d", cast("nn.Sequential", net.encoder[0])[0])
