"""The yardstick's arithmetic, on curves and pictures whose figures are known."""

from __future__ import annotations

import math
import time

import pytest
import torch
from conftest import noise_picture, vgg_weights
from torch import Tensor

from faststyle.evaluate.artifacts import artifact_figures, border_error, checkerboard, clipped
from faststyle.evaluate.curves import lbfgs_iterates
from faststyle.evaluate.explain import content_errors, style_shares
from faststyle.evaluate.yardstick import (
    Bound,
    equivalent_within,
    iterations_to,
    quantile,
    score,
    seconds_per_pass,
    seconds_to,
)
from faststyle.images.tensors import to_tensor
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.networks.transform_net import TransformNet


@pytest.fixture(scope="module")
def perceptual_loss() -> PerceptualLoss:
    return PerceptualLoss(
        LossNetwork(
            "vgg19",
            ["relu1_1", "relu2_1"],
            pooling="max",
            state_dict=vgg_weights("vgg19", 2, 1, seed=0),
        ),
        formula="relative",
        content_weight=1.0,
        style_weight=5.0,
        tv_weight=0.1,
        content_layers=["relu2_1"],
        style_layers=["relu1_1", "relu2_1"],
        style_image=to_tensor(noise_picture(9)),
    )


def make_net(upsample: str = "nearest", padding: str = "reflect", seed: int = 0) -> TransformNet:
    torch.manual_seed(seed)
    return TransformNet(
        width=4,
        num_residual_blocks=1,
        norm="instance",
        padding=padding,
        upsample=upsample,
        output="sigmoid",
    ).eval()


# --- equivalent iterations --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (20.0, Bound(0.0, False)),  # better than that before the first iteration
        (10.0, Bound(0.0, False)),
        (7.0, Bound(0.75, False)),
        (6.0, Bound(1.0, False)),
        (5.0, Bound(2.25, False)),  # the first time, though it rises on the way
        (2.0, Bound(3.0, False)),
        (1.9, Bound(3.0, True)),
    ],
)
def test_iterations_are_interpolated_or_a_bound(level: float, expected: Bound) -> None:
    assert iterations_to([10.0, 6.0, 6.0, 2.0], level) == expected


def test_seconds_are_interpolated() -> None:
    seconds = [1.0, 2.0, 6.0]
    assert [seconds_to(seconds, i) for i in (0, 0.5, 1, 1.25, 2)] == [1.0, 1.5, 2.0, 3.0, 6.0]


def test_quantiles_of_plain_numbers_are_linear() -> None:
    bounds = [Bound(v, False) for v in (4.0, 1.0, 2.0, 8.0)]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        expected = float(torch.tensor([1.0, 2.0, 4.0, 8.0]).quantile(share))
        found = quantile(bounds, share)
        assert found.value == pytest.approx(expected)
        assert not found.more


def test_quantiles_with_bounds() -> None:
    known, beyond = Bound(10.0, False), Bound(200.0, True)
    assert quantile([known, known, beyond], 0.5) == known
    assert quantile([beyond, known, beyond], 0.5) == beyond
    assert quantile([beyond], 0.25) == beyond
    # A photo cut short early may still be worth the most: then the median is at least 10.
    assert quantile([Bound(3.0, True), known, beyond], 0.5) == Bound(10.0, True)


def test_bounds_as_text() -> None:
    bounds = (Bound(3.26, False), Bound(200.0, True), Bound(58.7, False))
    assert [str(bound) for bound in bounds] == ["3.3", ">200", "59"]


def test_a_picture_off_the_curve_is_worth_its_own_iteration(
    perceptual_loss: PerceptualLoss,
) -> None:
    photo = to_tensor(noise_picture(1))
    totals, pictures = [], []
    for iterate in lbfgs_iterates(perceptual_loss, photo, "noise", 6):
        totals.append(iterate.losses["total_loss"])
        pictures.append(iterate.picture)
    level = score(perceptual_loss, pictures[4], photo)["total_loss"]
    assert iterations_to(totals, level).value == pytest.approx(4, abs=1e-3)


def test_a_pass_is_timed_warm() -> None:
    delays = [0.2, 0.0, 0.01, 0.02]

    def stylize(photo: Tensor) -> Tensor:
        time.sleep(delays.pop(0))
        return photo

    assert 0.01 <= seconds_per_pass(stylize, torch.zeros(1)) < 0.1


def test_within_a_budget(perceptual_loss: PerceptualLoss) -> None:
    photos = torch.cat([to_tensor(noise_picture(i)) for i in range(3)])
    net = make_net().train()
    found, seconds = equivalent_within(perceptual_loss, net, photos, budget=60.0)
    assert found is not None
    assert not found.more
    assert 0 < found.value < 50
    assert 0 < seconds < 60
    assert net.training


