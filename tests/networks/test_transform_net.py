"""The transform network: any size, every variant, statistics in float32."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from faststyle.errors import UserError
from faststyle.networks.layers import PADDINGS, InstanceNorm
from faststyle.networks.transform_net import NORMS, OUTPUTS, UPSAMPLES, TransformNet

DEFAULTS = {
    "width": 4,
    "num_residual_blocks": 1,
    "norm": "instance",
    "padding": "reflect",
    "upsample": "nearest",
    "output": "sigmoid",
}
VARIANTS = list(product(NORMS, PADDINGS, UPSAMPLES, OUTPUTS))


def make(**changes: object) -> TransformNet:
    torch.manual_seed(0)
    return TransformNet(**{**DEFAULTS, **changes})  # type: ignore[arg-type]


@pytest.fixture
def photos(generator: torch.Generator) -> Tensor:
    return torch.rand(3, 3, 20, 24, generator=generator)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 5), (31, 32), (47, 33), (64, 64)])
@pytest.mark.parametrize("upsample", UPSAMPLES)
@pytest.mark.parametrize("padding", PADDINGS)
def test_every_size_comes_out_the_same(
    height: int, width: int, upsample: str, padding: str, generator: torch.Generator
) -> None:
    images = torch.rand(2, 3, height, width, generator=generator)
    out = make(upsample=upsample, padding=padding).eval()(images)
    assert out.shape == images.shape
    assert out.isfinite().all()


def test_padding_for_odd_sizes_touches_only_the_far_border(generator: torch.Generator) -> None:
    """Rows and columns are added below and to the right: the pixels are not resampled."""
    net = make(norm="batch").eval()  # instance norm would mix all pixels
    images = torch.rand(1, 3, 93, 93, generator=generator)
    padded = torch.nn.functional.pad(images, (0, 3, 0, 3), mode="replicate")
    torch.testing.assert_close(net(images), net(padded)[..., :93, :93])


def test_sigmoid_output_is_a_picture(photos: Tensor) -> None:
    out = make()(10 * photos)
    assert out.min() >= 0
    assert out.max() <= 1


def test_output_ranges_of_the_presets(photos: Tensor) -> None:
    images = 1e4 * photos
    net = make(output="tanh", norm="batch").eval()
    out = net(images)
    assert out.min().item() == pytest.approx(0.5 - 150 / 255, abs=1e-4)
    assert out.max().item() == pytest.approx(0.5 + 150 / 255, abs=1e-4)
    assert make(output="linear", norm="batch").eval()(images).abs().max() > 2


@pytest.mark.parametrize(("norm", "padding", "upsample", "output"), VARIANTS)
def test_every_parameter_of_every_variant_gets_a_gradient(
    norm: str, padding: str, upsample: str, output: str, photos: Tensor
) -> None:
    net = make(norm=norm, padding=padding, upsample=upsample, output=output)
    weights = torch.linspace(-1, 1, photos.numel()).view_as(photos)
    (net(photos) * weights).sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        if name.endswith("weight"):  # a bias before a norm is taken out again by its mean
            assert parameter.grad.abs().max() > 0, name


def test_variants_differ(photos: Tensor) -> None:
    """Every option changes the picture, so none is ignored."""
    reference = make()(photos)
    for change in (
        {"norm": "batch"},
        {"padding": "zero"},
        {"padding": "same"},
        {"upsample": "transposed"},
        {"output": "tanh"},
        {"output": "normed_tanh"},
        {"output": "linear"},
        {"num_residual_blocks": 2},
    ):
        assert not torch.allclose(make(**change)(photos), reference, atol=1e-4), change


@pytest.mark.parametrize(("width", "count"), [(32, 1_679_235), (16, 424_899)])
def test_parameter_counts_of_the_paper_and_of_its_half(width: int, count: int) -> None:
    net = make(width=width, num_residual_blocks=5)
    assert sum(parameter.numel() for parameter in net.parameters()) == count


def test_a_picture_in_a_batch_is_as_alone(photos: Tensor) -> None:
    net = make()
    alone = torch.cat([net(photo.unsqueeze(0)) for photo in photos])
    torch.testing.assert_close(net(photos), alone, rtol=1e-4, atol=1e-5)


def test_the_same_weights_and_photo_give_the_same_picture(photos: Tensor) -> None:
    assert torch.equal(make()(photos), make()(photos))
    net = make()
    assert torch.equal(net(photos), net(photos))


def test_batch_norm_uses_what_it_learnt_once_it_is_trained(photos: Tensor) -> None:
    net = make(norm="batch")
    net(photos)
    net.eval()
    alone = torch.cat([net(photo.unsqueeze(0)) for photo in photos])
    torch.testing.assert_close(net(photos), alone, rtol=1e-4, atol=1e-5)


def test_instance_norm_statistics_are_float32_under_autocast() -> None:
    """Around 1000, bfloat16 steps are 4 apart: statistics taken in it lose the contrast."""
    x = 1000 + torch.randn(1, 2, 64, 64, generator=torch.Generator().manual_seed(0)) * 16
    norm = InstanceNorm(2)
    half = x.bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = norm(half)
    assert got.dtype == torch.bfloat16
    exact = (half.double() - half.double().mean((2, 3), keepdim=True)) / half.double().std(
        (2, 3), keepdim=True, correction=0
    )
    torch.testing.assert_close(got.double(), exact, rtol=2**-7, atol=1e-3)


def test_bf16_autocast_stays_close_and_gives_float32(photos: Tensor) -> None:
    net = make()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = net(photos)
    assert out.dtype == torch.float32
    assert (out - net(photos)).abs().max() < 0.1


@pytest.mark.parametrize(
    ("option", "given", "meant"),
    [
        ("norm", "instanse", "instance"),
        ("padding", "reflec", "reflect"),
        ("upsample", "nearst", "nearest"),
        ("output", "sigmod", "sigmoid"),
    ],
)
def test_unknown_options_name_the_closest(option: str, given: str, meant: str) -> None:
    with pytest.raises(UserError, match=rf"network\.{option}: '{given}'.*did you mean '{meant}'"):
        make(**{option: given})
