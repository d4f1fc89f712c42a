"""Shares of the losses, errors by place, and textures of single layers."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from faststyle.evaluate import explain
from faststyle.evaluate.explain import content_errors, style_shares
from faststyle.evaluate.objective import build_objective
from faststyle.evaluate.yardstick import score
from faststyle.images.read import load_image
from faststyle.images.tensors import resize_long_edge, to_tensor
from faststyle.losses.perceptual_loss import PerceptualLoss
from tests.support.networks import TRAINED_METADATA
from tests.support.pictures import noise_picture


def test_a_texture_takes_the_paintings_statistics(
    painting: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "TEXTURE_SIZE", 48)
    monkeypatch.setattr(explain, "TEXTURE_STEPS", 15)
    objective = build_objective(
        TRAINED_METADATA, painting, str(tiny_weights), [], torch.device("cpu")
    )
    texture = explain.layer_texture(objective, "relu1_1")
    given = to_tensor(resize_long_edge(load_image(painting), 48))
    noise = torch.full((3,), 0.5)
    distance = (texture.mean((0, 2, 3)) - given.mean((0, 2, 3))).norm()
    assert distance < 0.7 * (noise - given.mean((0, 2, 3))).norm()


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
