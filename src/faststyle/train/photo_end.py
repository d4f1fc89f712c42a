"""The photo end of a style: a network that gives the photo back, for infer --strength."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from faststyle.config.train import TrainConfig
from faststyle.data.datamodule import ContentData
from faststyle.networks.transform_net import TransformNet
from faststyle.train.module import StyleTransfer

LEARNING_RATE = 2e-3
GRADIENT_CLIP = 1.0


def learn_photo_end(net: TransformNet, batches: Iterable[Tensor], num_steps: int) -> TransformNet:
    """Train a copy of `net` to give its input back, by mean absolute difference.

    Args:
        net: the style's network, or the photo end of the one it was started from.
        batches: photos, (N, 3, H, W) in [0, 1]; `num_steps` batches are used, at half the size.
    """
    net = copy.deepcopy(net).train()
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    for step, photos in zip(range(num_steps), batches, strict=False):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * step / num_steps))
        optimizer.zero_grad()
        # A quarter of the time, and as sharp, pixel for pixel, as the photos of infer.
        photos = F.avg_pool2d(photos, 2)
        (net(photos) - photos).abs().mean().backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), GRADIENT_CLIP)
        optimizer.step()
    return net.eval()


def learn_from_run(
    config: TrainConfig,
    module: StyleTransfer,
    content: ContentData,
    base_photo_end: Mapping[str, Tensor] | None,
) -> TransformNet:
    """Learn the photo end of a finished run in `trainer.photo_steps` steps.

    Args:
        base_photo_end: weights of the photo end of the base style, the better start; None starts
            from the trained style itself.
    """
    trainer = config.trainer
    started = time.perf_counter()
    net = copy.deepcopy(module.transform_net)
    if base_photo_end is not None:
        net.load_state_dict(base_photo_end)
    batches = content.further_batches(trainer.photo_steps, trainer.max_steps)
    end = learn_photo_end(
        net, (photos.to(module.device) for photos in batches), trainer.photo_steps
    )
    seconds = time.perf_counter() - started
    print(f"Learned to fade into the photo, for infer --strength, in {seconds:.0f} s.")
    return end
