"""Loss networks: layers by name, torchvision's numbers, frozen weights that must fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision import models

from faststyle.errors import UserError
from faststyle.losses.architectures import ARCHITECTURES
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.pretrained import build_loss_network
from tests.support.networks import normalized

# Torchvision's `features` index of some layers, read off the printed models.
TORCHVISION_INDEX = {
    "vgg19": {"conv1_1": 0, "relu1_1": 1, "pool1": 4, "relu3_4": 17, "conv4_2": 21, "relu4_2": 22,
              "relu5_1": 29, "pool5": 36},
    "vgg16": {"relu1_2": 3, "relu2_2": 8, "relu3_3": 15, "conv4_3": 21, "relu4_3": 22, "pool5": 30},
    "squeezenet": {"conv1": 0, "relu1": 1, "pool1": 2, "fire2": 3, "pool3": 5, "fire5": 7,
                   "fire6": 9, "fire9": 12},
}  # fmt: skip
MODELS: dict[str, Callable[..., Any]] = {
    "vgg16": models.vgg16,
    "vgg19": models.vgg19,
    "squeezenet": models.squeezenet1_1,
}


@pytest.fixture(scope="module")
def torchvision_features() -> dict[str, torch.nn.Sequential]:
    """Torchvision's convolutional parts with random weights, without VGG's 470 MB classifiers."""
    made = {}
    for name, build in MODELS.items():
        with torch.device("meta"):
            features = build(weights=None).features
        features = features.to_empty(device="cpu").eval()
        generator = torch.Generator().manual_seed(0)
        for parameter in features.parameters():
            fan_in = parameter[0].numel() if parameter.dim() > 1 else 400
            with torch.no_grad():
                parameter.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
        made[name] = features
    return made


def prefixed(features: torch.nn.Module) -> dict[str, Tensor]:
    return {f"features.{key}": value for key, value in features.state_dict().items()}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_layers_equal_torchvisions(
    name: str, images: Tensor, torchvision_features: dict[str, torch.nn.Sequential]
) -> None:
    features = torchvision_features[name]
    index = TORCHVISION_INDEX[name]
    network = LossNetwork(name, index, pooling="max", state_dict=prefixed(features))
    got = network(images, index)
    assert set(got) == set(index)
    x, expected = normalized(images), {}
    with torch.no_grad():
        for i, layer in enumerate(features):
            # Not in place: torchvision's ReLU would overwrite the convolution kept before it.
            x = torch.relu(x) if isinstance(layer, torch.nn.ReLU) else layer(x)
            expected[i] = x
    for layer, i in index.items():
        torch.testing.assert_close(got[layer], expected[i], rtol=1e-4, atol=1e-4)


def test_vgg_names_are_in_order_and_stop_at_the_deepest_asked(
    shallow: Mapping[str, Tensor],
) -> None:
    network = LossNetwork("vgg19", ["relu2_1", "relu1_2"], pooling="max", state_dict=shallow)
    assert list(network.layers) == [
        "conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1", "conv2_1", "relu2_1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "last"), [("vgg16", "pool5"), ("vgg19", "pool5"), ("squeezenet", "fire9")]
)
def test_every_architecture_ends_where_torchvisions_does(
    name: str, last: str, torchvision_features: dict[str, torch.nn.Sequential]
) -> None:
    layers = ARCHITECTURES[name]("max")
    assert list(layers)[-1] == last
    assert len(layers) == len(torchvision_features[name])


def test_forward_runs_no_deeper_than_asked(shallow: Mapping[str, Tensor], images: Tensor) -> None:
    network = LossNetwork("vgg19", ["relu2_2"], pooling="max", state_dict=shallow)
    ran: list[str] = []
    for name, layer in network.layers.items():
        layer.register_forward_hook(lambda *_, name=name: ran.append(name))
    assert list(network(images, ["relu1_1"])) == ["relu1_1"]
    assert ran == ["conv1_1", "relu1_1"]


def test_conv_is_before_the_relu_of_the_same_name(
    shallow: Mapping[str, Tensor], images: Tensor
) -> None:
    network = LossNetwork("vgg19", ["relu2_2"], pooling="max", state_dict=shallow)
    got = network(images, ["conv2_2", "relu2_2"])
    assert got["conv2_2"].min() < 0
    assert torch.equal(got["relu2_2"], got["conv2_2"].relu())


def test_average_pooling(shallow: Mapping[str, Tensor], images: Tensor) -> None:
    network = LossNetwork("vgg19", ["pool1"], pooling="average", state_dict=shallow)
    got = network(images, ["relu1_2", "pool1"])
    torch.testing.assert_close(got["pool1"], torch.nn.AvgPool2d(2)(got["relu1_2"]))


def test_frozen_and_in_no_checkpoint(shallow: Mapping[str, Tensor], images: Tensor) -> None:
    network = LossNetwork("vgg19", ["relu2_1"], pooling="max", state_dict=shallow)
    assert list(network.parameters()) == []
    assert network.state_dict() == {}
    before = [buffer.clone() for buffer in network.buffers()]
    picture = images.requires_grad_()
    network(picture, ["relu2_1"])["relu2_1"].sum().backward()
    assert picture.grad is not None
    assert not any(buffer.requires_grad for buffer in network.buffers())
    assert all(map(torch.equal, before, network.buffers()))


def test_moves_with_dtype(shallow: Mapping[str, Tensor], images: Tensor) -> None:
    network = LossNetwork("vgg19", ["relu1_2"], pooling="max", state_dict=shallow)
    assert network.double()(images.double(), ["relu1_2"])["relu1_2"].dtype == torch.float64


# --- mistakes ---------------------------------------------------------------------------------


def test_unknown_layer_names_the_closest(shallow: Mapping[str, Tensor]) -> None:
    with pytest.raises(UserError, match=r"vgg19: 'relu4_5' is not one of conv1_1, .*mean 'relu"):
        LossNetwork("vgg19", ["relu4_5"], pooling="max", state_dict=shallow)


def test_unknown_network_and_pooling_name_the_closest(shallow: Mapping[str, Tensor]) -> None:
    with pytest.raises(UserError, match=r"'vgg18' is not one of vgg16, vgg19.*did you mean 'vgg1"):
        build_loss_network("vgg18", ["relu1_1"], weights="torchvision", pooling="max")
    with pytest.raises(UserError, match=r"pooling: 'averag'.*did you mean 'average'"):
        LossNetwork("vgg19", ["relu1_1"], pooling="averag", state_dict=shallow)


def test_weights_of_another_network_are_refused(
    torchvision_features: dict[str, torch.nn.Sequential],
) -> None:
    for name, deepest in (("vgg16", "relu4_3"), ("vgg19", "relu5_1"), ("squeezenet", "fire9")):
        for other, features in torchvision_features.items():
            if other != name:
                with pytest.raises(UserError, match=rf"weights: not {name}'s.*give {name}'s"):
                    LossNetwork(name, [deepest], pooling="max", state_dict=prefixed(features))


def test_missing_tensors_are_named(shallow: Mapping[str, Tensor]) -> None:
    with pytest.raises(UserError, match=r"features\.10\.weight is missing, expected \(256, 128"):
        LossNetwork("vgg19", ["relu3_1"], pooling="max", state_dict=shallow)


def test_wrong_shapes_are_named(shallow: Mapping[str, Tensor]) -> None:
    state = {**shallow, "features.2.weight": torch.ones(64, 32, 3, 3)}
    with pytest.raises(
        UserError, match=r"features\.2\.weight has shape \(64, 32, 3, 3\), expected \(64, 64, 3, 3"
    ):
        LossNetwork("vgg19", ["relu1_2"], pooling="max", state_dict=state)
