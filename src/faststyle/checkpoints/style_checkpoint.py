"""The style checkpoint: a transform network's weights and one JSON entry that describes them.

A .safetensors file holds no code. Metadata, under the key `faststyle`: format version, network
arguments, style, loss, data, training, origin (of an import), metrics, versions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor

from faststyle.checkpoints import weights
from faststyle.checkpoints.catalog import describe as describe
from faststyle.checkpoints.header import FORMAT as FORMAT
from faststyle.checkpoints.header import METADATA_KEY as METADATA_KEY
from faststyle.checkpoints.header import check_format, style_metadata
from faststyle.checkpoints.metadata import printable
from faststyle.errors import TrainingDiverged, UserError
from faststyle.files.atomic import atomic_write
from faststyle.files.pickles import UnsafeFile
from faststyle.files.tensor_files import check_size, read_safetensors, read_torch
from faststyle.networks.transform_net import TransformNet

PHOTO_END = "photo_end."  # what the names of its weights begin with
OTHERS = (".pth", ".pt", ".model", ".bin")  # how other projects' networks end
TRAINED = "transform_net."  # what the weights' names begin with in a training checkpoint


@dataclass(frozen=True)
class StyleCheckpoint:
    """Weights by name and the metadata that says how to use them and where they come from."""

    state_dict: dict[str, Tensor]
    metadata: dict[str, Any]
    photo_end: dict[str, Tensor] | None = None  # of strength 0: see strength.py

    def build(self) -> TransformNet:
        """The transform network with these weights, float32, in evaluation mode."""
        return weights.build_network(self.state_dict, self.metadata["network"]).eval()


def write_checkpoint(
    path: Path,
    net: TransformNet,
    metadata: dict[str, Any],
    photo_end: TransformNet | None = None,
) -> None:
    """Write weights and metadata, atomically.

    In half precision, too fine to see the difference where our training had a say in how large
    weights are. Those of an import, whose metadata has an origin, stay as they are: with a factor
    of 255 folded in they may lose too much by it.

    Raises:
        TrainingDiverged: a weight is not a finite number.
        UserError: the file cannot be written. What stood at `path` before is still there.
    """
    named = dict(net.state_dict())
    if photo_end is not None:
        named |= {f"{PHOTO_END}{name}": value for name, value in photo_end.state_dict().items()}
    half = "origin" not in metadata
    tensors = {name: _compact(value, half) for name, value in named.items()}
    for name, value in tensors.items():
        if not value.isfinite().all():
            raise TrainingDiverged(f"cannot write {path}: {name} is no longer a finite number")
    text = json.dumps(printable({"format": FORMAT, **metadata}))
    with atomic_write(path) as partial:
        # Not save_file: its files are for their owner's eyes only.
        partial.write_bytes(save(tensors, metadata={METADATA_KEY: text}))


def _compact(value: Tensor, half: bool) -> Tensor:
    """Half precision where it reaches; counts, and values beyond 65,504, stay as they are."""
    value = value.detach().cpu().contiguous()
    if not half or not value.is_floating_point():
        return value
    halved = value.half()
    return halved if halved.isfinite().all() else value


def read_checkpoint(path: Path) -> StyleCheckpoint:
    """Read a .safetensors style checkpoint or a Lightning .ckpt of ours; runs nothing in it.

    Raises:
        UserError: no such file, not ours, damaged, of a newer format, or with weights that are
            not its network's.
    """
    if not path.is_file():
        raise UserError(f"no such checkpoint: {path}")
    training = path.suffix == ".ckpt"
    kind = "training" if training else "style"
    try:
        state_dict, metadata = (_read_lightning if training else _read_safetensors)(path)
    except UnsafeFile as error:
        if path.suffix.lower() in OTHERS:
            raise UserError(
                f"{path}: not a style checkpoint; import networks of other projects first: "
                f"faststyle-import {path} --name {path.stem}"
            ) from error
        raise UserError(f"{path}: not a readable {kind} checkpoint: {error}") from error
    try:
        check_size(path, state_dict)
        style, photo_end = _ends(state_dict)
        for tensors in (style, photo_end) if photo_end else (style,):
            weights.check_fit(tensors, metadata["network"])
    except UserError as error:
        raise UserError(f"{path}: weights do not fit its network: {error}") from error
    return StyleCheckpoint(style, metadata, photo_end or None)


def _ends(tensors: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Weights of the style and of the photo end, if there is one."""
    end = {k.removeprefix(PHOTO_END): v for k, v in tensors.items() if k.startswith(PHOTO_END)}
    return {k: v for k, v in tensors.items() if not k.startswith(PHOTO_END)}, end


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    metadata = style_metadata(path)
    return read_safetensors(path), metadata


def _read_lightning(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    loaded = read_torch(path)
    state = loaded.get("state_dict") if isinstance(loaded, dict) else None
    if not isinstance(state, dict) or METADATA_KEY not in loaded:
        raise UnsafeFile("it is none of faststyle's")
    metadata = check_format(path, loaded[METADATA_KEY])
    own = {str(k): v for k, v in state.items() if str(k).startswith(TRAINED)}
    if not all(isinstance(value, Tensor) for value in own.values()):
        raise UnsafeFile("its weights are no tensors")
    return {name.removeprefix(TRAINED): value for name, value in own.items()}, metadata
