"""A tiny perceptual loss."""

from __future__ import annotations

import pytest

from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.perceptual_loss import PerceptualLoss
from tests.support.networks import tiny_loss


@pytest.fixture(scope="session")
def perceptual_loss(loss_network: LossNetwork) -> PerceptualLoss:
    return tiny_loss(loss_network, content_layers=["relu2_1"])
