"""Tiny networks, their random weights and their metadata."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from faststyle.checkpoints.style_checkpoint import FORMAT
from faststyle.images.tensors import to_tensor
from faststyle.losses.architectures import VGG_STAGES
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.networks.transform_net import TransformNet
from tests.support.pictures import noise_picture

TINY_NETWORK = {
    "width": 4,
    "num_residual_blocks": 1,
    "norm": "instance",
    "padding": "reflect",
    "upsample": "nearest",
    "output": "sigmoid",
}


def tiny_net(seed: int = 0, **changes: object) -> TransformNet:
    """TINY_NETWORK with changes and seeded weights."""
    torch.manual_seed(seed)
    return TransformNet(**{**TINY_NETWORK, **changes})  # type: ignore[arg-type]


def vgg_weights(name: str, deepest_stage: int, last_stage_convs: int, seed: int) -> dict:
    """Random weights under torchvision's names; kaiming scale keeps deep features near 1."""
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}
    index, channels = 0, 3
    for stage, widths in enumerate(VGG_STAGES[name][:deepest_stage], start=1):
        for number, width in enumerate(widths, start=1):
            if stage < deepest_stage or number <= last_stage_convs:
                scale = (2 / (9 * channels)) ** 0.5
                weight = torch.randn(width, channels, 3, 3, generator=generator) * scale
                state[f"features.{index}.weight"] = weight
                state[f"features.{index}.bias"] = 0.1 * torch.randn(width, generator=generator)
            channels, index = width, index + 2
        index += 1
    return state


def random_net(seed: int = 0, **changes: object) -> TransformNet:
    """The same in evaluation mode, with biases and running statistics that are not neutral."""
    net = tiny_net(seed, **changes).eval()
    for name, value in net.named_parameters():
        if name.endswith("bias"):  # zero at the start, which would hide mistakes
            torch.nn.init.normal_(value, std=0.3)
    for name, value in net.named_buffers():
        if "running" in name:
            torch.nn.init.uniform_(value, 0.5, 1.5)
    return net


def tiny_loss(
    loss_network: LossNetwork, formula: str = "relative", **changes: object
) -> PerceptualLoss:
    """A perceptual loss on shallow layers; `changes` are arguments of PerceptualLoss."""
    settings: dict = {
        "content_weight": 1.0,
        "style_weight": 5.0,
        "tv_weight": 0.1,
        "content_layers": ["relu2_2"],
        "style_layers": ["relu1_1", "relu2_1"],
        "style_image": to_tensor(noise_picture(9)),
        **changes,
    }
    return PerceptualLoss(loss_network, formula=formula, **settings)


def normalized(images: Tensor) -> Tensor:
    """Pictures in [0, 1] as ImageNet's networks take them."""
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    return (images - mean) / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


TINY_METADATA: dict[str, Any] = {
    "style": {"name": "tiny", "title": "Tiny", "artist": None, "image_sha256": "ab" * 32},
    "network": TINY_NETWORK,
    "loss": {"style_layers": ["relu1_1", "relu2_1"], "style_weight": 5.0},
    "training": {"steps": 3, "learning_rate": 0.003},
    "metrics": {"val/style_loss": 0.123456},
}
# As `evaluate` needs it: with the objective that the style was trained for.
TRAINED_METADATA: dict[str, Any] = {
    "format": FORMAT,
    "network": TINY_NETWORK,
    "style": {"name": "tiny", "size": 48},
    "loss": {
        "formula": "relative",
        "content_weight": 1.0,
        "style_weight": 5.0,
        "tv_weight": 0.1,
        "content_layers": ["relu2_2"],
        "style_layers": ["relu1_1", "relu2_1"],
    },
    "loss_network": {"name": "vgg19", "weights": "vgg19.pth", "pooling": "max"},
}
