"""Loss networks: layers by name, torchvision's numbers, frozen, and weights that must fit."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torch
from conftest import vgg_weights
from safetensors.torch import save_file
from torch import Tensor
from torchvision import models

from faststyle.errors import UserError
from faststyle.losses.architectures import ARCHITECTURES
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.pretrained import build_loss_network, read_state_dict

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


def normalised(images: Tensor) -> Tensor:
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    return (images - mean) / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


@pytest.fixture
def images(generator: torch.Generator) -> Tensor:
    return torch.rand(2, 3, 37, 41, generator=generator)


@pytest.fixture(scope="module")
def shallow() -> Mapping[str, Tensor]:
    return vgg_weights("vgg19", 2, 2, seed=0)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_layers_equal_torchvisions(
    name: str, images: Tensor, torchvision_features: dict[str, torch.nn.Sequential]
) -> None:
    features = torchvision_features[name]
    index = TORCHVISION_INDEX[name]
    network = LossNetwork(name, index, pooling="max", state_dict=prefixed(features))
    got = network(images, index)
    assert set(got) == set(index)
    x, expected = normalised(images), {}
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


# --- weights that fit -------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["full", "features", "fp16", "bare", "safetensors"])
def test_weights_in_every_form(
    form: str, tmp_path: Path, shallow: dict[str, Tensor], images: Tensor
) -> None:
    state = dict(shallow)
    if form == "full":
        state |= {"classifier.0.weight": torch.ones(4, 4), "classifier.0.bias": torch.ones(4)}
    elif form == "fp16":
        state = {key: value.half() for key, value in state.items()}
    elif form == "bare":  # model.features.state_dict()
        state = {key.removeprefix("features."): value for key, value in state.items()}
    path = tmp_path / f"weights.{'safetensors' if form == 'safetensors' else 'pth'}"
    save_file(state, path) if form == "safetensors" else torch.save(state, path)
    network = build_loss_network("vgg19", ["relu2_1"], weights=str(path), pooling="max")
    expected = LossNetwork("vgg19", ["relu2_1"], pooling="max", state_dict=shallow)
    got = network(images, ["relu2_1"])["relu2_1"]
    assert got.dtype == torch.float32
    tolerance = 1e-2 if form == "fp16" else 1e-6
    torch.testing.assert_close(
        got, expected(images, ["relu2_1"])["relu2_1"], rtol=tolerance, atol=tolerance
    )


def test_torchvision_weights_come_from_its_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: Tensor
) -> None:
    """A file in the cache is found without a connection, once its hash is right."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cached = tmp_path / "hub" / "checkpoints" / "squeezenet1_1-b8a52dc0.pth"
    cached.parent.mkdir(parents=True)
    model = models.squeezenet1_1(weights=None)
    torch.save(model.state_dict(), cached)
    network = build_loss_network("squeezenet", ["fire4"], weights="torchvision", pooling="max")
    got = network(images, ["fire2"])["fire2"]
    with torch.no_grad():
        expected = model.eval().features[:4](normalised(images))
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


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


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no such file: .*nowhere\.pth"):
        read_state_dict(tmp_path / "nowhere.pth")


@pytest.mark.parametrize("content", [b"", b"not a state dict", b"\x80\x04garbage", b"PK\x03\x04"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_files_that_hold_no_tensors(content: bytes, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"not a file of plain tensors") as caught:
        read_state_dict(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [torch.ones(3), [torch.ones(3)], {"epoch": 3}, 5])
def test_files_that_hold_no_state_dict(value: object, tmp_path: Path) -> None:
    torch.save(value, tmp_path / "weights.pth")
    with pytest.raises(UserError, match="holds no state dict of tensors"):
        read_state_dict(tmp_path / "weights.pth")


class Malicious:
    """Unpickled without care it makes a file."""

    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.target,))


def test_a_malicious_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    proof = tmp_path / "executed"
    torch.save({"features.0.weight": Malicious(proof)}, tmp_path / "zip.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps({"a": Malicious(proof)}))
    for name in ("zip.pth", "plain.pth"):
        with pytest.raises(UserError, match="not a file of plain tensors"):
            read_state_dict(tmp_path / name)
        assert not proof.exists()
    # The same file does run code where it is trusted: the check above can fail.
    torch.load(tmp_path / "zip.pth", weights_only=False)
    assert proof.exists()


def test_offline_without_weights_is_one_line_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*args: object, **kwargs: object) -> None:
        raise URLError("Temporary failure in name resolution")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.urlopen", no_network)
    with pytest.raises(UserError, match=r"could not be downloaded.*weights=FILE") as caught:
        build_loss_network("squeezenet", ["fire2"], weights="torchvision", pooling="max")
    assert "\n" not in str(caught.value)