def test_a_budget_that_ends_first_gives_a_bound_or_nothing(
    perceptual_loss: PerceptualLoss, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    def tick() -> float:
        now[0] += 1.0
        return now[0]

    monkeypatch.setattr("faststyle.evaluate.yardstick.time.perf_counter", tick)
    photo = to_tensor(noise_picture(1))
    # The photo itself, and no style weight: nothing that L-BFGS reaches soon is as good.
    still = PerceptualLoss(
        perceptual_loss.loss_network,
        formula="relative",
        content_weight=1.0,
        style_weight=0.0,
        tv_weight=0.0,
        content_layers=["relu2_1"],
        style_layers=["relu1_1"],
        style_image=photo,
    )

    class Identity(TransformNet):
        def forward(self, images: Tensor) -> Tensor:
            return images

    net = make_net()
    net.__class__ = Identity
    found, seconds = equivalent_within(still, net, photo.repeat(2, 1, 1, 1), budget=9.0)
    assert found is not None
    assert found.more
    assert 1 <= found.value < 9
    assert seconds <= 11
    assert equivalent_within(still, net, photo, budget=0.5)[0] is None


# --- artefacts --------------------------------------------------------------------------------


def strokes(seed: int, height: int = 128, width: int = 144) -> Tensor:
    """Noise smeared along one direction: oriented detail without a period."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(1, 3, height + 16, width + 16, generator=generator)
    kernel = torch.eye(9)[None, None].repeat(3, 1, 1, 1) / 9
    smeared = torch.nn.functional.conv2d(noise, kernel, groups=3)[..., :height, :width]
    return (0.5 + 0.3 * smeared).clamp(0, 1)


def test_checkerboard_rises_with_a_checkerboard() -> None:
    picture = 0.25 + 0.5 * to_tensor(noise_picture(1, 144, 128))
    board = (torch.arange(128)[:, None] + torch.arange(144)) % 2 - 0.5
    found = [checkerboard(picture + strength * board) for strength in (0.0, 0.1, 0.2, 0.4)]
    assert found == sorted(found)
    assert found[-1] > 0.8
    assert found[0] < 0.05


def test_checkerboard_is_all_or_nothing_on_pure_pictures() -> None:
    columns = (torch.arange(96) % 4 < 2).float().expand(1, 3, 96, 96)
    assert checkerboard(columns) == pytest.approx(1, abs=0.01)
    assert checkerboard(torch.full((1, 3, 96, 96), 0.5)) == 0


@pytest.mark.parametrize("seed", range(3))
def test_checkerboard_tells_transposed_convolution_from_strokes_and_edges(seed: int) -> None:
    photo = to_tensor(noise_picture(seed, 144, 128))
    edges = (photo > 0.5).float()
    with torch.no_grad():
        nearest, transposed = (make_net(up, seed=seed)(photo) for up in ("nearest", "transposed"))
    for clean in (strokes(seed), edges, nearest):
        assert checkerboard(clean) < 0.05
    assert checkerboard(transposed) > 0.15


def test_border_error_sees_a_frame() -> None:
    photo, stylized = to_tensor(noise_picture(1, 144, 128)), strokes(1)
    framed = stylized.clone()
    framed[..., :2, :] = framed[..., -2:, :] = 0
    framed[..., :2] = framed[..., -2:] = 0
    assert border_error(stylized, photo) < 2
    assert border_error(framed, photo) > 4


def test_clipped_counts_what_is_written_as_black_or_white() -> None:
    picture = torch.full((1, 3, 32, 32), 0.5)
    picture[:, 0] = 0.001
    picture[:, 1, :16] = 1.0
    assert clipped(picture) == pytest.approx(1 / 2)
    assert set(artifact_figures(picture, picture)) == {"stylized", "photo"}


# --- explaining -------------------------------------------------------------------------------


def test_shares_of_the_style_loss_add_up() -> None:
    shares = style_shares({"style_loss": 9.0, "style_loss/a": 1.0, "style_loss/b": 3.0})
    assert shares == {"a": 0.25, "b": 0.75}


def test_content_errors_average_to_the_content_loss(perceptual_loss: PerceptualLoss) -> None:
    photo, stylized = to_tensor(noise_picture(1)), to_tensor(noise_picture(2))
    (errors,) = content_errors(perceptual_loss, stylized, photo).values()
    losses = score(perceptual_loss, stylized, photo)
    assert errors.shape == (20, 24)
    assert math.isclose(float(errors.mean()), losses["content_loss"], rel_tol=1e-5)
