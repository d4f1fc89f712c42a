"""Loss networks: frozen image classifiers whose activations describe a picture.

Their weights are non-persistent buffers, not parameters. So they follow the device, get no
gradient, and are part of no optimizer and no checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from faststyle.errors import UserError, check_choice
from faststyle.losses.architectures import ARCHITECTURES, POOLINGS, FrozenConv2d

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class LossNetwork(nn.Module):
    """The layers of a classifier by name, up to the deepest one that is needed.

    Names are those of Gatys et al. 2016: conv4_2 is before the ReLU, relu4_2 after it.

    Args:
        name: a key of ARCHITECTURES.
        layers: at least one name of a layer; nothing deeper than these is built.
        pooling: "max", or "average" as Gatys et al. 2016, section 2, prefer for synthesis.
        state_dict: tensors with torchvision's names (`features.0.weight`); those of the
            classifier are ignored.

    Raises:
        UserError: `name`, `pooling` or a layer is unknown, or the weights belong to another
            network.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, name: str, layers: Iterable[str], *, pooling: str, state_dict: Mapping[str, Tensor]
    ):
        super().__init__()
        self.name = name
        check_choice("loss_network", name, ARCHITECTURES)
        check_choice("loss_network.pooling", pooling, POOLINGS)
        every = ARCHITECTURES[name](pooling)
        names = list(every)
        for layer in layers:
            check_choice(f"layer of {name}", layer, names)
        deepest = max(names.index(layer) for layer in layers)
        _load(name, every, deepest, state_dict)
        self.layers = nn.ModuleDict({key: every[key] for key in names[: deepest + 1]})
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(3, 1, 1), persistent=False)

    def forward(
        self, images: Float[Tensor, "n 3 h w"], layers: Iterable[str]
    ) -> dict[str, Float[Tensor, "n _ _ _"]]:
        """Activations of pictures (N, 3, H, W) in [0, 1] at `layers`; runs no deeper layer.

        Normalization with ImageNet's mean and standard deviation is inside.

        Returns:
            Features (N, C, H', W') by layer; C and the size depend on the layer.
        """
        wanted = set(layers)
        # oneDNN and cuDNN are up to twice as fast on channels-last pictures.
        x = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        features: dict[str, Tensor] = {}
        for name, layer in self.layers.items():
            x = layer(x)
            if name in wanted:
                features[name] = x
                if len(features) == len(wanted):
                    break
        return features


def _torchvision_names(name: str, layers: Mapping[str, nn.Module]) -> dict[str, str]:
    """The prefix of torchvision's keys for each convolution: conv1_1 -> features.0."""
    prefixes: dict[str, str] = {}
    for index, (layer, module) in enumerate(layers.items()):
        for sub, child in _modules(module).items():
            if isinstance(child, FrozenConv2d):
                prefixes[f"{layer}{sub}"] = f"features.{index}{sub}"
    return prefixes


def _modules(module: nn.Module) -> dict[str, nn.Module]:
    """`module` and all modules in it by their paths, which begin with a dot or are empty."""
    named = cast(Iterator[tuple[str, nn.Module]], module.named_modules())
    return {f".{path}" if path else "": child for path, child in named}


def _load(
    name: str, layers: Mapping[str, nn.Module], deepest: int, state_dict: Mapping[str, Tensor]
) -> None:
    """Copy the weights into the layers up to `deepest`, after a check of names and shapes."""
    modules = {
        f"{layer}{sub}": child
        for layer, module in layers.items()
        for sub, child in _modules(module).items()
    }
    prefixes = _torchvision_names(name, layers)
    known = {f"{prefix}.{part}" for prefix in prefixes.values() for part in ("weight", "bias")}
    state = {
        key if key.startswith(("features.", "classifier.")) else f"features.{key}": value
        for key, value in state_dict.items()
    }
    strange = [k for k in state if k.startswith("features.") and k not in known]
    if strange:
        raise UserError(
            f"loss_network.weights: not {name}'s: it has no tensor {strange[0]!r}; "
            f"give {name}'s weights or another loss_network"
        )
    needed = list(layers)[: deepest + 1]
    for path, prefix in prefixes.items():
        if path.split(".")[0] not in needed:
            continue
        for part in ("weight", "bias"):
            key, target = f"{prefix}.{part}", getattr(modules[path], part)
            given = state.get(key)
            if given is None or given.shape != target.shape:
                found = "is missing" if given is None else f"has shape {tuple(given.shape)}"
                raise UserError(
                    f"loss_network.weights: not {name}'s up to {needed[-1]}: {key} {found}, "
                    f"expected {tuple(target.shape)}; give {name}'s weights or another loss_network"
                )
            target.copy_(given)
