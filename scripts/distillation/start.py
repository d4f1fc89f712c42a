"""The student's initial weights, layer by layer, by least squares.

Each layer imitates some channels of one of the teacher's layers: those that predict the other
channels best, linearly. He et al. 2017, "Channel Pruning for Accelerating Very Deep Neural
Networks", choose and reconstruct channels in this way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from faststyle.losses.architectures import VGG_STAGES
from faststyle.losses.loss_network import LossNetwork

# In a stage where the student has fewer layers, its last layer imitates the teacher's last.
IMITATED = {"conv3_2": "conv3_4", "conv4_3": "conv4_4"}
RIDGE = 1e-4  # in units of the inputs' mean square
MAX_POSITIONS = 1500  # per picture in one regression
STUDENT = "compact"


def student_weights(teacher: LossNetwork, pictures: Sequence[Tensor]) -> dict[str, Tensor]:
    """Return the student's state dict under torchvision's names.

    Args:
        teacher: VGG-19.
        pictures: batches of (N, 3, S, S) in [0, 1].
    """
    state: dict[str, Tensor] = {}
    inputs = [(batch - teacher.mean) / teacher.std for batch in pictures]
    names = {
        (stage, number): IMITATED.get(f"conv{stage}_{number}", f"conv{stage}_{number}")
        for stage, widths in enumerate(VGG_STAGES[STUDENT], start=1)
        for number in range(1, len(widths) + 1)
    }
    asked = [_features(teacher, batch, list(names.values())) for batch in pictures]
    index = 0
    for stage, widths in enumerate(VGG_STAGES[STUDENT], start=1):
        for number, width in enumerate(widths, start=1):
            targets = _imitated([f[names[stage, number]] for f in asked], width)
            weight, bias = _regress(inputs, targets)
            state[f"features.{index}.weight"], state[f"features.{index}.bias"] = weight, bias
            inputs = [F.relu(F.conv2d(batch, weight, bias, padding=1)) for batch in inputs]
            index += 2
        inputs = [F.max_pool2d(batch, 2) for batch in inputs]
        index += 1
    return state


def linear_maps(
    student: LossNetwork, teacher: LossNetwork, layers: list[str], pictures: Sequence[Tensor]
) -> dict[str, Tensor]:
    """Return by layer the best linear map of features, (C teacher, C student)."""
    sums: dict[str, tuple[Tensor, Tensor]] = {}
    for batch in pictures:
        ours, theirs = student(batch, layers), _features(teacher, batch, layers)
        for k in layers:
            a, b = _sample(_positions(ours[k]), _positions(theirs[k].float()), len(batch))
            _add(sums, k, a, b)
    return {k: _solve(*products).T for k, products in sums.items()}


def _imitated(before: Sequence[Tensor], width: int) -> list[Tensor]:
    """Return `width` channels of features before the ReLU, divided by their root mean square."""
    before = [batch.float() for batch in before]
    products = torch.stack([_gram(_positions(batch.relu())) for batch in before]).sum(0)
    scale = sum(float(batch.relu().square().mean()) for batch in before) / len(before)
    chosen = choose_channels(products, width)
    return [batch[:, chosen] / scale**0.5 for batch in before]


def choose_channels(products: Tensor, count: int) -> Tensor:
    """Choose, greedily, the channels that explain most of the sum of squares of all channels.

    Args:
        products: sums of products of each pair of channels, (C, C).
        count: how many to choose.

    Returns:
        Their indices, (count,).
    """
    rest, chosen = products.clone(), []
    for _ in range(count):
        own = rest.diagonal().clamp_min(1e-9 * products.diagonal().max())
        explained = rest.square().sum(0) / own
        explained[chosen] = -1
        best = int(explained.argmax())
        chosen.append(best)
        rest -= torch.outer(rest[:, best], rest[:, best]) / own[best]
    return torch.tensor(chosen)


def _regress(inputs: Sequence[Tensor], targets: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Return weight and bias of the 3x3 convolution that is closest to the targets."""
    sums: dict[str, tuple[Tensor, Tensor]] = {}
    for x, y in zip(inputs, targets, strict=True):
        patches = _positions(F.unfold(x, 3, padding=1)[..., None])
        a, b = _sample(patches, _positions(y), len(x))
        _add(sums, "", torch.cat([a, torch.ones(len(a), 1)], dim=1), b)
    solution = _solve(*sums[""]).T
    weight = solution[:, :-1].unflatten(1, (inputs[0].shape[1], 3, 3))
    return weight.contiguous(), solution[:, -1].contiguous()


def _features(teacher: LossNetwork, batch: Tensor, layers: list[str]) -> Mapping[str, Tensor]:
    with torch.autocast("cpu", torch.bfloat16):
        return teacher(batch, layers)


def _positions(features: Tensor) -> Tensor:
    """Reshape (N, C, H, W) to (N H W, C)."""
    return features.flatten(2).transpose(1, 2).flatten(0, 1)


def _sample(a: Tensor, b: Tensor, num_pictures: int) -> tuple[Tensor, Tensor]:
    if len(a) <= MAX_POSITIONS * num_pictures:
        return a, b
    chosen = torch.randint(len(a), (MAX_POSITIONS * num_pictures,))
    return a[chosen], b[chosen]


def _gram(positions: Tensor) -> Tensor:
    return (positions.T @ positions).double()


def _add(sums: dict[str, tuple[Tensor, Tensor]], key: str, a: Tensor, b: Tensor) -> None:
    new = _gram(a), (a.T @ b).double()
    sums[key] = new if key not in sums else (sums[key][0] + new[0], sums[key][1] + new[1])


def _solve(auto: Tensor, cross: Tensor) -> Tensor:
    ridge = RIDGE * auto.diagonal().mean() * torch.eye(len(auto), dtype=auto.dtype)
    return torch.linalg.solve(auto + ridge, cross).float()
