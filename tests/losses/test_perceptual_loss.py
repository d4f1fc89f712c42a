"""The perceptual loss: its terms, its gradients, blends of style images."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from faststyle.errors import UserError
from faststyle.images.tensors import to_tensor
from faststyle.losses.functional import gram
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.perceptual_loss import PerceptualLoss
from tests.support.networks import tiny_loss
from tests.support.pictures import noise_batch, noise_picture


@pytest.fixture
def perceptual_loss(loss_network: LossNetwork) -> PerceptualLoss:
    weights: dict = {"content_weight": 2.0, "style_weight": 3.0, "tv_weight": 0.5}
    return tiny_loss(loss_network, **weights, style_image=noise_batch(24, 7))


def test_terms_are_named_and_sum_to_the_total(perceptual_loss: PerceptualLoss) -> None:
    photos = noise_batch(16, 1, 2)
    terms = perceptual_loss(photos.flip(-1), perceptual_loss.content_targets(photos))
    assert set(terms) == {
        "total_loss",
        "content_loss",
        "style_loss",
        "tv_loss",
        "style_loss/relu1_1",
        "style_loss/relu2_1",
    }
    torch.testing.assert_close(
        terms["total_loss"],
        2 * terms["content_loss"] + 3 * terms["style_loss"] + 0.5 * terms["tv_loss"],
    )
    torch.testing.assert_close(
        terms["style_loss"], (terms["style_loss/relu1_1"] + terms["style_loss/relu2_1"]) / 2
    )


def test_the_photo_itself_has_no_content_loss_and_the_painting_no_style_loss(
    perceptual_loss: PerceptualLoss,
) -> None:
    photo, style_image = noise_batch(16, 1), noise_batch(24, 7)
    same_photo = perceptual_loss(photo, perceptual_loss.content_targets(photo))
    assert same_photo["content_loss"] == 0
    assert same_photo["style_loss"] > 0.01
    same_style = perceptual_loss(style_image, perceptual_loss.content_targets(style_image))
    assert same_style["style_loss"] == pytest.approx(0, abs=1e-9)


def test_the_loss_reaches_the_picture_and_nothing_else(perceptual_loss: PerceptualLoss) -> None:
    photo = noise_batch(16, 1)
    targets = perceptual_loss.content_targets(photo)
    assert not any(target.requires_grad for target in targets.values())
    stylized = noise_batch(16, 2).requires_grad_()
    perceptual_loss(stylized, targets)["total_loss"].backward()
    assert stylized.grad is not None
    assert stylized.grad.abs().sum() > 0
    assert list(perceptual_loss.parameters()) == []
    assert perceptual_loss.state_dict() == {}


def test_unknown_formula_names_the_closest(perceptual_loss: PerceptualLoss) -> None:
    with pytest.raises(UserError, match=r"loss\.formula: 'jonson2016'.*mean 'johnson2016'"):
        tiny_loss(perceptual_loss.loss_network, "jonson2016")


@pytest.fixture
def noise(generator: torch.Generator) -> Tensor:
    return torch.rand(1, 3, 40, 48, generator=generator)


def test_a_blend_averages_gram_matrices(loss_network: LossNetwork) -> None:
    one, two = (to_tensor(noise_picture(seed, 30 + seed, 40)) for seed in (4, 5))
    blend = tiny_loss(loss_network, style_image=[one, two], style_blend=[6.0, 2.0])
    for layer in blend.style_layers:
        with torch.no_grad():
            a, b = (gram(loss_network(picture, [layer])[layer]) for picture in (one, two))
        found = blend.style_grams()[layer]
        torch.testing.assert_close(found, 0.75 * a + 0.25 * b)


def test_a_blend_of_one_picture_twice_is_that_picture(loss_network: LossNetwork) -> None:
    picture = to_tensor(noise_picture(4))
    blend = tiny_loss(loss_network, style_image=[picture] * 2, style_blend=[0.7, 0.3])
    single = tiny_loss(loss_network, style_image=picture)
    y = to_tensor(noise_picture(6))
    torch.testing.assert_close(
        blend(y, blend.content_targets(y)), single(y, single.content_targets(y))
    )


def test_without_content_layers_the_content_loss_is_zero(
    loss_network: LossNetwork, noise: Tensor
) -> None:
    texture = tiny_loss(loss_network, content_layers=[])
    losses = texture(noise, {})
    assert float(losses["content_loss"]) == 0
    assert float(losses["total_loss"]) > 0
