"""Weights of loss networks: bundled with faststyle, from torchvision, or from a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from http.client import HTTPException
from io import BufferedIOBase
from pathlib import Path
from typing import Any, TypeGuard, cast
from urllib.request import urlopen

import torch
from torch import Tensor
from tqdm import tqdm

from faststyle.errors import UserError, check_choice
from faststyle.files.atomic import atomic_write
from faststyle.files.paths import ASSETS_DIR
from faststyle.files.pickles import UnsafeFile
from faststyle.files.tensor_files import check_size, check_values, read_safetensors, read_torch
from faststyle.losses.architectures import ARCHITECTURES
from faststyle.losses.loss_network import LossNetwork

TORCHVISION_WEIGHTS = {
    "vgg16": "VGG16_Weights.IMAGENET1K_V1",
    "vgg19": "VGG19_Weights.IMAGENET1K_V1",
    "squeezenet": "SqueezeNet1_1_Weights.IMAGENET1K_V1",
}
BUNDLED = ("compact",)

TIMEOUT = 10  # seconds without a byte from the server


class _NotDownloaded(Exception):
    """A download ended early."""


def build_loss_network(
    name: str, layers: Iterable[str], *, weights: str, pooling: str
) -> LossNetwork:
    """A loss network with its weights, on the CPU.

    Args:
        name, layers, pooling: as for `LossNetwork`.
        weights: "bundled" (part of faststyle), "torchvision" (downloaded once, then cached), or
            the path of a file.

    Raises:
        UserError: an unknown name, or weights that are missing, unsafe, not finite or of another
            network.
    """
    check_choice("loss_network", name, ARCHITECTURES)
    if weights == "torchvision":
        state_dict = _download(name)
    else:
        path = bundled_weights(name) if weights == "bundled" else Path(weights)
        state_dict = read_state_dict(path)
    network = LossNetwork(name, layers, pooling=pooling, state_dict=state_dict)
    try:
        # After the construction, which has the better message for weights of another network.
        check_values({k: v for k, v in state_dict.items() if not k.startswith("classifier.")})
    except UserError as error:
        raise UserError(f"loss_network.weights: {weights}: {error}") from error
    return network


def loss_network_for(loss: Mapping[str, Any], loss_network: Mapping[str, Any]) -> LossNetwork:
    """The loss network of an objective, on the CPU: `PerceptualLoss(network, **loss, ...)`.

    Args:
        loss: arguments of `PerceptualLoss`; the network ends at the deepest of its layers.
        loss_network: `name`, `weights` and `pooling`, as `build_loss_network` takes them; other
            keys are passed over.

    Raises:
        UserError: as `build_loss_network`.
    """
    return build_loss_network(
        loss_network["name"],
        [*loss["content_layers"], *loss["style_layers"]],
        weights=loss_network["weights"],
        pooling=loss_network["pooling"],
    )


def model_card(name: str, weights: str) -> str | None:
    """A few sentences about the origin of the weights; None for a file of the user."""
    if weights == "bundled":
        paragraphs = (
            bundled_weights(name).with_suffix(".md").read_text(encoding="utf-8").split("\n\n")
        )
        return " ".join(paragraphs[1].split())  # the paragraph below the heading
    if weights == "torchvision":
        return f"torchvision's {TORCHVISION_WEIGHTS[name]}, trained on ImageNet"
    return None


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Tensors by name from a .safetensors or torch file; nothing in it is executed.

    Raises:
        UserError: no such file, or it holds anything but tensors.
    """
    if not path.is_file():
        raise UserError(f"loss_network.weights: no such file: {path}")
    try:
        loaded = read_safetensors(path) if path.suffix == ".safetensors" else read_torch(path)
        if not _is_state_dict(loaded):
            raise UserError(f"loss_network.weights: {path} holds no state dict of tensors")
        check_size(path, loaded)
    except UnsafeFile as error:
        raise UserError(
            f"loss_network.weights: {path} is not a file of plain tensors ({error}); "
            "give a state dict saved with torch.save or safetensors"
        ) from error
    return {str(name): value for name, value in loaded.items()}


def _is_state_dict(loaded: Any) -> TypeGuard[dict[Any, Tensor]]:
    return isinstance(loaded, dict) and all(
        isinstance(value, Tensor) for value in cast(dict[Any, Any], loaded).values()
    )


def bundled_weights(name: str) -> Path:
    """The path of the weights that are part of faststyle.

    Raises:
        UserError: there are none of this network.
    """
    if name not in BUNDLED:
        raise UserError(
            f"loss_network.weights: no weights of {name} come with faststyle, only of "
            f"{', '.join(BUNDLED)}; give torchvision or a file"
        )
    return ASSETS_DIR / f"{name}.safetensors"


def _download(name: str) -> dict[str, Tensor]:
    from torchvision.models import get_weight  # pyright: ignore[reportMissingTypeStubs]

    if name not in TORCHVISION_WEIGHTS:
        raise UserError(f"loss_network.weights: torchvision has no {name}; give bundled or a file")
    weights = get_weight(TORCHVISION_WEIGHTS[name])
    try:
        _fill_cache(weights.url)
        return dict(weights.get_state_dict(check_hash=True))
    except (OSError, _NotDownloaded) as error:  # URLError and time-outs are OSErrors
        raise UserError(
            f"loss_network.weights: torchvision's {name} weights are not in the cache and could "
            f"not be downloaded ({error}); give a file: loss_network.weights=FILE"
        ) from error


def _fill_cache(url: str) -> None:
    """Download a file to where torchvision looks for it, unless it is there.

    torchvision itself waits without end for a server that does not answer; a time limit for it
    would be one for the whole process (`socket.setdefaulttimeout`).

    Raises:
        OSError: no answer within TIMEOUT.
        _NotDownloaded: it ended early.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with urlopen(url, timeout=TIMEOUT) as reply, atomic_write(path) as partial:
        size = int(reply.headers.get("Content-Length") or 0) or None
        with (
            partial.open("wb") as file,
            # disable=None: no bar where nobody watches.
            tqdm(total=size, unit="B", unit_scale=True, desc=path.name, disable=None) as bar,
        ):
            while chunk := _read(reply):
                file.write(chunk)
                digest.update(chunk)
                bar.update(len(chunk))
        if not digest.hexdigest().startswith(path.stem.rpartition("-")[2]):
            raise _NotDownloaded(f"{url} arrived damaged")


def _read(reply: BufferedIOBase) -> bytes:
    try:
        return reply.read(2**20)
    except (OSError, HTTPException) as error:  # not of the disk that is written to
        raise _NotDownloaded(f"{type(error).__name__}: {error}") from error
