"""The compact loss network: bundled, small, keeps its values, has a card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from faststyle.checkpoints.catalog import describe
from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.config.train import TrainConfig
from faststyle.errors import UserError
from faststyle.files.paths import ASSETS_DIR
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.pretrained import build_loss_network, bundled_weights, model_card
from scripts.distillation.measure import arithmetic
from tests.support.commands import Outcome
from tests.support.networks import vgg_weights

STYLE_LAYERS = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
LAYERS = [*STYLE_LAYERS, "relu4_2"]
# On the picture of test_features_keep_their_values.
FEATURE_MEANS = {
    "relu1_1": 0.77488,
    "relu2_1": 0.94584,
    "relu3_1": 1.22909,
    "relu4_1": 1.07207,
    "relu5_1": 0.98612,
    "relu4_2": 1.0258,
}


@pytest.fixture(scope="module")
def compact() -> LossNetwork:
    return build_loss_network("compact", LAYERS, weights="bundled", pooling="max")


def test_an_eighth_of_the_arithmetic_and_two_megabytes(compact: LossNetwork) -> None:
    weights = vgg_weights("vgg19", 4, 1, seed=0)
    vgg19 = LossNetwork("vgg19", ["relu4_1"], pooling="max", state_dict=weights)
    # All of ours, against VGG-19 up to relu4_1 only.
    assert arithmetic(vgg19) >= 8 * arithmetic(compact)
    assert bundled_weights("compact").stat().st_size <= 2_000_000


def test_features_keep_their_values(compact: LossNetwork) -> None:
    down, across = torch.meshgrid(torch.arange(48.0), torch.arange(48.0), indexing="ij")
    waves = [torch.sin(0.3 * across), torch.sin(0.2 * down), torch.sin(0.5 * (across + down))]
    features = compact(0.5 + 0.4 * torch.stack(waves)[None], LAYERS)
    found = {layer: float(features[layer].mean()) for layer in LAYERS}
    assert found == pytest.approx(FEATURE_MEANS, rel=1e-3)


def test_layers_are_named_as_vgg19s(compact: LossNetwork) -> None:
    features = compact(torch.rand(1, 3, 32, 48), LAYERS)
    sides = [(32, 48), (16, 24), (8, 12), (4, 6), (2, 3)]
    assert [tuple(features[layer].shape[2:]) for layer in STYLE_LAYERS] == sides
    with pytest.raises(
        UserError, match=r"compact: 'relu4_4' is not one of conv1_1, .*mean 'relu4_"
    ):
        build_loss_network("compact", ["relu4_4"], weights="bundled", pooling="max")


def test_only_its_own_weights_are_bundled() -> None:
    with pytest.raises(UserError, match=r"no weights of vgg19 come with faststyle.*torchvision"):
        build_loss_network("vgg19", ["relu1_1"], weights="bundled", pooling="max")
    with pytest.raises(UserError, match=r"torchvision has no compact; give bundled"):
        build_loss_network("compact", ["relu1_1"], weights="torchvision", pooling="max")


def test_each_bundled_network_has_a_card() -> None:
    names = [weights.stem for weights in ASSETS_DIR.glob("*.safetensors")]
    assert "compact" in names
    for name in names:
        card = model_card(name, "bundled")
        assert card is not None
        assert "\n" not in card
        assert "CC BY 4.0" in card


def test_a_style_trained_with_it_says_so(
    train_cli: Callable[..., Outcome], smoke_overrides: list[str], tmp_path: Path
) -> None:
    """The layers of conf/, the weights of the package, and the card in the description."""
    given = [o for o in smoke_overrides if not o.startswith(("loss_network.", "loss."))]
    outcome = train_cli(*given, "loss_network=compact")
    assert outcome.code == 0, outcome.err
    metadata = read_checkpoint(tmp_path / "checkpoints" / "starry_night.safetensors").metadata
    assert metadata["loss"]["style_layers"] == STYLE_LAYERS
    assert f"  card: {model_card('compact', 'bundled')}" in describe(metadata).splitlines()


def test_a_file_of_the_users_has_no_card(make_config: Callable[..., TrainConfig]) -> None:
    network = make_config().loss_network
    assert model_card(network.name, network.weights) is None
