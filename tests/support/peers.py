"""Networks of other projects with random weights, and what they paint, in plain torch functions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from faststyle.checkpoints.style_checkpoint import read_checkpoint
from faststyle.images.tensors import to_tensor
from tests.support.pictures import noise_picture

PLAIN_EPSILON, LENGSTROM_EPSILON = 1e-5, 1e-3


# --- pytorch/examples, fast_neural_style ---------------------------------------------------------


def examples_state(width: int, num_blocks: int, stale: bool = False, seed: int = 0) -> dict:
    generator = torch.Generator().manual_seed(seed)
    w = width
    convs = {"conv1": (w, 3, 9), "conv2": (2 * w, w, 3), "conv3": (4 * w, 2 * w, 3)}
    norms = {"in1": w, "in2": 2 * w, "in3": 4 * w, "in4": 2 * w, "in5": w}
    for i in range(1, num_blocks + 1):
        convs |= {f"res{i}.conv{j}": (4 * w, 4 * w, 3) for j in (1, 2)}
        norms |= {f"res{i}.in{j}": 4 * w for j in (1, 2)}
    convs |= {"deconv1": (2 * w, 4 * w, 3), "deconv2": (w, 2 * w, 3), "deconv3": (3, w, 9)}
    state = {}
    for name, (outputs, inputs, size) in convs.items():
        weight = torch.randn(outputs, inputs, size, size, generator=generator)
        state[f"{name}.conv2d.weight"] = weight / (inputs * size**2) ** 0.5
        state[f"{name}.conv2d.bias"] = torch.randn(outputs, generator=generator)
    for name, channels in norms.items():
        state[f"{name}.weight"] = 0.5 + torch.rand(channels, generator=generator)
        state[f"{name}.bias"] = torch.randn(channels, generator=generator)
        if stale:
            state[f"{name}.running_mean"] = torch.zeros(channels)
            state[f"{name}.running_var"] = torch.ones(channels)
    state["deconv3.conv2d.weight"] *= 60
    state["deconv3.conv2d.bias"] += 127
    return state


def examples_picture(state: dict[str, Tensor], photos: Tensor) -> Tensor:
    """What pytorch/examples paints; both in [0, 1]."""

    def conv(name: str, x: Tensor, stride: int = 1) -> Tensor:
        weight, bias = state[f"{name}.conv2d.weight"], state[f"{name}.conv2d.bias"]
        margin = weight.shape[-1] // 2
        return F.conv2d(F.pad(x, (margin,) * 4, mode="reflect"), weight, bias, stride)

    def norm(name: str, x: Tensor) -> Tensor:
        return F.instance_norm(
            x, weight=state[f"{name}.weight"], bias=state[f"{name}.bias"], eps=PLAIN_EPSILON
        )

    def twice(x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2.0, mode="nearest")

    x = F.relu(norm("in1", conv("conv1", 255 * photos)))
    x = F.relu(norm("in2", conv("conv2", x, 2)))
    x = F.relu(norm("in3", conv("conv3", x, 2)))
    number = 1
    while f"res{number}.in1.weight" in state:
        y = F.relu(norm(f"res{number}.in1", conv(f"res{number}.conv1", x)))
        x = x + norm(f"res{number}.in2", conv(f"res{number}.conv2", y))
        number += 1
    x = F.relu(norm("in4", conv("deconv1", twice(x))))
    x = F.relu(norm("in5", conv("deconv2", twice(x))))
    return conv("deconv3", x) / 255


# --- lengstrom/fast-style-transfer ---------------------------------------------------------------


def lengstrom_variables(width: int, num_blocks: int, seed: int = 0) -> list[np.ndarray]:
    """In the order TensorFlow made them."""
    rng = np.random.default_rng(seed)
    w = width
    kernels = [(9, 9, 3, w), (3, 3, w, 2 * w), (3, 3, 2 * w, 4 * w)]
    kernels += [(3, 3, 4 * w, 4 * w)] * (2 * num_blocks)
    # The transposed ones: height x width x out x in.
    kernels += [(3, 3, 2 * w, 4 * w), (3, 3, w, 2 * w), (9, 9, w, 3)]
    variables = []
    for number, shape in enumerate(kernels):
        transposed = number in (len(kernels) - 2, len(kernels) - 3)
        channels = shape[2 if transposed else 3]
        # So small that the epsilon of the norms is felt.
        variables.append(rng.normal(0, 0.02, shape))
        variables.append(rng.normal(0, 0.5, channels))
        variables.append(rng.uniform(0.3, 1, channels))
    return [variable.astype("<f4") for variable in variables]


def write_variables(folder: Path, variables: list[np.ndarray]) -> Path:
    folder.mkdir()
    manifest = {}
    for number, variable in enumerate(variables):
        name = f"Variable_{number}" if number else "Variable"
        variable.tofile(folder / name)
        manifest[name] = {"filename": name, "shape": list(variable.shape)}
    (folder / "manifest.json").write_text(json.dumps(manifest, sort_keys=True))
    return folder


def read_variables(folder: Path) -> list[np.ndarray]:
    manifest = json.loads((folder / "manifest.json").read_text())
    names = ["Variable", *(f"Variable_{number}" for number in range(1, len(manifest)))]
    return [np.fromfile(folder / name, "<f4").reshape(manifest[name]["shape"]) for name in names]


def lengstrom_picture(variables: list[np.ndarray], photos: Tensor) -> Tensor:
    """What fast-style-transfer paints; photos in [0, 1], the picture unclipped."""
    rest = iter(torch.from_numpy(variable.astype(np.float32)) for variable in variables)

    def norm(x: Tensor) -> Tensor:
        shift, scale = (next(rest).view(1, -1, 1, 1) for _ in range(2))
        variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
        return scale * (x - mean) / (variance + LENGSTROM_EPSILON) ** 0.5 + shift

    def conv(x: Tensor, stride: int = 1) -> Tensor:
        return norm(same_convolution(x, next(rest), stride))

    def transposed(x: Tensor) -> Tensor:
        """TensorFlow's: the gradient of the convolution that goes the other way."""
        kernel = next(rest)
        large = x.new_zeros(len(x), kernel.shape[2], 2 * x.shape[2], 2 * x.shape[3])
        _, gradient = torch.autograd.functional.vjp(
            lambda z: same_convolution(z, kernel, 2), large, x
        )
        assert isinstance(gradient, Tensor)
        return F.relu(norm(gradient))

    x = F.relu(conv(255 * photos))
    for _ in range(2):
        x = F.relu(conv(x, 2))
    for _ in range((len(variables) - 18) // 6):
        y = F.relu(conv(x))
        x = x + conv(y)
    x = conv(transposed(transposed(x)))
    return (150 * torch.tanh(x) + 255 / 2) / 255


def same_convolution(x: Tensor, kernel: Tensor, stride: int) -> Tensor:
    """TensorFlow's conv2d with padding="SAME", on (N, C, H, W); kernel: height, width, in, out."""
    margins = []
    for side in (x.shape[3], x.shape[2]):  # F.pad wants the width first
        outputs = -(-side // stride)
        total = max((outputs - 1) * stride + kernel.shape[0] - side, 0)
        margins += [total // 2, total - total // 2]
    return F.conv2d(F.pad(x, margins), kernel.permute(3, 2, 0, 1), stride=stride)


SIZES = [(48, 64), (52, 44), (8, 8)]


def photo(height: int, width: int) -> Tensor:
    return to_tensor(noise_picture(0, width, height))


@torch.inference_mode()
def painted(checkpoint: Path, photos: Tensor) -> Tensor:
    return read_checkpoint(checkpoint).build()(photos)
