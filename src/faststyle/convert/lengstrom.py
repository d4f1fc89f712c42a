"""Convert networks of lengstrom/fast-style-transfer, one file a variable.

The folder has a `manifest.json`, {"Variable_3": {"filename": "Variable_3", "shape": [64]}} and so
on, and files of little-endian float32. The order is that in which TensorFlow numbered the
variables: kernel, shift and scale of each layer, from the first layer on.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from faststyle.checkpoints import weights
from faststyle.errors import UserError
from faststyle.networks.layers import InstanceNorm

MANIFEST = "manifest.json"
MAX_MANIFEST = 1 << 20  # bytes; that of five residual blocks takes 4,000
VARIABLE = re.compile(r"Variable(?:_(\d{1,4}))?")
OUTSIDE, PER_BLOCK = 18, 6  # variables around the residual blocks, and of each
EPSILON = 1e-3  # of their instance norm


def folder_of(path: Path) -> Path:
    return path.parent if path.name == MANIFEST else path


def recognizes(path: Path) -> bool:
    """Whether the path is a folder with a manifest, or the manifest."""
    return (folder_of(path) / MANIFEST).is_file()


def files_of(path: Path) -> list[Path]:
    """The manifest's variables in the order of their numbers.

    Raises:
        UserError: the manifest is missing, damaged, or names files in other folders.
    """
    return [file for file, _ in _variables(folder_of(path))]


def read_network(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Network arguments and float32 weights of a TransformNet.

    Raises:
        UserError: what the folder has, or lacks, that such a network does not.
    """
    variables = _variables(folder_of(path))
    num_blocks, rest = divmod(len(variables) - OUTSIDE, PER_BLOCK)
    if num_blocks < 0 or rest:
        raise UserError(
            f"it has {len(variables)} variables, expected {OUTSIDE}, and {PER_BLOCK} more for each "
            "residual block"
        )
    values = [_read(file, shape) for file, shape in variables]
    tensors = {}
    for index, (conv, norm) in enumerate(_layers(num_blocks)):
        kernel, shift, scale = values[3 * index : 3 * index + 3]
        if kernel.ndim != 4:
            raise UserError(f"{variables[3 * index][0].name} is not a kernel of 4 dimensions")
        # Both height x width x in x out and, of the transposed, height x width x out x in.
        tensors[f"{conv}.weight"] = kernel.permute(3, 2, 0, 1)
        tensors[f"{conv}.bias"] = torch.zeros_like(shift)
        tensors[f"{norm}.weight"], tensors[f"{norm}.bias"] = scale, shift
    network = {
        "width": len(tensors["encoder.0.0.bias"].flatten()),
        "num_residual_blocks": num_blocks,
        "norm": "instance",
        "padding": "same",
        "upsample": "transposed",
        "output": "normed_tanh",
    }
    weights.check_fit(tensors, network)
    return network, _folded(tensors, first="encoder.0.0.weight")


def _layers(num_blocks: int) -> list[tuple[str, str]]:
    """Our names of each convolution and its norm, in the order of their variables."""
    blocks = [f"residual.{i}.{{}}{j}" for i in range(num_blocks) for j in (1, 2)]
    return [
        *((f"encoder.{i}.0", f"encoder.{i}.1") for i in range(3)),
        *((name.format("conv"), name.format("norm")) for name in blocks),
        *((f"decoder.{i}.0", f"decoder.{i}.1") for i in range(3)),
    ]


def _folded(tensors: dict[str, Tensor], first: str) -> dict[str, Tensor]:
    # Norms forget how large their input was but for epsilon: with kernels a tenth as large,
    # an epsilon a hundredth as large does the same.
    smaller = math.sqrt(InstanceNorm(1).eps / EPSILON)
    own = {k: v.double() * (smaller if v.ndim == 4 else 1) for k, v in tensors.items()}
    own[first] *= 255  # their pictures are 0 to 255, black where zeros are padded
    return {name: value.float().contiguous() for name, value in own.items()}


def _variables(folder: Path) -> list[tuple[Path, list[int]]]:
    """File and shape of each variable, by number; other names in the manifest are ignored."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            text = file.read(MAX_MANIFEST + 1)
        manifest = json.loads(text) if len(text) <= MAX_MANIFEST else None
    except OSError as error:
        raise UserError(f"cannot read its {MANIFEST} ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"its {MANIFEST} is not JSON") from error
    if not isinstance(manifest, dict):
        raise UserError(f"its {MANIFEST} is not JSON: an object of up to {MAX_MANIFEST} bytes")
    found = {}
    for name, entry in manifest.items():
        if match := VARIABLE.fullmatch(name):
            found[int(match[1] or 0)] = folder / name, _shape(name, entry)
    for number in range(len(found)):
        if number not in found:
            raise UserError(f"its {MANIFEST} names no Variable_{number}")
    return [found[number] for number in range(len(found))]


def _shape(name: str, entry: Any) -> list[int]:
    """The shape in a variable's entry. Its file must have its name: others could be anywhere."""
    shape = entry.get("shape") if isinstance(entry, dict) else None
    if not isinstance(shape, list) or entry.get("filename") != name:
        raise UserError(f"its {MANIFEST} gives {name} no shape, or a file of another name")
    if not all(type(size) is int and 0 < size < 2**16 for size in shape) or len(shape) > 4:
        raise UserError(f"its {MANIFEST} gives {name} a shape other than 0 to 4 sizes")
    return shape


def _read(file: Path, shape: list[int]) -> Tensor:
    size = 4 * math.prod(shape)
    if not file.is_file() or file.stat().st_size != size:
        raise UserError(f"{file.name} is missing, or not the {size} bytes of its shape")
    return torch.from_numpy(np.fromfile(file, "<f4").astype(np.float32).reshape(shape))
