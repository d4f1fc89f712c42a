"""Measure how far the compact loss network agrees with VGG-19 on pictures it never saw.

    python -m scripts.distillation.measure --teacher vgg19.pth --photos coco/val \\
        --paintings starry_night.jpg great_wave.jpg --fit-photos coco/train

Prints, for each layer, the relative error of the teacher's features after a linear map (fitted by
least squares on other photos), the correlation of relative style losses over pairs of pictures, and
the cosine between gradients to the pixels.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faststyle.data.crops import crop
from faststyle.images.formats import list_pictures
from faststyle.images.read import load_image
from faststyle.images.tensors import to_tensor
from faststyle.losses.architectures import FrozenConv2d
from faststyle.losses.functional import gram, relative_error
from faststyle.losses.loss_network import LossNetwork
from faststyle.losses.pretrained import build_loss_network
from scripts.distillation.losses import CONTENT_LAYER, LAYERS, STYLE_LAYERS
from scripts.distillation.start import linear_maps

STYLE_WEIGHT = 4.0  # conf/loss/relative.yaml's, for the total's gradient


def multiply_adds(network: LossNetwork, size: int = 64) -> float:
    """Multiply-adds a pixel of the picture, in the convolutions."""
    counts: list[int] = []

    def count(layer: nn.Module, _: tuple[Tensor, ...], out: Tensor) -> None:
        assert isinstance(layer, FrozenConv2d)
        counts.append(layer.weight[0].numel() * out[0].numel())

    for layer in network.modules():
        if isinstance(layer, FrozenConv2d):
            layer.register_forward_hook(count)
    network(torch.zeros(1, 3, size, size), [list(network.layers)[-1]])
    return sum(counts) / size**2


def read(path: Path, size: int) -> Tensor:
    return to_tensor(crop(load_image(path), size, zoom=1.0, across=0.5, down=0.5))


def feature_errors(
    student: LossNetwork, teacher: LossNetwork, maps: dict[str, Tensor], pictures: list[Tensor]
) -> dict[str, float]:
    errors: dict[str, list[float]] = {k: [] for k in LAYERS}
    for picture in pictures:
        ours, theirs = student(picture, LAYERS), teacher(picture, LAYERS)
        for k in LAYERS:
            mapped = torch.einsum("ij,njhw->nihw", maps[k], ours[k])
            errors[k].append(float(relative_error(mapped, theirs[k])))
    return {k: float(np.mean(v)) for k, v in errors.items()}


def style_losses(network: LossNetwork, a: list[Tensor], b: list[Tensor]) -> dict[str, np.ndarray]:
    """Relative style loss of each picture in `a` against each in `b`, by layer."""
    grams = [[{k: gram(f) for k, f in network(p, STYLE_LAYERS).items()} for p in s] for s in (a, b)]
    return {
        k: np.array([float(relative_error(x[k], y[k])) for x in grams[0] for y in grams[1]])
        for k in STYLE_LAYERS
    }


def gradients(
    network: LossNetwork, picture: Tensor, photo: Tensor, painting: Tensor
) -> dict[str, Tensor]:
    """Of content, of each layer's style, of their mean and of the total, to the pixels."""
    with torch.no_grad():
        content = network(photo, [CONTENT_LAYER])[CONTENT_LAYER]
        targets = {k: gram(f) for k, f in network(painting, STYLE_LAYERS).items()}
    picture = picture.detach().clone().requires_grad_()
    features = network(picture, LAYERS)
    losses = {k: relative_error(gram(features[k]), targets[k]) for k in STYLE_LAYERS}
    losses["content"] = relative_error(features[CONTENT_LAYER], content)
    found = {k: torch.autograd.grad(v, picture, retain_graph=True)[0] for k, v in losses.items()}
    found["style"] = sum(found[k] for k in STYLE_LAYERS) / len(STYLE_LAYERS)  # type: ignore[assignment]
    found["total"] = found["content"] + STYLE_WEIGHT * found["style"]
    return found


