"""The style checkpoint: a transform network's weights and one JSON entry that describes them.

A .safetensors file holds no code. Metadata, under the key `faststyle`: format version, network
arguments, style, loss, data, training, metrics, versions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from faststyle.errors import UserError
from faststyle.files import atomic_write
from faststyle.transform_net import TransformNet

FORMAT = 1
METADATA_KEY = "faststyle"
PHOTO_END = "photo_end."  # before the names of those tensors


@dataclass(frozen=True)
class StyleCheckpoint:
    """Weights by name and the metadata that says how to use them and where they come from."""

    state_dict: dict[str, Tensor]
    metadata: dict[str, Any]
    photo_end: dict[str, Tensor] | None = None  # of strength 0: see strength.py

    def build(self) -> TransformNet:
        """The transform network with these weights, float32, in evaluation mode."""
        try:
            net = TransformNet(**self.metadata["network"])
            net.load_state_dict({k: v.to(torch.float32) for k, v in self.state_dict.items()})
        except (TypeError, KeyError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise UserError(
                f"style checkpoint: weights do not fit its network: {reason}"
            ) from error
        return net.eval()


def write_checkpoint(
    path: Path, net: TransformNet, metadata: dict[str, Any], photo_end: TransformNet | None = None
) -> None:
    """Write weights in half precision (too fine to see the difference) and metadata, atomically."""
    weights = dict(net.state_dict())
    if photo_end is not None:
        weights |= {f"{PHOTO_END}{k}": v for k, v in photo_end.state_dict().items()}
    tensors = {k: v.detach().cpu().half().contiguous() for k, v in weights.items()}
    text = json.dumps({"format": FORMAT, **metadata})
    with atomic_write(path) as partial:
        try:
            save_file(tensors, partial, metadata={METADATA_KEY: text})
        except SafetensorError as error:  # how safetensors reports a full disk, among others
            raise UserError(f"cannot write {path}: {error}") from error


def read_checkpoint(path: Path) -> StyleCheckpoint:
    """Read a .safetensors style checkpoint or a Lightning .ckpt of ours; runs nothing in it.

    Raises:
        UserError: no such file, not ours, damaged, or of a newer format.
    """
    if not path.is_file():
        raise UserError(f"no such checkpoint: {path}")
    read = _read_lightning if path.suffix == ".ckpt" else _read_safetensors
    state_dict, metadata = read(path)
    if not isinstance(metadata, dict):
        raise UserError(f"{path}: not a readable style checkpoint: its metadata is no JSON object")
    version = metadata.get("format")
    if version != FORMAT:
        raise UserError(
            f"{path}: style checkpoint of format {version}, this faststyle reads format {FORMAT}; "
            "install a newer faststyle"
        )
    style = {k: v for k, v in state_dict.items() if not k.startswith(PHOTO_END)}
    photo_end = {
        k.removeprefix(PHOTO_END): v for k, v in state_dict.items() if k.startswith(PHOTO_END)
    }
    return StyleCheckpoint(style, metadata, photo_end or None)


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(METADATA_KEY)
            if text is None:
                raise UserError(f"{path}: not a style checkpoint: no {METADATA_KEY!r} metadata")
            return {key: file.get_tensor(key).clone() for key in file.keys()}, json.loads(text)  # noqa: SIM118
    except (SafetensorError, OSError, json.JSONDecodeError) as error:
        raise UserError(f"{path}: not a readable style checkpoint: {error}") from error


def _read_lightning(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
        metadata = loaded[METADATA_KEY]
        prefix = "transform_net."
        state = loaded["state_dict"].items()
        return {k.removeprefix(prefix): v for k, v in state if k.startswith(prefix)}, metadata
    except Exception as error:
        raise UserError(
            f"{path}: not a readable training checkpoint ({type(error).__name__})"
        ) from error


def describe(metadata: dict[str, Any]) -> str:
    """The metadata as a person reads it, a line a fact."""
    lines = []

    def add(value: Any, label: str, indent: int) -> None:
        if isinstance(value, dict):
            lines.append(f"{'  ' * indent}{label}:")
            for key, item in value.items():
                add(item, str(key), indent + 1)
        elif value is not None:
            if isinstance(value, list):
                value = ", ".join(map(str, value))
            lines.append(
                f"{'  ' * indent}{label}: {value:.4g}"
                if isinstance(value, float)
                else f"{'  ' * indent}{label}: {value}"
            )

    for key, value in metadata.items():
        add(value, key, 0)
    return "\n".join(lines)
