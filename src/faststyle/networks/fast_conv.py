"""Convolutions that equal torch's up to rounding and are faster on a CPU.

Each docstring names the plain form that the function computes. The plain form itself runs where
the trick does not apply (another device or precision, no NNPACK, odd sizes) and inside `plain()`.
docs/benchmarks.md has the gains.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

# Winograd transforms every channel of picture and kernel. With few channels or few positions that
# costs more than the saved multiplications.
WINOGRAD_CHANNELS = 64 * 64
WINOGRAD_POSITIONS = 32 * 32
# 3 output channels fill 3 of a vector's 8 or 16 lanes; 2 x 2 pixels of them at once fill 12.
BLOCK = 2
BLOCKED_CHANNELS = 4
BLOCKED_KERNEL = 5

_enabled: ContextVar[bool] = ContextVar("fast_conv_enabled", default=True)


@contextmanager
def plain() -> Generator[None, None, None]:
    """Run the plain forms in this block; they are the reference, and differentiable twice."""
    token = _enabled.set(False)
    try:
        yield
    finally:
        _enabled.reset(token)


def conv2d(
    x: Float[Tensor, "n c h w"],
    weight: Float[Tensor, "d c k k"],
    bias: Float[Tensor, " d"],
    stride: int = 1,
    padding: int = 0,
) -> Float[Tensor, "n d _ _"]:
    """`F.conv2d` of x (N, C, H, W) with kernels (D, C, K, K), zero padded.

    Returns:
        (N, D, H', W') with H' = (H + 2 padding - K) // stride + 1, and W' alike.
    """
    if _pays_as_winograd(x, weight, stride):
        return _Winograd.apply(x, weight, bias, padding)
    if _pays_in_blocks(x, weight, stride, padding):
        return _conv2d_in_blocks(x, weight, bias, padding)
    return F.conv2d(x, weight, bias, stride, padding)


def upsample_conv2d(
    x: Float[Tensor, "n c h w"],
    weight: Float[Tensor, "d c 3 3"],
    bias: Float[Tensor, " d"],
    padding_mode: str,
) -> Float[Tensor, "n d 2*h 2*w"]:
    """Nearest upsampling of x (N, C, H, W) by two, then a convolution with kernels (D, C, 3, 3).

    Upsampled rows come in equal pairs, so three taps see two different rows. Each of the four
    phases of the output is a 2x2 convolution of the small picture: 4/9 of the multiplications. A
    reflected or zero border of the large picture is a replicated or zero border of the small one.

    Args:
        padding_mode: "reflect" or "zeros".

    Returns:
        (N, D, 2 H, 2 W).
    """
    border = (1, 1, 1, 1)
    if not _on_cpu(x):
        mode = "reflect" if padding_mode == "reflect" else "constant"
        return F.conv2d(F.pad(F.interpolate(x, scale_factor=2.0), border, mode=mode), weight, bias)
    mode = "replicate" if padding_mode == "reflect" else "constant"
    phases = F.conv2d(
        F.pad(x, border, mode=mode), _phase_kernels(weight), bias.repeat_interleave(4)
    )
    return _Interleave.apply(phases)


def _on_cpu(x: Tensor) -> bool:
    # The compiler optimizes plain forms itself, and cannot trace NNPACK.
    return x.device.type == "cpu" and not torch.compiler.is_compiling() and _enabled.get()


def _pays_as_winograd(x: Tensor, weight: Tensor, stride: int) -> bool:
    return (
        _on_cpu(x)
        and x.dtype == weight.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and stride == 1
        and weight.shape[2:] == (3, 3)
        and weight.shape[0] * weight.shape[1] >= WINOGRAD_CHANNELS
        and x.shape[0] * x.shape[2] * x.shape[3] >= WINOGRAD_POSITIONS
        and _nnpack_is_here()
    )


@cache
def _nnpack_is_here() -> bool:
    # The question also initializes NNPACK; without it every call fails.
    ask = getattr(torch, "_nnpack_available", lambda: False)
    return hasattr(torch, "_nnpack_spatial_convolution") and ask()


def _nnpack(x: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
    """A private function of torch: found by name, called only after `_nnpack_is_here`."""
    return getattr(torch, "_nnpack_spatial_convolution")(x, weight, bias, padding, 1)  # noqa: B009


class _Winograd(torch.autograd.Function):
    """A 3x3 convolution of stride 1 by NNPACK, forward and data gradient (Lavin and Gray 2016)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, padding: int) -> Tensor:
        ctx.padding = padding
        ctx.save_for_backward(x if weight.requires_grad else None, weight)
        return _winograd(x, weight, bias, padding)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        x, weight = ctx.saved_tensors
        of_x = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            # The gradient is a convolution too: kernels rotated by 180 degrees, channels swapped.
            rotated = weight.flip(2, 3).transpose(0, 1).contiguous()
            of_x = _winograd(gradient, rotated, None, 2 - ctx.padding)
        if ctx.needs_input_grad[1]:
            _, of_weight, of_bias = torch.ops.aten.convolution_backward(
                gradient, x, weight, [weight.shape[0]], [1, 1], [ctx.padding] * 2, [1, 1],
                False, [0, 0], 1, [False, True, True],
            )  # fmt: skip
        return of_x, of_weight, of_bias, None


