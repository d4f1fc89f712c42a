"""Optimize a picture at one scale after another, coarse to fine."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor

from faststyle.config.optimize import OptimizeConfig
from faststyle.devices import available_bytes, choose_device
from faststyle.errors import check_choice
from faststyle.images.tensors import long_edge_to, resize_long_edge, to_tensor
from faststyle.losses.checks import check_large_enough
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.memory import check_fits, style_bytes
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.losses.pretrained import loss_network_for
from faststyle.optimize.inputs import Pictures
from faststyle.optimize.memory import peak_bytes
from faststyle.optimize.pixels import OPTIMIZERS, Iterate, noise_like, optimize_pixels


def load_loss_network(config: OptimizeConfig, pictures: Pictures) -> LossNetwork:
    """The loss network on its device, once it is known that everything fits in memory there.

    Raises:
        UserError: a picture is too small for the loss network at some scale, or too large for the
            memory; no such device or optimizer; the weights cannot be read.
    """
    check_choice("optimizer", config.optimizer, OPTIMIZERS)
    loss = config.loss
    network, layers = config.loss_network.name, list(loss.style_layers)
    if pictures.content is not None:
        layers += loss.content_layers
    for long_edge, _ in scales(config):
        advice = "crop it, or give a larger size (or coarsest_size)"
        check_large_enough("content", pictures.result_size(long_edge), network, layers, advice)
        style_edge = _style_edge(config, long_edge)
        for style_image in pictures.style_images:
            size = long_edge_to(style_image.size, style_edge)
            advice = "crop it, or give a larger style.size (or style_scale, or coarsest_size)"
            check_large_enough("style", size, network, loss.style_layers, advice)
    device = choose_device(config.device)
    loss_network = loss_network_for(
        _loss_settings(config, pictures), dataclasses.asdict(config.loss_network)
    ).to(device)
    _check_memory(config, pictures, loss_network)
    return loss_network


def _loss_settings(config: OptimizeConfig, pictures: Pictures) -> dict[str, Any]:
    """Arguments of `PerceptualLoss`; without a content image there is no content loss."""
    without_content = {} if pictures.content is not None else {"content_layers": []}
    return {**dataclasses.asdict(config.loss), **without_content}


def _check_memory(config: OptimizeConfig, pictures: Pictures, loss_network: LossNetwork) -> None:
    available = available_bytes(loss_network.mean.device)
    width, height = pictures.result_size(config.size)
    history = config.history if config.optimizer == "lbfgs" else 0
    needed = peak_bytes(loss_network, height, width, min(history, config.steps))
    advice = " (a smaller history, or optimizer=adam, takes less)"
    check_fits("size", needed, available, config.size, advice)
    for style_image in pictures.style_images:
        width, height = long_edge_to(style_image.size, _style_edge(config, config.size))
        needed = style_bytes(config.loss_network.name, config.loss.style_layers, height, width)
        check_fits("style.size", needed, available, config.style.size)


def scales(config: OptimizeConfig) -> list[tuple[int, int]]:
    """Long edge and number of steps of each scale, coarse to fine; each scale doubles the edge."""
    doublings = 0
    if config.multiscale and config.size > config.coarsest_size:
        doublings = int(math.log2(config.size / config.coarsest_size))
    doublings = min(doublings, config.steps - 1)
    share = config.steps // (doublings + 1)
    coarse = [(round(config.size / 2**k), share) for k in range(doublings, 0, -1)]
    return [*coarse, (config.size, config.steps - share * doublings)]


def optimize_scales(
    config: OptimizeConfig, pictures: Pictures, loss_network: LossNetwork
) -> Iterator[Iterate]:
    """Yield the picture after every step; steps and evaluations count through all scales."""
    step = evaluations = 0
    latest: Iterate | None = None
    for long_edge, num_steps in scales(config):
        content, perceptual_loss = _at_scale(config, pictures, loss_network, long_edge)
        start = _start(config, pictures, content, long_edge, latest)
        for iterate in optimize_pixels(
            perceptual_loss,
            {} if content is None else perceptual_loss.content_targets(content),
            start.to(loss_network.mean.device),
            num_steps=num_steps,
            optimizer=config.optimizer,
            learning_rate=config.learning_rate,
            history=config.history,
        ):
            latest = dataclasses.replace(
                iterate, step=step + iterate.step, evaluations=evaluations + iterate.evaluations
            )
            yield latest
        assert latest is not None
        step, evaluations = step + num_steps, latest.evaluations


def _at_scale(
    config: OptimizeConfig, pictures: Pictures, loss_network: LossNetwork, long_edge: int
) -> tuple[Tensor | None, PerceptualLoss]:
    """The content (1, 3, H, W), if there is one, and the loss at this scale."""
    device = loss_network.mean.device
    style_edge = _style_edge(config, long_edge)
    style_images = [resize_long_edge(image, style_edge) for image in pictures.style_images]
    content = None
    if pictures.content is not None:
        content = to_tensor(resize_long_edge(pictures.content, long_edge)).to(device)
    perceptual_loss = PerceptualLoss(
        loss_network,
        **_loss_settings(config, pictures),
        style_image=[to_tensor(image).to(device) for image in style_images],
        style_blend=config.style.blend or [1.0] * len(style_images),
    )
    return content, perceptual_loss


def _start(
    config: OptimizeConfig,
    pictures: Pictures,
    content: Tensor | None,
    long_edge: int,
    latest: Iterate | None,
) -> Tensor:
    """Start of a scale: the coarser scale's result, or `init` at the first. (1, 3, H, W)."""
    width, height = pictures.result_size(long_edge)
    if latest is not None:
        return F.interpolate(latest.picture, (height, width), mode="bicubic").clamp(0, 1)
    if pictures.init is not None:
        return to_tensor(ImageOps.fit(pictures.init, (width, height), Image.Resampling.LANCZOS))
    if content is not None and config.init != "noise":
        return content
    return noise_like(torch.empty(1, 3, height, width), config.seed)


def _style_edge(config: OptimizeConfig, long_edge: int) -> int:
    """The long edge of the style images at the scale where the result's is `long_edge`."""
    return round(config.style.size * config.style_scale * long_edge / config.size)
