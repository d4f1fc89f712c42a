"""A tiny perceptual loss."""

from __future__ import annotations

import pytest

from faststyle.images.tensors import to_tensor
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.perceptual_loss import PerceptualLoss
from tests.support.networks import vgg_weights
from tests.support.pictures import noise_picture


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
