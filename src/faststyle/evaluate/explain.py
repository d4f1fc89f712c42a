"""Show what each style layer contributes, and where content is lost."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from faststyle.evaluate.objective import Objective
from faststyle.evaluate.yardstick import score
from faststyle.images.sheets import Cell, grid
from faststyle.images.tensors import resize_long_edge, to_image, to_tensor
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.optimize.pixels import noise_like, optimize_pixels

TEXTURE_SIZE = 192  # pixels a side
TEXTURE_STEPS = 60
TV_WEIGHT = 1.0  # else deep layers, which hardly see them, leave the pixels noisy
WORST = 1.5  # content error at the top of the color scale; an empty picture has 1
# Matplotlib's color map of that name at every eighth, 0 to 255: it rises evenly in lightness.
INFERNO = (
    (0, 0, 4),
    (33, 12, 74),
    (87, 16, 110),
    (138, 34, 106),
    (188, 55, 84),
    (228, 90, 49),
    (249, 142, 9),
    (249, 203, 53),
    (252, 255, 164),
)


def explain(objective: Objective, photo: Image.Image, stylized: Image.Image) -> Image.Image:
    """One page: style image, photo, stylized photo, lost content; below, a texture from each layer.

    `photo` and `stylized` are RGB and of the same size.
    """
    perceptual_loss = objective.perceptual_loss
    device = perceptual_loss.loss_network.mean.device
    x, y = to_tensor(photo).to(device), to_tensor(stylized).to(device)
    losses = score(perceptual_loss, y, x)
    top: list[Cell] = [
        (_scaled(objective.style_image), "the style image"),
        (_scaled(photo), "the photo"),
        (_scaled(stylized), f"one forward pass\nobjective {losses['total_loss']:.3g}"),
    ]
    for layer, errors in content_errors(perceptual_loss, y, x).items():
        heat = heat_map(errors, photo)
        caption = f"content lost at {layer}: {float(errors.mean()):.2g}\ndark: kept, yellow: lost"
        top.append((_scaled(heat), caption))
    below: list[Cell] = []
    shares = style_shares(losses)
    # None: no bar where nobody watches.
    for layer, share in tqdm(shares.items(), "textures", unit="layer", leave=False, disable=None):
        texture = layer_texture(objective, layer)
        below.append((to_image(texture), f"{layer} alone\n{share:.0%} of the style loss"))
    return grid([top, below])


def style_shares(losses: Mapping[str, float]) -> dict[str, float]:
    """Each layer's share of the style loss, 0 to 1."""
    layers = {k.partition("/")[2]: v for k, v in losses.items() if k.startswith("style_loss/")}
    total = max(sum(layers.values()), 1e-30)
    return {layer: value / total for layer, value in layers.items()}


@torch.no_grad()
def content_errors(
    perceptual_loss: PerceptualLoss, stylized: Tensor, photo: Tensor
) -> dict[str, Tensor]:
    """Where content is lost, (H_l, W_l) a content layer: |F(y) - F(x)|^2 / mean |F(x)|^2.

    Its mean over positions is the layer's relative content loss.
    """
    found = perceptual_loss.content_targets(stylized)
    errors = {}
    for layer, target in perceptual_loss.content_targets(photo).items():
        error = (found[layer] - target).square().sum(1)[0]
        errors[layer] = error / target.square().sum(1).mean().clamp_min(1e-12)
    return errors


def heat_map(errors: Tensor, photo: Image.Image) -> Image.Image:
    """Errors (H_l, W_l), 0 to WORST and above, as colors over the photo's lightness."""
    smooth = F.interpolate(errors[None, None], (photo.height, photo.width), mode="bilinear")
    share = (smooth[0, 0].cpu().numpy() / WORST).clip(0, 1)
    places = np.linspace(0, 1, len(INFERNO))
    channels = [np.interp(share, places, channel) for channel in np.transpose(INFERNO)]
    lightness = np.asarray(photo.convert("L"), dtype=float)[..., None] / 255
    levels = np.stack(channels, axis=-1) * (0.6 + 0.4 * lightness)
    return Image.fromarray(levels.round().astype(np.uint8))


def layer_texture(objective: Objective, layer: str) -> Tensor:
    """A texture with the style image's Gram matrix at `layer`.

    Gatys et al. 2015, but from one layer instead of all layers up to it. Returns
    (1, 3, TEXTURE_SIZE, TEXTURE_SIZE) in [0, 1].
    """
    loss_network = objective.perceptual_loss.loss_network
    device = loss_network.mean.device
    perceptual_loss = PerceptualLoss(
        loss_network,
        formula="relative",
        content_weight=0.0,
        style_weight=1.0,
        tv_weight=TV_WEIGHT,
        content_layers=[],
        style_layers=[layer],
        style_image=to_tensor(objective.style_image).to(device),
    )
    texture = noise_like(torch.empty(1, 3, TEXTURE_SIZE, TEXTURE_SIZE, device=device), seed=0)
    for iterate in optimize_pixels(
        perceptual_loss,
        {},
        texture,
        num_steps=TEXTURE_STEPS,
        optimizer="lbfgs",
        learning_rate=1.0,
        history=TEXTURE_STEPS,
    ):
        texture = iterate.picture
    return texture


def _scaled(image: Image.Image) -> Image.Image:
    return resize_long_edge(image, TEXTURE_SIZE)
