"""The yardstick's arithmetic, on curves and pictures whose figures are known."""

from __future__ import annotations

import time

import pytest
import torch
from torch import Tensor

from faststyle.evaluate.curves import lbfgs_iterates
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
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.networks.transform_net import TransformNet
from tests.support.networks import tiny_loss, tiny_net
from tests.support.pictures import noise_picture


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
    net = tiny_net().train()
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
    still = tiny_loss(
        perceptual_loss.loss_network,
        style_weight=0.0,
        tv_weight=0.0,
        content_layers=["relu2_1"],
        style_layers=["relu1_1"],
        style_image=photo,
    )

    class Identity(TransformNet):
        def forward(self, images: Tensor) -> Tensor:
            return images

    net = tiny_net().eval()
    net.__class__ = Identity
    found, seconds = equivalent_within(still, net, photo.repeat(2, 1, 1, 1), budget=9.0)
    assert found is not None
    assert found.more
    assert 1 <= found.value < 9
    assert seconds <= 11
    assert equivalent_within(still, net, photo, budget=0.5)[0] is None
