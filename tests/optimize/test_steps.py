"""The generator of `optimize_pixels` ends by itself; noise depends on its seed and shape alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from faststyle.images.tensors import to_tensor
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.optimize.pixels import noise_like, optimize_pixels
from tests.support.networks import vgg_weights
from tests.support.pictures import noise_picture


@pytest.fixture(scope="module")
def perceptual_loss() -> PerceptualLoss:
    return PerceptualLoss(
        LossNetwork(
            "vgg19", ["relu1_1"], pooling="max", state_dict=vgg_weights("vgg19", 1, 1, seed=0)
        ),
        formula="relative",
        content_weight=0.0,
        style_weight=1.0,
        tv_weight=0.0,
        content_layers=[],
        style_layers=["relu1_1"],
        style_image=to_tensor(noise_picture(9)),
    )


def picture() -> Tensor:
    return to_tensor(noise_picture(1, 24, 20))


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("num_steps", [0, 1, 4])
def test_it_ends_after_the_steps_asked_for(
    perceptual_loss: PerceptualLoss, optimizer: str, num_steps: int
) -> None:
    evaluations = []
    handle = perceptual_loss.register_forward_hook(lambda *_: evaluations.append(True))
    found = list(
        optimize_pixels(
            perceptual_loss,
            {},
            picture(),
            num_steps=num_steps,
            optimizer=optimizer,
            learning_rate=0.02,
            history=5,
        )
    )
    handle.remove()
    assert [iterate.step for iterate in found] == list(range(num_steps + 1))
    torch.testing.assert_close(found[0].picture, picture())
    # No step is computed and thrown away.
    assert found[-1].evaluations == len(evaluations)


def test_the_same_seed_gives_the_same_noise() -> None:
    noise = noise_like(picture(), seed=3)
    assert noise.shape == (1, 3, 20, 24)
    assert 0 <= noise.min() < 0.01
    assert 0.99 < noise.max() < 1
    assert torch.equal(noise, noise_like(torch.zeros(1, 3, 20, 24), seed=3))
    assert not torch.equal(noise, noise_like(picture(), seed=4))
