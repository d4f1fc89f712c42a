"""Pictures and weights for loss networks."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from tests.support.networks import vgg_weights


@pytest.fixture
def images(generator: torch.Generator) -> Tensor:
    return torch.rand(2, 3, 37, 41, generator=generator)


@pytest.fixture(scope="module")
def shallow() -> Mapping[str, Tensor]:
    return vgg_weights("vgg19", 2, 2, seed=0)
