"""Rebuild the objective that a style checkpoint was trained for from its metadata."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from PIL import Image

from faststyle.config.parsing import parse_as, raise_user_error
from faststyle.config.ranges import MOST, check_range
from faststyle.config.train import LossConfig
from faststyle.devices import available_bytes
from faststyle.errors import UserError
from faststyle.evaluate.curves import fingerprint
from faststyle.files.options import shown
from faststyle.images.read import load_image
from faststyle.images.tensors import long_edge_to, resize_long_edge, to_tensor
from faststyle.losses.checks import check_large_enough, check_style_image
from faststyle.losses.memory import check_fits, style_bytes
from faststyle.losses.perceptual_loss import PerceptualLoss
from faststyle.losses.pretrained import bundled_weights, loss_network_for


@dataclass(kw_only=True)
class _LossNetworkSettings:
    name: str = MISSING
    pooling: str = MISSING


@dataclass(kw_only=True)
class _StyleSettings:
    size: int = MISSING

    def __post_init__(self) -> None:
        check_range("style", self, 16, MOST, ["size"])


@dataclass(kw_only=True)
class _Settings:
    """The part of a checkpoint's metadata that makes its objective; keys as in conf/."""

    loss: LossConfig = MISSING
    loss_network: _LossNetworkSettings = MISSING
    style: _StyleSettings = MISSING


@dataclass(frozen=True)
class Objective:
    """The loss, the style image at its size, and everything they depend on as plain values."""

    perceptual_loss: PerceptualLoss
    style_image: Image.Image
    identity: dict[str, Any]


def build_objective(
    metadata: dict[str, Any],
    style_path: Path,
    weights: str,
    changes: Sequence[str],
    device: torch.device,
) -> Objective:
    """The checkpoint's objective on `device`.

    Args:
        metadata: the checkpoint's.
        weights: of the loss network: "bundled", "torchvision" or a file.
        changes: "key=value", such as "loss.style_weight=5", to replace the checkpoint's values.

    Raises:
        UserError: the style image or the weights do not fit, or a change names an unknown setting.
    """
    settings = parse_as(_Settings, _merge(metadata, changes))
    loss, network, edge = settings.loss, settings.loss_network, settings.style.size
    try:
        image = load_image(style_path, show=show_note)
    except UserError as error:
        raise UserError(f"--style: {error}; give a picture file") from error
    check_style_image(f"--style: {style_path}", image)
    width, height = long_edge_to(image.size, edge)
    advice = f"crop it, or give --set style.size= more than {edge}"
    check_large_enough("--style", (width, height), network.name, loss.style_layers, advice)
    _warn_if_other(style_path, metadata)
    try:
        loss_network = loss_network_for(
            dataclasses.asdict(loss), {**dataclasses.asdict(network), "weights": weights}
        ).to(device)
    except UserError as error:
        message = str(error).replace("loss_network.weights", "--loss-network-weights")
        raise UserError(message) from error
    needed = style_bytes(network.name, loss.style_layers, height, width)
    check_fits("style.size", needed, available_bytes(device), edge)
    image = resize_long_edge(image, edge)
    tensor = to_tensor(image)
    perceptual_loss = PerceptualLoss(
        loss_network, **dataclasses.asdict(loss), style_image=tensor.to(device)
    )
    identity = {
        "loss": dataclasses.asdict(loss),
        "loss_network": {
            **dataclasses.asdict(network),
            "weights": _identify(network.name, weights),
        },
        "style_image": fingerprint(tensor),
    }
    return Objective(perceptual_loss, image, identity)


def _merge(metadata: dict[str, Any], changes: Sequence[str]) -> DictConfig:
    known = {
        section.name: {
            field.name: metadata[section.name][field.name]
            for field in dataclasses.fields(schema)
            if field.name in metadata.get(section.name, {})
        }
        for section, schema in zip(
            dataclasses.fields(_Settings),
            (LossConfig, _LossNetworkSettings, _StyleSettings),
            strict=True,
        )
    }
    for change in changes:
        if "=" not in change.strip("="):
            raise UserError(f"--set {shown(change)}: give KEY=VALUE, such as loss.style_weight=5")
    try:
        merged = OmegaConf.merge(known, OmegaConf.from_dotlist(list(changes)))
    except OmegaConfBaseException as error:
        raise_user_error(error)
    except Exception as error:  # of the YAML reader, by what it was given
        given = shown(" ".join(changes))
        raise UserError(f"--set: cannot read {given}; give KEY=VALUE for each") from error
    assert isinstance(merged, DictConfig)
    return merged


def _identify(name: str, weights: str) -> str:
    """SHA-256 of the weights: the same wherever the file is; or "torchvision"."""
    if weights == "torchvision":
        return weights
    path = bundled_weights(name) if weights == "bundled" else Path(weights)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _warn_if_other(style_path: Path, metadata: dict[str, Any]) -> None:
    trained_on = metadata.get("style", {}).get("image_sha256")
    if trained_on not in (None, hashlib.sha256(style_path.read_bytes()).hexdigest()):
        message = f"{style_path} is not the file that the checkpoint was trained on"
        print(f"evaluate: {message}", file=sys.stderr)


def show_note(note: str) -> None:
    """Print what is to be known about a picture, such as that only its first frame is used."""
    print(f"evaluate: {note}", file=sys.stderr)
