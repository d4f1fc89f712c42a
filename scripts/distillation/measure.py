"""Measure how far the compact loss network agrees with VGG-19 on unseen pictures.

    python -m scripts.distillation.measure --teacher vgg19.pth --photos coco/val \\
        --style-images starry_night.jpg great_wave.jpg --fit-photos coco/train

Prints for each layer the relative error of linearly mapped features (the map is fitted by least
squares on other photos), the correlation of relative style losses over pairs of pictures, and the
cosine between the gradients to the pixels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from faststyle.data.crops import crop
from faststyle.images.formats import list_pictures
from faststyle.images.read import load_image
from faststyle.images.tensors import to_tensor
from faststyle.losses.functional import gram, relative_error
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.pretrained import build_loss_network
from scripts.benchmarks.machine import multiply_adds
from scripts.distillation.losses import CONTENT_LAYER, LAYERS, STYLE_LAYERS
from scripts.distillation.start import linear_maps

STYLE_WEIGHT = 4.0  # of the total, as in conf/loss/relative.yaml


def arithmetic(network: LossNetwork, size: int = 64) -> float:
    """Return the multiply-adds per pixel of the picture."""
    picture, deepest = torch.zeros(1, 3, size, size), list(network.layers)[-1]
    return multiply_adds(lambda: network(picture, [deepest])) / size**2


def read(path: Path, size: int) -> Tensor:
    """Read the central square of a picture as (1, 3, size, size) in [0, 1]."""
    return to_tensor(crop(load_image(path), size, zoom=1.0, across=0.5, down=0.5))


def feature_errors(
    student: LossNetwork, teacher: LossNetwork, maps: dict[str, Tensor], pictures: list[Tensor]
) -> dict[str, float]:
    """Return the relative error of mapped features by layer, the mean over pictures."""
    errors: dict[str, list[float]] = {k: [] for k in LAYERS}
    for picture in pictures:
        ours, theirs = student(picture, LAYERS), teacher(picture, LAYERS)
        for k in LAYERS:
            mapped = torch.einsum("ij,njhw->nihw", maps[k], ours[k])
            errors[k].append(float(relative_error(mapped, theirs[k])))
    return {k: float(np.mean(v)) for k, v in errors.items()}


def style_losses(network: LossNetwork, a: list[Tensor], b: list[Tensor]) -> dict[str, np.ndarray]:
    """Return by layer the relative style loss of each picture in `a` against each in `b`."""
    grams = [[{k: gram(f) for k, f in network(p, STYLE_LAYERS).items()} for p in s] for s in (a, b)]
    return {
        k: np.array([float(relative_error(x[k], y[k])) for x in grams[0] for y in grams[1]])
        for k in STYLE_LAYERS
    }


def gradients(
    network: LossNetwork, picture: Tensor, content: Tensor, style_image: Tensor
) -> dict[str, Tensor]:
    """Return the gradients to the pixels of content, each style layer, mean style and total."""
    with torch.no_grad():
        content_features = network(content, [CONTENT_LAYER])[CONTENT_LAYER]
        targets = {k: gram(f) for k, f in network(style_image, STYLE_LAYERS).items()}
    picture = picture.detach().clone().requires_grad_()
    features = network(picture, LAYERS)
    losses = {k: relative_error(gram(features[k]), targets[k]) for k in STYLE_LAYERS}
    losses["content"] = relative_error(features[CONTENT_LAYER], content_features)
    found = {k: torch.autograd.grad(v, picture, retain_graph=True)[0] for k, v in losses.items()}
    found["style"] = sum(found[k] for k in STYLE_LAYERS) / len(STYLE_LAYERS)  # type: ignore[assignment]
    found["total"] = found["content"] + STYLE_WEIGHT * found["style"]
    return found


def gradient_cosines(
    student: LossNetwork, teacher: LossNetwork, photos: list[Tensor], style_images: list[Tensor]
) -> dict[str, tuple[float, float]]:
    """Return mean cosines of the gradients, as they are and averaged over 4 x 4 pixels.

    They are taken at blends of photo and style image with noise.
    """
    generator = torch.Generator().manual_seed(0)
    cosines: dict[str, list[tuple[float, float]]] = {}
    for i, photo in enumerate(photos):
        style_image = style_images[i % len(style_images)]
        noise = 0.05 * torch.randn(photo.shape, generator=generator)
        picture = (torch.lerp(photo, style_image, 0.3) + noise).clamp(0, 1)
        ours = gradients(student, picture, photo, style_image)
        theirs = gradients(teacher, picture, photo, style_image)
        for k in ours:
            whole, blurred = (
                float(F.cosine_similarity(blur(ours[k], n), blur(theirs[k], n))) for n in (1, 4)
            )
            cosines.setdefault(k, []).append((whole, blurred))
    return {k: tuple(np.mean(v, axis=0)) for k, v in cosines.items()}


def blur(gradient: Tensor, pixels: int) -> Tensor:
    """Average over squares of `pixels` a side; return (N, values)."""
    return F.avg_pool2d(gradient, pixels).flatten(1)


def correlations(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """Return Pearson's correlation of the logarithms, and Spearman's."""
    ranks = [np.argsort(np.argsort(v)) for v in (ours, theirs)]
    return (
        float(np.corrcoef(np.log(ours + 1e-6), np.log(theirs + 1e-6))[0, 1]),
        float(np.corrcoef(ranks[0], ranks[1])[0, 1]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the compact loss network.")
    parser.add_argument("--teacher", type=Path, required=True, help="VGG-19's state dict")
    parser.add_argument("--photos", type=Path, required=True, help="a folder of unseen photos")
    parser.add_argument(
        "--fit-photos", type=Path, required=True, help="a folder, for the linear maps"
    )
    parser.add_argument("--style-images", type=Path, nargs="+", required=True, help="unseen files")
    parser.add_argument("--weights", default="bundled", help="the student's (default: bundled)")
    parser.add_argument("--size", type=int, default=128, help="side of the crops, pixels")
    parser.add_argument("--max-images", type=int, default=40)
    parser.add_argument("--max-fit-images", type=int, default=160)
    options = parser.parse_args()
    teacher = build_loss_network("vgg19", LAYERS, weights=str(options.teacher), pooling="max")
    student = build_loss_network("compact", LAYERS, weights=options.weights, pooling="max")
    upto = build_loss_network("vgg19", ["relu4_1"], weights=str(options.teacher), pooling="max")
    print(
        f"multiply-adds a pixel: VGG-19 to relu4_1 {arithmetic(upto):.0f}, to relu5_1 "
        f"{arithmetic(teacher):.0f}, compact to relu5_1 {arithmetic(student):.0f}"
    )
    photos, others = (
        [read(path, options.size) for path in list_pictures(folder)[:count]]
        for folder, count in (
            (options.photos, options.max_images),
            (options.fit_photos, options.max_fit_images),
        )
    )
    style_images = [read(path, options.size) for path in options.style_images]
    with torch.no_grad():
        maps = linear_maps(student, teacher, LAYERS, others)
        of_photos = feature_errors(student, teacher, maps, photos)
        of_style_images = feature_errors(student, teacher, maps, style_images)
        everything = [*photos, *style_images]
        ours, theirs = (style_losses(n, everything, everything) for n in (student, teacher))
    cosines = gradient_cosines(student, teacher, photos, style_images)
    print(
        "| layer | features, photos | features, style images "
        "| Pearson | Spearman | cosine | blurred |"
    )
    print("|---|---|---|---|---|---|---|")
    different = theirs["relu1_1"] > 0
    ours["style"], theirs["style"] = (np.mean(list(v.values()), axis=0) for v in (ours, theirs))
    for k in [*STYLE_LAYERS, CONTENT_LAYER, "style", "total"]:
        cells = [f"{e[k]:.3f}" if k in e else "" for e in (of_photos, of_style_images)]
        pair = correlations(ours[k][different], theirs[k][different]) if k in ours else None
        cells += [f"{v:.3f}" for v in pair] if pair else ["", ""]
        cells += [f"{v:.3f}" for v in cosines["content" if k == CONTENT_LAYER else k]]
        print(f"| {k} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