def _winograd(x: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
    # NNPACK transforms the kernels again for every picture, which in deep layers costs more than
    # the picture. So a batch is passed as one tall picture, with rows of zeros between.
    n, channels, height, width = x.shape
    if n == 1:
        return _nnpack(x.contiguous(), weight, bias, padding)
    tall = x.new_empty(1, channels, n, height + padding, width)
    tall[0, :, :, :height] = x.transpose(0, 1)
    tall[0, :, :, height:] = 0
    out = _nnpack(tall.flatten(2, 3), weight, bias, padding)
    rows = height + 2 * padding - 2
    # The last picture has no zeros below it: pad, so that all are evenly spaced.
    spaced = F.pad(out, (0, 0, 0, n * (height + padding) - out.shape[2]))
    pictures = _unflatten(spaced, 2, n, height + padding)
    return pictures[0, :, :, :rows].transpose(0, 1).contiguous()


def _pays_in_blocks(x: Tensor, weight: Tensor, stride: int, padding: int) -> bool:
    outputs, _, kernel, _ = weight.shape
    sides = [side + 2 * padding - kernel + 1 for side in x.shape[2:]]
    return (
        _on_cpu(x)
        and stride == 1
        and outputs <= BLOCKED_CHANNELS
        and kernel >= BLOCKED_KERNEL
        and all(side % BLOCK == 0 for side in sides)
    )


def _conv2d_in_blocks(x: Tensor, weight: Tensor, bias: Tensor, padding: int) -> Tensor:
    """Compute each block of output pixels as channels, with kernels shifted to each pixel."""
    last = BLOCK - 1
    shifted = [
        F.pad(weight, (column, last - column, row, last - row))
        for row in range(BLOCK)
        for column in range(BLOCK)
    ]
    kernels = torch.stack(shifted, 1).flatten(0, 1)
    blocks = F.conv2d(x, kernels, bias.repeat_interleave(BLOCK**2), BLOCK, padding)
    return F.pixel_shuffle(blocks, BLOCK)


def _phase_kernels(weight: Tensor) -> Tensor:
    """The 2x2 kernels of the four phases, (4 D, C, 2, 2), from 3x3 ones (D, C, 3, 3)."""
    above, middle, below = weight.unbind(2)
    rows = _unflatten(torch.stack([above, middle + below, above + middle, below]), 0, 2, 2)
    left, center, right = rows.unbind(-1)
    taps = _unflatten(torch.stack([left, center + right, left + center, right]), 0, 2, 2)
    # column phase, column tap, row phase, row tap, D, C
    return taps.permute(4, 2, 0, 5, 3, 1).flatten(0, 2)


class _Interleave(torch.autograd.Function):
    """Interleave phases (N, 4 D, H + 1, W + 1) to a picture (N, D, 2 H, 2 W).

    Phase (row, column) starts at position (row, column): its taps reach one row further down and
    one column further right.
    """

    @staticmethod
    def forward(ctx: Any, phases: Tensor) -> Tensor:
        n, channels, height, width = phases.shape
        out = phases.new_empty(n, channels // 4, height - 1, 2, width - 1, 2)
        for (row, column), phase in _each_phase(phases):
            out[:, :, :, row, :, column] = phase
        return out.view(n, channels // 4, 2 * height - 2, 2 * width - 2)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *gradients: Tensor
    ) -> Tensor:
        (gradient,) = gradients
        n, channels, height, width = gradient.shape
        phases = gradient.new_zeros(n, 4 * channels, height // 2 + 1, width // 2 + 1)
        for (row, column), phase in _each_phase(phases):
            phase.copy_(gradient[:, :, row::2, column::2])
        return phases


def _each_phase(phases: Tensor) -> Iterator[tuple[tuple[int, int], Tensor]]:
    """(row, column) and a view (N, D, H, W) of each phase."""
    split = _unflatten(phases, 1, -1, 2, 2)
    height, width = phases.shape[-2] - 1, phases.shape[-1] - 1
    for row in range(2):
        for column in range(2):
            part = split[:, :, row, column, row : row + height, column : column + width]
            yield (row, column), part


def _unflatten(x: Tensor, dim: int, *sizes: int) -> Tensor:
    return cast(Tensor, x.unflatten(dim, sizes))  # torch leaves its type open
