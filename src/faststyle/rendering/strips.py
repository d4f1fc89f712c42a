"""The transform network on pictures too large for memory: strip by strip, yet exact.

Instance norm needs mean and variance of the whole picture, so no strip can run through the network
alone. Here a pass over all strips gathers them for each norm. Near input and output activations are
large and cheap: every pass computes them again. Around the residual blocks they have a quarter of
the size: they are kept, in memory or in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, cast, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from faststyle.networks.layers import InstanceNorm, ResidualBlock, UpsampleConv
from faststyle.networks.transform_net import TransformNet
from faststyle.rendering.activation_store import ActivationStore


@runtime_checkable  # so that the tests can check annotations
class Rows(Protocol):
    """A picture or activations, of which any few rows can be had: (1, C, stop - start, W)."""

    height: int

    def rows(self, start: int, stop: int) -> Float[Tensor, "1 c rows w"]: ...


class ConvRows:
    """A layer's output. Rows near a strip's cut edge are computed and thrown away.

    At the picture's own edges the layer pads as it always does.
    """

    def __init__(self, layer: nn.Conv2d | nn.ConvTranspose2d, below: Rows):
        self.layer, self.below = layer, below
        self.reach = layer.kernel_size[0] // 2
        up = isinstance(layer, UpsampleConv | nn.ConvTranspose2d)
        self.up, self.down = (2, 1) if up else (1, layer.stride[0])
        self.height = below.height * self.up // self.down

    def rows(self, start: int, stop: int) -> Float[Tensor, "1 c rows w"]:
        first = max(0, start * self.down // self.up - self.reach) // self.down * self.down
        last = min(self.below.height, -(-stop * self.down // self.up) + self.reach)
        offset = first * self.up // self.down
        out = self.layer(self.below.rows(first, last))
        return out[:, :, start - offset : stop - offset]


class PointwiseRows:
    """A function of activations that looks at no neighbours."""

    def __init__(self, function: Callable[[Tensor], Tensor], below: Rows):
        self.function, self.below, self.height = function, below, below.height

    def rows(self, start: int, stop: int) -> Float[Tensor, "1 c rows w"]:
        return self.function(self.below.rows(start, stop))


class SumRows:
    """The sum of two activations of one shape."""

    def __init__(self, one: Rows, other: Rows):
        self.one, self.other, self.height = one, other, one.height

    def rows(self, start: int, stop: int) -> Float[Tensor, "1 c rows w"]:
        return self.one.rows(start, stop) + self.other.rows(start, stop)


class Moments:
    """Mean and variance a channel, gathered strip by strip (Chan et al. 1979), in float64."""

    def __init__(self) -> None:
        self.count = 0
        self.mean = self.squares = torch.zeros((), dtype=torch.float64)

    def add(self, strip: Tensor) -> None:
        variance, mean = (x.double().cpu() for x in torch.var_mean(strip, (0, 2, 3), correction=0))
        count = strip.numel() // strip.shape[1]
        share = count / (self.count + count)
        step = mean - self.mean
        self.squares = self.squares + count * (variance + step**2 * (1 - share))
        self.mean = self.mean + step * share
        self.count += count

    @property
    def variance(self) -> Tensor:
        return self.squares / self.count


def forward_in_strips(
    net: TransformNet,
    picture: Rows,
    emit: Callable[[int, Tensor], None],
    *,
    strip_rows: int,
    stores: tuple[ActivationStore, ActivationStore],
) -> None:
    """`net(picture)`, given from the top down to `emit(start, (1, 3, rows, W))`.

    Args:
        picture: in [0, 1]; height and width multiples of the network's PERIOD.
        strip_rows: rows of the picture at a time; fewer take less memory and more time.
        stores: room for activations at a quarter of the size, twice.
    """
    passes = _Passes(picture.height, strip_rows)
    x: Rows = PointwiseRows(lambda strip: strip - net.center, picture)
    *first, (conv, norm, relu) = cast("list[nn.Sequential]", list(net.encoder))
    for block in first:
        x = passes.through(block, x)
    x = ConvRows(cast(nn.Conv2d, conv), x)
    kept, inner = stores
    x = passes.normed(norm, kept, passes.keep(x, kept))
    passes.keep(PointwiseRows(relu, x), kept)
    for block in net.residual:
        passes.residual(cast(ResidualBlock, block), kept, inner)
    x = kept
    for block in net.decoder:
        x = passes.through(block if isinstance(block, nn.Sequential) else [block], x)
    for start, stop in passes.strips(x):
        emit(start, net.output(x.rows(start, stop).float()))


class _Passes:
    def __init__(self, height: int, strip_rows: int):
        self.height, self.strip_rows = height, strip_rows

    def strips(self, x: Rows) -> Iterator[tuple[int, int]]:
        """Strips of equal size in the picture, whatever the size of the activations."""
        step = max(1, self.strip_rows * x.height // self.height)
        for start in range(0, x.height, step):
            yield start, min(start + step, x.height)

    def through(self, layers: Iterable[nn.Module], x: Rows) -> Rows:
        for layer in layers:
            if isinstance(layer, InstanceNorm):
                moments = Moments()
                for start, stop in self.strips(x):
                    moments.add(x.rows(start, stop))
                x = self.normed(layer, x, moments)
            elif isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                x = ConvRows(layer, x)
            else:
                x = PointwiseRows(layer, x)
        return x

    def keep(self, x: Rows, store: ActivationStore) -> Moments:
        """Compute `x` into `store`, which `x` may read from."""
        moments = Moments()
        late = None
        for start, stop in self.strips(x):
            strip = x.rows(start, stop)
            moments.add(strip)
            # A strip late: the next one still reads this one's last rows as they were.
            if late is not None:
                store.write(*late)
            late = start, strip
        if late is not None:
            store.write(*late)
        return moments

    def normed(self, norm: nn.Module, x: Rows, moments: Moments) -> Rows:
        if not isinstance(norm, InstanceNorm):
            return PointwiseRows(norm, x)

        def apply(strip: Float[Tensor, "1 c rows w"]) -> Float[Tensor, "1 c rows w"]:
            mean, variance = (m.to(strip) for m in (moments.mean, moments.variance))
            return F.batch_norm(strip, mean, variance, norm.weight, norm.bias, eps=norm.eps)

        return PointwiseRows(apply, x)

    def residual(self, block: ResidualBlock, kept: ActivationStore, inner: ActivationStore) -> None:
        """Put `block(kept)` in the place of `kept`."""
        moments = self.keep(ConvRows(block.conv1, kept), inner)
        first = PointwiseRows(F.relu, self.normed(block.norm1, inner, moments))
        moments = self.keep(ConvRows(block.conv2, first), inner)
        second = self.normed(block.norm2, inner, moments)
        self.keep(SumRows(kept, second), kept)
