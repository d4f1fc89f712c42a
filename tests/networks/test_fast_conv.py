"""The fast convolutions against torch's own: any size, with and without gradients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.images.read import load_image
from faststyle.images.tensors import to_tensor
from faststyle.networks import fast_conv
from faststyle.networks.fast_conv import conv2d, plain, upsample_conv2d
from faststyle.networks.transform_net import TransformNet
from tests.support.checkout import CHECKOUT

nnpack = pytest.mark.skipif(not fast_conv._nnpack_is_here(), reason="torch without NNPACK")
SIZES = [(1, 40, 37), (2, 33, 64), (3, 32, 32), (5, 16, 15)]


def compare(
    convolve: Callable[[Tensor, Tensor, Tensor], Tensor],
    reference: Callable[[Tensor, Tensor, Tensor], Tensor],
    inputs: list[Tensor],
    tolerance: float,
) -> None:
    """Outputs and the gradients of all inputs, by the relative size of their difference."""
    results = []
    for function in (convolve, reference):
        leaves = [tensor.clone().requires_grad_() for tensor in inputs]
        out = function(*leaves)
        weights = torch.arange(out.numel(), dtype=out.dtype).sin().view_as(out)
        results.append([out, *torch.autograd.grad((out * weights).sum(), leaves)])
    for ours, theirs in zip(*results, strict=True):
        assert ours.shape == theirs.shape
        assert (ours - theirs).norm() <= tolerance * theirs.norm()


def make_inputs(
    shape: tuple[int, ...], kernels: tuple[int, ...], dtype: torch.dtype = torch.float32
) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = [shape, kernels, kernels[:1]]
    return [torch.randn(s, generator=generator, dtype=dtype) for s in shapes]


@nnpack
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("size", SIZES)
def test_winograd(
    size: tuple[int, int, int], padding: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_conv, "WINOGRAD_POSITIONS", 1)
    batch, *sides = size
    inputs = make_inputs((batch, 64, *sides), (96, 64, 3, 3))
    assert fast_conv._pays_as_winograd(inputs[0], inputs[1], 1)
    compare(
        lambda x, w, b: conv2d(x, w, b, 1, padding),
        lambda x, w, b: F.conv2d(x, w, b, 1, padding),
        inputs,
        tolerance=1e-4,
    )


@nnpack
def test_winograd_with_frozen_kernels_gives_the_pictures_gradient_alone() -> None:
    x, weight, bias = make_inputs((2, 64, 32, 32), (64, 64, 3, 3))
    x.requires_grad_()
    channels_last = x.contiguous(memory_format=torch.channels_last)
    (gradient,) = torch.autograd.grad(conv2d(channels_last, weight, bias, 1, 1).square().sum(), x)
    (expected,) = torch.autograd.grad(F.conv2d(x, weight, bias, 1, 1).square().sum(), x)
    assert (gradient - expected).norm() < 1e-4 * expected.norm()


def test_twice_differentiating_the_fast_form_is_refused_not_wrong() -> None:
    inputs = make_inputs((1, 64, 32, 32), (64, 64, 3, 3))
    x = inputs[0].requires_grad_()
    with plain():
        out = conv2d(x, inputs[1], inputs[2], 1, 1).square().sum()
        (gradient,) = torch.autograd.grad(out, x, create_graph=True)
        torch.autograd.grad(gradient.square().sum(), x)
    if fast_conv._nnpack_is_here():
        out = conv2d(x, inputs[1], inputs[2], 1, 1).square().sum()
        (gradient,) = torch.autograd.grad(out, x, create_graph=True)
        with pytest.raises(RuntimeError, match=r"once_differentiable|not have been used"):
            torch.autograd.grad(gradient.square().sum(), x)


@pytest.mark.parametrize(
    "reason", ["few channels", "few positions", "stride", "1x1", "float64", "bfloat16", "missing"]
)
def test_where_winograd_does_not_apply_torch_computes(
    reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    channels = 16 if reason == "few channels" else 64
    side = 8 if reason == "few positions" else 40
    kernel = 1 if reason == "1x1" else 3
    dtype = torch.float64 if reason == "float64" else torch.float32
    stride = 2 if reason == "stride" else 1
    x, weight, bias = make_inputs((1, channels, side, side), (64, channels, kernel, kernel), dtype)
    if reason == "missing":
        monkeypatch.setattr(fast_conv, "_nnpack_is_here", lambda: False)
    else:
        monkeypatch.setattr(fast_conv, "_nnpack_is_here", lambda: True)
    monkeypatch.setattr(fast_conv, "_winograd", None)  # calling it would fail
    with torch.autocast("cpu", torch.bfloat16, enabled=reason == "bfloat16"):
        out = conv2d(x, weight, bias, stride)
        assert torch.equal(out, F.conv2d(x, weight, bias, stride))


@pytest.mark.parametrize("kernel", [5, 9])
@pytest.mark.parametrize(("height", "width"), [(20, 26), (21, 26), (20, 25)])
def test_few_output_channels_in_blocks(height: int, width: int, kernel: int) -> None:
    """Odd sides fall back; even ones come in blocks."""
    sides = (height + kernel - 1, width + kernel - 1)
    inputs = make_inputs((2, 8, *sides), (3, 8, kernel, kernel), torch.float64)
    even = height % 2 == width % 2 == 0
    assert fast_conv._pays_in_blocks(inputs[0], inputs[1], 1, 0) == even
    compare(conv2d, F.conv2d, inputs, tolerance=1e-12)


@pytest.mark.parametrize("padding_mode", ["reflect", "zeros"])
@pytest.mark.parametrize("size", [(1, 7, 6), (2, 5, 8), (3, 2, 2)])
def test_upsampling_convolution(size: tuple[int, int, int], padding_mode: str) -> None:
    batch, *sides = size
    inputs = make_inputs((batch, 6, *sides), (5, 6, 3, 3), torch.float64)

    def reference(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        large = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
        mode = "reflect" if padding_mode == "reflect" else "constant"
        return F.conv2d(F.pad(large, (1, 1, 1, 1), mode=mode), weight, bias)

    def fast(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return upsample_conv2d(x, weight, bias, padding_mode)

    def slow(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        with plain():
            return upsample_conv2d(x, weight, bias, padding_mode)

    compare(fast, reference, inputs, tolerance=1e-12)
    compare(slow, reference, inputs, tolerance=1e-12)
    leaves = [tensor.requires_grad_() for tensor in inputs]
    assert torch.autograd.gradcheck(fast, leaves)


@pytest.mark.parametrize("size", [(1, 64, 96), (2, 61, 47), (1, 128, 128)])
def test_the_whole_network(size: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    net = TransformNet(
        width=16,
        num_residual_blocks=2,
        norm="instance",
        padding="reflect",
        upsample="nearest",
        output="sigmoid",
    )
    batch, *sides = size
    images = torch.rand(batch, 3, *sides)
    with torch.inference_mode():
        fast = net(images)
        with plain():
            torch.testing.assert_close(fast, net(images), rtol=0, atol=1e-4)


def test_the_shipped_style_paints_the_same_picture() -> None:
    net = read_checkpoint(CHECKOUT / "checkpoints" / "starry_night.safetensors").build()
    image = to_tensor(load_image(Path(CHECKOUT / "docs" / "images" / "landscape.jpg")))
    image = image[..., :320, :310]
    with torch.inference_mode():
        fast = net(image)
        with plain():
            assert (fast - net(image)).abs().max() < 1 / 255
