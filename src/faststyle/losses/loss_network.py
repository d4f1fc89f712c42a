"""Loss networks: frozen image classifiers whose named layers say what a picture looks like.

Their weights are buffers, not parameters, and not persistent: so they follow the device, get no
gradient, are in no optimizer and in no checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faststyle.errors import UserError, check_choice
from faststyle.networks.fast_conv import conv2d

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# Channels of each 3x3 convolution, a tuple a stage; max pooling between stages.
VGG_STAGES = {
    "vgg16": ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3),
    "vgg19": ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4),
    # Our own, distilled from VGG-19: assets/compact.md.
    "compact": ((20,) * 2, (48,) * 2, (96,) * 2, (160,) * 3, (160,)),
}
# SqueezeNet 1.1: (squeeze, expand) channels of fire2 to fire9; pooling before these:
SQUEEZENET_FIRES = (
    (16, 64),
    (16, 64),
    (32, 128),
    (32, 128),
    (48, 192),
    (48, 192),
    (64, 256),
    (64, 256),
)
SQUEEZENET_POOL_BEFORE = ("fire2", "fire4", "fire6")


class FrozenConv2d(nn.Module):
    """A convolution whose weights are non-persistent buffers, filled from a state dict."""

    weight: Tensor
    bias: Tensor

    def __init__(self, channels_in: int, channels_out: int, size: int, stride: int, padding: int):
        super().__init__()
        self.stride, self.padding = stride, padding
        weight = torch.empty(channels_out, channels_in, size, size)
        self.register_buffer("weight", weight, persistent=False)
        self.register_buffer("bias", torch.empty(channels_out), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.weight, self.bias, self.stride, self.padding)


class Fire(nn.Module):
    """SqueezeNet's block: 1x1 squeeze, then 1x1 and 3x3 expansions side by side."""

    def __init__(self, channels_in: int, squeeze: int, expand: int):
        super().__init__()
        self.squeeze = FrozenConv2d(channels_in, squeeze, 1, 1, 0)
        self.expand1x1 = FrozenConv2d(squeeze, expand, 1, 1, 0)
        self.expand3x3 = FrozenConv2d(squeeze, expand, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.squeeze(x))
        return F.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], dim=1))


class Pool(nn.Module):
    def __init__(self, size: int, pooling: str, ceil_mode: bool):
        super().__init__()
        self.pool = {"max": F.max_pool2d, "average": F.avg_pool2d}[pooling]
        self.size, self.ceil_mode = size, ceil_mode

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(x, self.size, 2, ceil_mode=self.ceil_mode)


def _vgg_layers(stages: tuple[tuple[int, ...], ...], pooling: str) -> dict[str, nn.Module]:
    layers: dict[str, nn.Module] = {}
    channels = 3
    for i, stage in enumerate(stages, start=1):
        for j, width in enumerate(stage, start=1):
            layers[f"conv{i}_{j}"] = FrozenConv2d(channels, width, 3, 1, 1)
            layers[f"relu{i}_{j}"] = nn.ReLU()
            channels = width
        layers[f"pool{i}"] = Pool(2, pooling, ceil_mode=False)
    return layers


def _squeezenet_layers(pooling: str) -> dict[str, nn.Module]:
    layers: dict[str, nn.Module] = {"conv1": FrozenConv2d(3, 64, 3, 2, 0), "relu1": nn.ReLU()}
    channels = 64
    for i, (squeeze, expand) in enumerate(SQUEEZENET_FIRES, start=2):
        if f"fire{i}" in SQUEEZENET_POOL_BEFORE:
            layers[f"pool{i - 1}"] = Pool(3, pooling, ceil_mode=True)
        layers[f"fire{i}"] = Fire(channels, squeeze, expand)
        channels = 2 * expand
    return layers


ARCHITECTURES = {
    "vgg16": lambda pooling: _vgg_layers(VGG_STAGES["vgg16"], pooling),
    "vgg19": lambda pooling: _vgg_layers(VGG_STAGES["vgg19"], pooling),
    "squeezenet": _squeezenet_layers,
    "compact": lambda pooling: _vgg_layers(VGG_STAGES["compact"], pooling),
}
POOLINGS = ("max", "average")


class LossNetwork(nn.Module):
    """The layers of a classifier by name, up to the deepest one wanted.

    Args:
        name: a key of ARCHITECTURES.
        layers: the names that will be asked for; nothing deeper is built.
        pooling: "max", or "average" as Gatys et al. 2016 advise for synthesis.
        state_dict: torchvision's names (`features.0.weight`), with or without the classifier.

    Raises:
        UserError: unknown name or layer, or the weights are another network's.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, name: str, layers: Iterable[str], *, pooling: str, state_dict: Mapping[str, Tensor]
    ):
        super().__init__()
        check_choice("loss_network", name, ARCHITECTURES)
        check_choice("loss_network.pooling", pooling, POOLINGS)
        every = ARCHITECTURES[name](pooling)
        names = list(every)
        for layer in layers:
            check_choice(f"layer of {name}", layer, names)
        deepest = max(names.index(layer) for layer in layers)
        _load(name, every, deepest, state_dict)
        self.layers = nn.ModuleDict({key: every[key] for key in names[: deepest + 1]})
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Activations at `layers` of pictures (N, 3, H, W) in [0, 1]; runs no deeper."""
        wanted = set(layers)
        # oneDNN and cuDNN convolve channels-last pictures up to twice as fast.
        x = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        features = {}
        for name, layer in self.layers.items():
            x = layer(x)
            if name in wanted:
                features[name] = x
                if len(features) == len(wanted):
                    break
        return features


def _torchvision_names(name: str, layers: Mapping[str, nn.Module]) -> dict[str, str]:
    """Torchvision's key prefix of each convolution, by its name here: conv1_1 -> features.0."""
    prefixes = {}
    for index, (layer, module) in enumerate(layers.items()):
        for sub, child in module.named_modules():
            if isinstance(child, FrozenConv2d):
                prefixes[".".join(filter(None, (layer, sub)))] = ".".join(
                    filter(None, (f"features.{index}", sub))
                )
    return prefixes


def _load(
    name: str, layers: Mapping[str, nn.Module], deepest: int, state_dict: Mapping[str, Tensor]
) -> None:
    """Copy weights into the layers up to `deepest`, once they are known to be this network's."""
    modules = dict(nn.ModuleDict(layers).named_modules())
    prefixes = _torchvision_names(name, layers)
    known = {f"{prefix}.{part}" for prefix in prefixes.values() for part in ("weight", "bias")}
    state = {
        key if key.startswith(("features.", "classifier.")) else f"features.{key}": value
        for key, value in state_dict.items()
    }
    strange = [k for k in state if k.startswith("features.") and k not in known]
    if strange:
        raise UserError(
            f"loss_network.weights: not {name}'s: it has no tensor {strange[0]!r}; "
            f"give {name}'s weights or another loss_network"
        )
    needed = list(layers)[: deepest + 1]
    for path, prefix in prefixes.items():
        if path.split(".")[0] not in needed:
            continue
        for part in ("weight", "bias"):
            key, target = f"{prefix}.{part}", getattr(modules[path], part)
            given = state.get(key)
            if given is None or given.shape != target.shape:
                found = "is missing" if given is None else f"has shape {tuple(given.shape)}"
                raise UserError(
                    f"loss_network.weights: not {name}'s up to {needed[-1]}: {key} {found}, "
                    f"expected {tuple(target.shape)}; give {name}'s weights or another loss_network"
                )
            target.copy_(given)
