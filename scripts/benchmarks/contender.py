"""What is timed: inference and a training step, by the plain baseline and by faststyle."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from faststyle.losses.architectures import VGG_STAGES
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.networks.transform_net import TransformNet
from scripts.benchmarks.machine import measured_rate, multiply_adds
from scripts.benchmarks.plain import PlainLoss, PlainNet, convs_of
from scripts.networks import network_arguments

CONTENT_LAYER = "relu4_2"
STYLE_LAYERS = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
STYLE_WEIGHT, TV_WEIGHT = 4.0, 0.5
TRAINING_SIDE = 256
CONTENDERS = ("plain", "ours")


class Contender:
    """Times `who`, "plain" or "ours"; both are built so that the two can be compared.

    Args:
        who: the contender that is timed.
        device: where both run.
        loss_network_weights: a file with VGG-19's state dict; None for random weights.
        width: channels of the transform network's first layer.
    """

    def __init__(
        self, who: str, device: torch.device, loss_network_weights: Path | None, width: int = 32
    ):
        self.who, self.device = who, device
        self.loss_network_weights = loss_network_weights
        torch.manual_seed(0)
        net = TransformNet(**network_arguments(width=width)).to(device)
        self.nets = {"plain": PlainNet(net), "ours": net}

    def stylize(self, size: tuple[int, ...], who: str | None = None) -> Tensor:
        """Run one forward pass over a random batch of size (N, H, W); return (N, 3, H, W)."""
        generator = torch.Generator().manual_seed(1)
        batch, *sides = size
        images = torch.rand(batch, 3, *sides, generator=generator).to(self.device)
        with torch.inference_mode():
            return self._timed(lambda: self.nets[who or self.who](images))

    def prepare_training(self) -> None:
        """Build both losses and the optimizer; needed once before any training method."""
        layers = [CONTENT_LAYER, *STYLE_LAYERS]
        state = _vgg19_state(self.loss_network_weights)
        self.loss = PerceptualLoss(
            LossNetwork("vgg19", layers, pooling="max", state_dict=state),
            formula="relative",
            content_weight=1.0,
            style_weight=STYLE_WEIGHT,
            tv_weight=TV_WEIGHT,
            content_layers=[CONTENT_LAYER],
            style_layers=STYLE_LAYERS,
            style_image=torch.rand(1, 3, 256, 256),
        ).to(self.device)
        self.plain_loss = PlainLoss(self.loss)
        net = self.nets[self.who]
        self.initial = {key: value.clone() for key, value in net.state_dict().items()}
        self.optimizer = torch.optim.Adam(net.parameters(), 1e-3)

    def gradients(self, who: str, side: int = TRAINING_SIDE, seed: int = 2) -> Tensor:
        """Return the loss of four pictures, and leave its gradients in the parameters."""
        generator = torch.Generator().manual_seed(seed)
        content = torch.rand(4, 3, side, side, generator=generator).to(self.device)
        self.nets[who].zero_grad()
        if who == "ours":
            targets = self.loss.content_targets(content)
            loss = self.loss(self.nets[who](content), targets)["total_loss"]
        else:
            loss = self.plain_loss(content, self.nets[who](content))
        loss.backward()
        return loss.detach()

    def train_step(self) -> Tensor:
        """Run one training step of batch 4; return its loss."""
        return self._timed(lambda: (self.gradients(self.who), self.optimizer.step())[0])

    def curve(self, steps: int, side: int, disturbance: float = 0.0) -> list[float]:
        """Train from the initial weights, each step on new pictures; return the losses.

        Args:
            steps: number of training steps.
            side: height and width of the pictures, pixels.
            disturbance: a relative change of the initial weights.
        """
        net = self.nets[self.who]
        net.load_state_dict({k: v * (1 + disturbance) for k, v in self.initial.items()})
        self.optimizer = torch.optim.Adam(net.parameters(), 1e-3)
        losses = []
        for step in range(steps):
            losses.append(self.gradients(self.who, side, seed=step).item())
            self.optimizer.step()
        return losses

    def _timed(self, work: Callable[[], Tensor]) -> Tensor:
        self._synchronize()
        start = time.perf_counter()
        result = work()
        self._synchronize()
        self.seconds = time.perf_counter() - start
        return result

    def _synchronize(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def compare_stylize(self, size: tuple[int, ...]) -> float:
        """Return the largest difference between the two outputs, in [0, 1]."""
        return (self.stylize(size, "plain") - self.stylize(size, "ours")).abs().max().item()

    def compare_training(self, side: int = TRAINING_SIDE) -> tuple[float, float]:
        """Return the relative difference of the losses, and the largest one of a gradient."""
        losses = [self.gradients(who, side) for who in CONTENDERS]
        # Kernels only: the gradient of a bias before an instance norm is rounding error.
        kernels = zip(*(convs_of(self.nets[who]) for who in CONTENDERS), strict=True)
        gradients = max(_relative(a.weight.grad, b.weight.grad) for a, b in kernels)
        return _relative(*losses), gradients

    def floor(self, method: str, *arguments: Any) -> float:
        """Return the seconds that the plain arithmetic of `method` takes at the measured rate."""
        count = multiply_adds(lambda: getattr(self, method)(*arguments))
        return count / measured_rate(self.device)


def _relative(a: Tensor | None, b: Tensor | None) -> float:
    assert a is not None
    assert b is not None
    return ((a - b).norm() / a.norm()).item()


def _vgg19_state(path: Path | None) -> dict[str, Tensor]:
    """Return the weights in `path`; None gives random ones, equally fast, in a usable range."""
    if path is not None:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {key: value.float() for key, value in state.items()}
    state, channels, index = {}, 3, 0
    for stage in VGG_STAGES["vgg19"]:
        for width in stage:
            scale = (2 / (9 * channels)) ** 0.5
            state[f"features.{index}.weight"] = scale * torch.randn(width, channels, 3, 3)
            state[f"features.{index}.bias"] = torch.zeros(width)
            channels, index = width, index + 2
        index += 1
    return state
