"""Convert state dicts of pytorch/examples' fast_neural_style, of any width.

Their network maps pictures of 0 to 255 to pictures of 0 to 255. Both factors are folded into the
weights, so that the stylized picture is the same up to rounding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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


WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network")
PARALLEL = "module."  # before every name that torch.nn.DataParallel saved


def read_state(path: Path) -> dict[str, Any]:
    """The state dict in a file, also from inside a training checkpoint or of a parallel model.

    Raises:
        UnsafeFile: the file needs more than plain tensors, numbers and texts.
        UserError: it does not hold a dict.
    """
    state = read_torch(path)
    for _ in WRAPPERS:
        if not isinstance(state, dict):
            raise UserError("it is not a state dict; save its model.state_dict() with torch.save")
        inner = [state[key] for key in WRAPPERS if isinstance(state.get(key), dict)]
        if not inner:
            break
        state = inner[0]
    names = {str(name): value for name, value in state.items()}
    while names and all(name.startswith(PARALLEL) for name in names):
        names = {name.removeprefix(PARALLEL): value for name, value in names.items()}
    return names


def recognizes(state: Mapping[str, Any]) -> bool:
    """Whether the state dict has their names."""
    return f"{FIRST}.weight" in state


def read_network(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Network arguments and float32 weights of a TransformNet.

    Raises:
        UserError: what the file has, or lacks, that such a network does not.
    """
    state = read_state(path)
    if not all(isinstance(value, Tensor) for value in state.values()):
        raise UserError("it is not a state dict; save its model.state_dict() with torch.save")
    check_size(path, state)
    theirs = {name: value for name, value in state.items() if not name.endswith(STALE)}
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
