"""Weights that fit: what a file holds against what a network needs, before anything is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from faststyle.errors import UserError
from faststyle.files.tensor_files import check_counts, check_values, quoted
from faststyle.networks.arguments import NetworkArguments
from faststyle.networks.transform_net import TransformNet

FIRST = "encoder.0.0.weight"  # (width, 3, 9, 9)
LAST = ".conv2.weight"  # one in each residual block


def check_fit(tensors: Mapping[str, Tensor], network: Mapping[str, Any]) -> None:
    """`tensors` are all that a TransformNet of these arguments needs, each of its shape.

    Takes no memory that `tensors` do not take already, whatever `network` says.

    Raises:
        UserError: the first argument or tensor that differs.
    """
    arguments = NetworkArguments.__annotations__
    for key in (*arguments, *network):
        if key not in network or key not in arguments:
            raise UserError(f"network.{key} is {'unknown' if key in network else 'missing'}")
    # Sizes first: they say how much is compared below.
    if FIRST not in tensors:
        raise UserError(f"{FIRST} is missing")
    width, *rest = tensors[FIRST].shape or (0,)
    if rest != [3, 9, 9] or network["width"] != width:
        raise UserError(
            f"{FIRST} is {_by(tensors[FIRST].shape)}, expected {network['width']} x 3 x 9 x 9"
        )
    blocks = sum(name.startswith("residual.") and name.endswith(LAST) for name in tensors)
    if network["num_residual_blocks"] != blocks:
        raise UserError(
            f"network.num_residual_blocks is {network['num_residual_blocks']}, "
            f"its tensors make {blocks}"
        )
    needed = _skeleton(network).state_dict()
    for name in (*needed, *tensors):
        if name not in tensors or name not in needed:
            raise UserError(f"{quoted(name)} is {'missing' if name in needed else 'surplus'}")
        given, wanted = tensors[name].shape, needed[name].shape
        if given != wanted:
            raise UserError(f"{quoted(name)} is {_by(given)}, expected {_by(wanted)}")
    # The count of batches that batch norm has seen is the one whole number; it is not used.
    check_values({k: v for k, v in tensors.items() if needed[k].is_floating_point()})
    check_counts({k: v for k, v in tensors.items() if not needed[k].is_floating_point()})


def build_network(tensors: Mapping[str, Tensor], network: Mapping[str, Any]) -> TransformNet:
    """The network with these weights, float32; they must have passed `check_fit`."""
    net = _skeleton(network)
    own = {
        name: tensors[name].to(like.dtype, copy=True, memory_format=torch.contiguous_format)
        for name, like in net.state_dict().items()
    }
    net.load_state_dict(own, assign=True)
    return net


def _skeleton(network: Mapping[str, Any]) -> TransformNet:
    """Shapes without memory, and without drawing the random numbers of fresh weights."""
    with torch.device("meta"):
        return TransformNet(**network)


def _by(shape: torch.Size) -> str:
    return " x ".join(map(str, shape[:6])) or "a single number"