def gradient_cosines(
    student: LossNetwork, teacher: LossNetwork, photos: list[Tensor], paintings: list[Tensor]
) -> dict[str, tuple[float, float]]:
    """Mean cosines at blends of photo and painting with noise: as they are, and 4 x 4 averaged."""
    generator = torch.Generator().manual_seed(0)
    cosines: dict[str, list[tuple[float, float]]] = {}
    for i, photo in enumerate(photos):
        painting = paintings[i % len(paintings)]
        noise = 0.05 * torch.randn(photo.shape, generator=generator)
        picture = (torch.lerp(photo, painting, 0.3) + noise).clamp(0, 1)
        ours = gradients(student, picture, photo, painting)
        theirs = gradients(teacher, picture, photo, painting)
        for k in ours:
            whole, blurred = (
                float(F.cosine_similarity(blur(ours[k], n), blur(theirs[k], n))) for n in (1, 4)
            )
            cosines.setdefault(k, []).append((whole, blurred))
    return {k: tuple(np.mean(v, axis=0)) for k, v in cosines.items()}


def blur(gradient: Tensor, pixels: int) -> Tensor:
    return F.avg_pool2d(gradient, pixels).flatten(1)


def correlations(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """Pearson's of the logarithms, and Spearman's."""
    ranks = [np.argsort(np.argsort(v)) for v in (ours, theirs)]
    return (
        float(np.corrcoef(np.log(ours + 1e-6), np.log(theirs + 1e-6))[0, 1]),
        float(np.corrcoef(ranks[0], ranks[1])[0, 1]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the compact loss network.")
    parser.add_argument("--teacher", type=Path, required=True, help="VGG-19's state dict")
    parser.add_argument("--photos", type=Path, required=True, help="a folder of unseen photos")
    parser.add_argument("--fit-photos", type=Path, required=True, help="for the linear maps")
    parser.add_argument("--paintings", type=Path, nargs="+", required=True, help="unseen pictures")
    parser.add_argument("--weights", default="bundled", help="the student's (default: bundled)")
    parser.add_argument("--size", type=int, default=128, help="of the crops, pixels")
    parser.add_argument("--max-images", type=int, default=40)
    parser.add_argument("--max-fit-images", type=int, default=160)
    options = parser.parse_args()
    teacher = build_loss_network("vgg19", LAYERS, weights=str(options.teacher), pooling="max")
    student = build_loss_network("compact", LAYERS, weights=options.weights, pooling="max")
    upto = build_loss_network("vgg19", ["relu4_1"], weights=str(options.teacher), pooling="max")
    print(
        f"multiply-adds a pixel: VGG-19 to relu4_1 {multiply_adds(upto):.0f}, to relu5_1 "
        f"{multiply_adds(teacher):.0f}, compact to relu5_1 {multiply_adds(student):.0f}"
    )
    photos, others = (
        [read(path, options.size) for path in list_pictures(folder)[:count]]
        for folder, count in (
            (options.photos, options.max_images),
            (options.fit_photos, options.max_fit_images),
        )
    )
    paintings = [read(path, options.size) for path in options.paintings]
    with torch.no_grad():
        maps = linear_maps(student, teacher, LAYERS, others)
        of_photos = feature_errors(student, teacher, maps, photos)
        of_paintings = feature_errors(student, teacher, maps, paintings)
        everything = [*photos, *paintings]
        ours, theirs = (style_losses(n, everything, everything) for n in (student, teacher))
    cosines = gradient_cosines(student, teacher, photos, paintings)
    print(
        "| layer | features, photos | features, paintings | Pearson | Spearman | cosine | blurred |"
    )
    print("|---|---|---|---|---|---|---|")
    apart = theirs["relu1_1"] > 0
    ours["style"], theirs["style"] = (np.mean(list(v.values()), axis=0) for v in (ours, theirs))
    for k in [*STYLE_LAYERS, CONTENT_LAYER, "style", "total"]:
        cells = [f"{e[k]:.3f}" if k in e else "" for e in (of_photos, of_paintings)]
        pair = correlations(ours[k][apart], theirs[k][apart]) if k in ours else None
        cells += [f"{v:.3f}" for v in pair] if pair else ["", ""]
        cells += [f"{v:.3f}" for v in cosines["content" if k == CONTENT_LAYER else k]]
        print(f"| {k} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
