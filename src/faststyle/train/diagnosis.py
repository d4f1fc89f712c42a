"""Where in a network numbers stop being finite."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


@torch.no_grad()
def first_not_finite(net: nn.Module, photos: Tensor) -> str | None:
    """Return the first thing that is not finite: the photos, a layer's weights, or its output.

    Runs the network once more, in the precision of the caller.
    """
    if not photos.isfinite().all():
        return "the photos"
    for name, value in net.named_parameters():
        if not value.isfinite().all():
            return f"the weights of {name}"
    found: list[str] = []

    def look(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Tensor) -> None:
            if not found and not output.isfinite().all():
                found.append(f"the output of {name}")

        return hook

    leaves = ((name, layer) for name, layer in net.named_modules() if not list(layer.children()))
    handles = [layer.register_forward_hook(look(name)) for name, layer in leaves]
    try:
        net(photos)
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None
