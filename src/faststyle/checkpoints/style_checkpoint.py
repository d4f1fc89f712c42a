"""The style checkpoint: weights of a transform network and JSON metadata in a .safetensors file.

Such a file holds no code. The metadata, under the key `faststyle`, has the format version and the
sections of `metadata.SECTIONS`.
"""

from __future__ import annotations

import json
import re
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
from faststyle.checkpoints.metadata import is_object, printable
from faststyle.errors import TrainingDiverged, UserError
from faststyle.files.atomic import atomic_write
from faststyle.files.paths import STYLE_NAME, shell_command
from faststyle.files.pickles import UnsafeFile
from faststyle.files.tensor_files import check_size, read_safetensors, read_torch
from faststyle.networks.transform_net import TransformNet

FOREIGN_SUFFIXES = (".pth", ".pt", ".model", ".bin")  # of other projects' networks
PHOTO_END = "photo_end."  # prefix of the weights for strength 0
TRAINED = "transform_net."  # prefix of the weights in a run checkpoint


@dataclass(frozen=True)
class StyleCheckpoint:
    """Weights by name, and the metadata with their network arguments and origin.

    Args:
        state_dict: the weights of the style, strength 1.
        metadata: sections as in `metadata.SECTIONS`, checked.
        photo_end: weights of the same network for strength 0, which reproduce the photo; or None.
    """

    state_dict: dict[str, Tensor]
    metadata: dict[str, Any]
    photo_end: dict[str, Tensor] | None = None

    def build(self) -> TransformNet:
        """The transform network with these weights, float32, on the CPU, in evaluation mode."""
        return weights.build_network(self.state_dict, self.metadata["network"]).eval()


def write_checkpoint(
    path: Path,
    net: TransformNet,
    metadata: dict[str, Any],
    photo_end: TransformNet | None = None,
) -> None:
    """Write weights and metadata atomically.

    Weights are stored as float16: the difference is below one level of 255 for networks trained
    here. Imported networks, whose metadata has an origin, keep float32: with a factor of 255 folded
    in, float16 may lose too much.

    Args:
        photo_end: the network for strength 0, of the same arguments.

    Raises:
        TrainingDiverged: a weight is not a finite number.
        UserError: the file cannot be written. The previous file at `path` is kept.
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
        # Not save_file: only the owner could read its files.
        partial.write_bytes(save(tensors, metadata={METADATA_KEY: text}))


def _compact(value: Tensor, half: bool) -> Tensor:
    """As float16 if `half`; integers and tensors with values beyond 65,504 are not converted."""
    value = value.detach().cpu().contiguous()
    if not half or not value.is_floating_point():
        return value
    halved = value.half()
    return halved if halved.isfinite().all() else value


def read_checkpoint(path: Path) -> StyleCheckpoint:
    """Read a style checkpoint (.safetensors) or a run checkpoint (.ckpt); executes nothing in it.

    Raises:
        UserError: no such file, not written by faststyle, damaged, of a newer format, or its
            weights do not fit its network arguments.
    """
    if not path.is_file():
        raise UserError(f"no such checkpoint: {path}")
    is_run = path.suffix == ".ckpt"
    kind = "run" if is_run else "style"
    try:
        state_dict, metadata = (_read_run if is_run else _read_safetensors)(path)
    except UnsafeFile as error:
        if path.suffix.lower() in FOREIGN_SUFFIXES:
            name = path.stem if re.fullmatch(STYLE_NAME, path.stem) else "mine"
            command = shell_command("faststyle-import", path, "--name", name)
            raise UserError(
                f"{path}: not a style checkpoint; import networks of other projects first: "
                f"{command}"
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
    """Split the weights of the style from those of the photo end, which may be none."""
    end = {k.removeprefix(PHOTO_END): v for k, v in tensors.items() if k.startswith(PHOTO_END)}
    return {k: v for k, v in tensors.items() if not k.startswith(PHOTO_END)}, end


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    metadata = style_metadata(path)
    return read_safetensors(path), metadata


def _read_run(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    loaded = read_torch(path)
    state = loaded.get("state_dict") if is_object(loaded) else None
    if not is_object(state) or METADATA_KEY not in loaded:
        raise UnsafeFile("it was not written by faststyle")
    metadata = check_format(path, loaded[METADATA_KEY])
    own = {str(k): v for k, v in state.items() if str(k).startswith(TRAINED)}
    if not all(isinstance(value, Tensor) for value in own.values()):
        raise UnsafeFile("its weights are not tensors")
    return {name.removeprefix(TRAINED): value for name, value in own.items()}, metadata
