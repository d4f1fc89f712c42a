"""State dicts of pytorch/examples' fast_neural_style, of any width, as our transform network.

Theirs sees and gives pictures of 0 to 255; its last layer's output is the picture. Both are
folded into the weights, so that the picture is the same up to rounding.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from torch import Tensor

from faststyle.checkpoints import weights
from faststyle.errors import UserError
from faststyle.files.tensor_files import check_size, quoted, read_torch
from faststyle.networks.transform_net import CENTER

FIRST, LAST = "conv1.conv2d", "deconv3.conv2d"
BLOCK = re.compile(r"res\d+\.conv1\.conv2d\.weight")
# Saved by instance norms of torch before 0.4, which did not use them either.
STALE = ("running_mean", "running_var", "num_batches_tracked")


def recognizes(path: Path) -> bool:
    """Whether the file holds tensors under their names.

    Raises:
        UnsafeFile: a file that is not to be read.
    """
    state = read_torch(path)
    return isinstance(state, dict) and f"{FIRST}.weight" in state


def read_network(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Network arguments and float32 weights of a TransformNet.

    Raises:
        UserError: what in the file is not as such a network has it.
    """
    state = read_torch(path)
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise UserError("it is no state dict; save its model.state_dict() with torch.save")
    check_size(path, state)
    theirs = {str(k): v for k, v in state.items() if not str(k).endswith(STALE)}
    num_blocks = sum(BLOCK.fullmatch(name) is not None for name in theirs)
    names = {
        f"{layer}.{kind}": f"{ours}.{kind}"
        for layer, ours in _layers(num_blocks).items()
        for kind in ("weight", "bias")
    }
    for name in (*names, *theirs):
        if name not in theirs or name not in names:
            problem = "missing" if name in names else "surplus"
            raise UserError(f"{quoted(name)} is {problem}")
    network = {
        "width": len(theirs[f"{FIRST}.bias"].flatten()),
        "num_residual_blocks": num_blocks,
        "norm": "instance",
        "padding": "reflect",
        "upsample": "nearest",
        "output": "linear",
    }
    tensors = {ours: theirs[name] for name, ours in names.items()}
    weights.check_fit(tensors, network)
    return network, _folded(tensors, first="encoder.0.0.weight", last="decoder.2")


def _layers(num_blocks: int) -> dict[str, str]:
    """Our name of each of their layers."""
    layers = {FIRST: "encoder.0.0", LAST: "decoder.2"}
    for i in range(3):
        layers |= {f"conv{i + 1}.conv2d": f"encoder.{i}.0", f"in{i + 1}": f"encoder.{i}.1"}
    for i in range(num_blocks):
        for j in (1, 2):
            layers[f"res{i + 1}.conv{j}.conv2d"] = f"residual.{i}.conv{j}"
            layers[f"res{i + 1}.in{j}"] = f"residual.{i}.norm{j}"
    for i in range(2):
        layers |= {f"deconv{i + 1}.conv2d": f"decoder.{i}.0", f"in{i + 4}": f"decoder.{i}.1"}
    return layers


def _folded(tensors: dict[str, Tensor], first: str, last: str) -> dict[str, Tensor]:
    own = {name: value.double() for name, value in tensors.items()}
    # The CENTER that TransformNet subtracts moves each channel by one value, at the border too
    # where pixels are reflected; and the norm that follows takes that value out again.
    own[first] *= 255
    # TransformNet's "linear" adds CENTER.
    own[f"{last}.weight"] /= 255
    own[f"{last}.bias"] = own[f"{last}.bias"] / 255 - CENTER
    return {name: value.float() for name, value in own.items()}
