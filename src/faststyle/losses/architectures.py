"""Architectures of the loss networks: the layers of each by name, from the input on.

To add one:

1. here: a function that gives its layers by name, and an entry in ARCHITECTURES. The layers stand
   in the order of torchvision's `features`, whose index finds their weights; convolutions are
   FrozenConv2d.
2. losses/pretrained.py: where its weights come from, in TORCHVISION_WEIGHTS or BUNDLED.
3. conf/loss_network/NAME.yaml: its name, weights, pooling and default layers.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from faststyle.networks.fast_conv import conv2d

# Channels of each 3x3 convolution, one tuple per stage; stages end with pooling.
# VGG: Simonyan and Zisserman 2015, table 1, columns D and E.
VGG_STAGES = {
    "vgg16": ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3),
    "vgg19": ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4),
    # faststyle's own, distilled from VGG-19: assets/compact.md.
    "compact": ((20,) * 2, (48,) * 2, (96,) * 2, (160,) * 3, (160,)),
}

# SqueezeNet 1.1 (Iandola et al. 2016): squeeze and expand channels of fire2 to fire9.
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
    """A convolution whose weights are non-persistent buffers, uninitialized at first.

    It maps (N, C, H, W) to (N, D, H', W') and adds zeros at the border.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, channels_in: int, channels_out: int, size: int, stride: int, padding: int):
        super().__init__()
        self.stride, self.padding = stride, padding
        weight = torch.empty(channels_out, channels_in, size, size)
        self.register_buffer("weight", weight, persistent=False)
        self.register_buffer("bias", torch.empty(channels_out), persistent=False)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d _ _"]:
        return conv2d(x, self.weight, self.bias, self.stride, self.padding)


class Fire(nn.Module):
    """The block of SqueezeNet: a 1x1 squeeze, then 1x1 and 3x3 expansions side by side.

    It maps (N, C, H, W) to (N, 2 expand, H, W).
    """

    def __init__(self, channels_in: int, squeeze: int, expand: int):
        super().__init__()
        self.squeeze = FrozenConv2d(channels_in, squeeze, 1, 1, 0)
        self.expand1x1 = FrozenConv2d(squeeze, expand, 1, 1, 0)
        self.expand3x3 = FrozenConv2d(squeeze, expand, 3, 1, 1)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h w"]:
        squeezed = F.relu(self.squeeze(x))
        return F.relu(torch.cat([self.expand1x1(squeezed), self.expand3x3(squeezed)], dim=1))


class Pool(nn.Module):
    """Pooling of stride 2: "max", or "average" as Gatys et al. 2016, section 2, prefer."""

    def __init__(self, size: int, pooling: str, ceil_mode: bool):
        super().__init__()
        self.pool = {"max": F.max_pool2d, "average": F.avg_pool2d}[pooling]
        self.size, self.ceil_mode = size, ceil_mode

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c _ _"]:
        return self.pool(x, self.size, 2, ceil_mode=self.ceil_mode)


def _vgg_layers(stages: tuple[tuple[int, ...], ...], pooling: str) -> dict[str, nn.Module]:
    """conv1_1, relu1_1, ..., pool1, conv2_1, ... in the order of torchvision's `features`."""
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


ARCHITECTURES: dict[str, Callable[[str], dict[str, nn.Module]]] = {
    "vgg16": lambda pooling: _vgg_layers(VGG_STAGES["vgg16"], pooling),
    "vgg19": lambda pooling: _vgg_layers(VGG_STAGES["vgg19"], pooling),
    "squeezenet": _squeezenet_layers,
    "compact": lambda pooling: _vgg_layers(VGG_STAGES["compact"], pooling),
}
POOLINGS = ("max", "average")
