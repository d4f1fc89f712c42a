"""Targets that broadcasting would accept silently: one photo's content against several pictures."""

from __future__ import annotations

import re

import pytest
import torch

from faststyle.losses.functional import FORMULAS, Formula, gram, relative_error
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.perceptual_loss import PerceptualLoss
from tests.support.networks import vgg_weights

ALL = sorted(FORMULAS)
both_shapes = pytest.mark.parametrize(
    ("values", "target"),
    [
        ((4, 3, 5, 5), (1, 3, 5, 5)),
        ((1, 3, 5, 5), (4, 3, 5, 5)),
        ((4, 3, 5, 5), (2, 3, 5, 5)),
        ((4, 3, 5, 5), (4, 1, 5, 5)),
        ((4, 3, 5, 5), (4, 3, 5, 1)),
        ((4, 3, 5, 5), (3, 5, 5)),
    ],
)


@both_shapes
@pytest.mark.parametrize("formula", ALL)
def test_content_of_another_shape_is_an_error_with_both_shapes(
    formula: str, values: tuple[int, ...], target: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="target of shape") as caught:
        FORMULAS[formula].content(torch.ones(values), torch.ones(target))
    assert f"target of shape {target}" in str(caught.value)
    assert f"values of shape {values}" in str(caught.value)


@pytest.mark.parametrize("formula", ALL)
def test_one_style_is_the_target_of_every_picture(formula: str, generator: torch.Generator) -> None:
    grams = gram(torch.randn(4, 3, 5, 5, generator=generator))
    style = gram(torch.randn(1, 3, 5, 5, generator=generator))
    term: Formula = FORMULAS[formula]
    torch.testing.assert_close(term.style(grams, style), term.style(grams, style.expand(4, 3, 3)))


@pytest.mark.parametrize("formula", ALL)
@pytest.mark.parametrize("target", [(2, 3, 3), (1, 3, 1), (1, 4, 4), (3, 3)])
def test_styles_of_another_shape_are_an_error(formula: str, target: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"target of shape {target} does not fit")):
        FORMULAS[formula].style(torch.ones(4, 3, 3), torch.ones(target))


def test_each_picture_has_its_own_target() -> None:
    photos = torch.arange(1.0, 5.0).view(4, 1, 1, 1)
    assert relative_error(photos, photos) == 0
    assert relative_error(photos, photos.flip(0)) > 0.5


@pytest.fixture
def perceptual_loss() -> PerceptualLoss:
    network = LossNetwork(
        "vgg19", ["relu1_2"], pooling="max", state_dict=vgg_weights("vgg19", 1, 2, seed=0)
    )
    return PerceptualLoss(
        network,
        formula="relative",
        content_weight=1.0,
        style_weight=1.0,
        tv_weight=0.0,
        content_layers=["relu1_2"],
        style_layers=["relu1_1"],
        style_image=torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)),
    )


def test_content_targets_of_other_photos_are_an_error_before_the_loss_network_runs(
    perceptual_loss: PerceptualLoss,
    generator: torch.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pictures = torch.rand(4, 3, 16, 16, generator=generator)
    targets = perceptual_loss.content_targets(pictures[:1])
    monkeypatch.setattr(LossNetwork, "forward", None)
    with pytest.raises(ValueError, match=r"relu1_2 has shape \(1, 64, 16, 16\).*\(4, 3, 16, 16\)"):
        perceptual_loss(pictures, targets)


def test_content_targets_of_another_size_are_an_error(
    perceptual_loss: PerceptualLoss, generator: torch.Generator
) -> None:
    pictures = torch.rand(2, 3, 16, 16, generator=generator)
    targets = perceptual_loss.content_targets(pictures[..., :1])
    with pytest.raises(ValueError, match=r"\(2, 64, 16, 1\) does not fit .*\(2, 64, 16, 16\)"):
        perceptual_loss(pictures, targets)
