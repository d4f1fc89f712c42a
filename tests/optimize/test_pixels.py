"""Optimizing pixels: the objective falls, losses belong to their pictures."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from faststyle.errors import UserError
from faststyle.images.tensors import to_tensor
from faststyle.losses.functional import FORMULAS
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.optimize.pixels import Iterate, optimize_pixels
from tests.support.networks import tiny_loss
from tests.support.pictures import noise_picture


def run_engine(
    perceptual_loss: PerceptualLoss, start: Tensor, steps: int, **changes: object
) -> list[Iterate]:
    photo = to_tensor(noise_picture(1))
    settings: dict = {"optimizer": "lbfgs", "learning_rate": 0.02, "history": 10, **changes}
    targets = perceptual_loss.content_targets(photo)
    return list(optimize_pixels(perceptual_loss, targets, start, num_steps=steps, **settings))


@pytest.fixture
def noise(generator: torch.Generator) -> Tensor:
    return torch.rand(1, 3, 40, 48, generator=generator)


@pytest.mark.parametrize("formula", sorted(FORMULAS))
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_the_objective_falls_whatever_the_formula(
    loss_network: LossNetwork, noise: Tensor, formula: str, optimizer: str
) -> None:
    found = run_engine(tiny_loss(loss_network, formula), noise, 8, optimizer=optimizer)
    totals = [iterate.losses["total_loss"] for iterate in found]
    assert totals[-1] < (0.5 if optimizer == "lbfgs" else 0.95) * totals[0]


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_losses_are_those_of_the_picture_kept(
    loss_network: LossNetwork, noise: Tensor, optimizer: str
) -> None:
    perceptual_loss = tiny_loss(loss_network)
    found = run_engine(perceptual_loss, noise, 5, optimizer=optimizer)
    assert [iterate.step for iterate in found] == list(range(6))
    torch.testing.assert_close(found[0].picture, noise)
    targets = perceptual_loss.content_targets(to_tensor(noise_picture(1)))
    for iterate in found:
        assert iterate.picture.min() >= 0
        assert iterate.picture.max() <= 1
        total = perceptual_loss(iterate.picture, targets)["total_loss"]
        assert iterate.losses["total_loss"] == pytest.approx(float(total.detach()), rel=1e-5)


def test_evaluations_are_counted_as_the_loss_network_sees_them(
    loss_network: LossNetwork, noise: Tensor
) -> None:
    perceptual_loss = tiny_loss(loss_network)
    calls = []
    handle = perceptual_loss.register_forward_hook(lambda *_: calls.append(True))
    found = run_engine(perceptual_loss, noise, 12)
    handle.remove()
    assert found[-1].evaluations == len(calls)
    # Strong Wolfe takes the first step it tries nearly always: not two evaluations a step.
    assert found[-1].evaluations - found[2].evaluations <= 13


def test_it_ends_where_nothing_can_be_gained(loss_network: LossNetwork) -> None:
    photo = to_tensor(noise_picture(1))
    perceptual_loss = tiny_loss(loss_network, style_weight=0.0, tv_weight=0.0)
    found = run_engine(perceptual_loss, photo, 5)
    assert len(found) < 6
    assert found[-1].losses["total_loss"] < 1e-9


def test_unknown_optimizer(loss_network: LossNetwork, noise: Tensor) -> None:
    with pytest.raises(UserError, match="'lbgfs' is not one of lbfgs, adam; did you mean 'lbfgs'"):
        run_engine(tiny_loss(loss_network), noise, 1, optimizer="lbgfs")
