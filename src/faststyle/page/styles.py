"""A style as the page holds it: what is known of it, a thumbnail, and its weights as text.

Two weight sets at half precision would take 2.3 MB as base64. So kernels are whole numbers of
`LEVEL_BITS` with a scale for each output channel, and those of the photo end are differences from
them, of `DIFFERENCE_BITS`; both are deflated. Pictures of the bundled styles differ by about one
level of 255 (tests/page/test_styles.py). Biases and norms, which are few, keep every bit.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from faststyle.checkpoints.catalog import result_name
from faststyle.checkpoints.style_checkpoint import StyleCheckpoint, read_checkpoint
from faststyle.errors import UserError
from faststyle.files.atomic import sha256_of
from faststyle.images.data_url import jpeg_url
from faststyle.rendering.stylizer import Stylizer

LEVEL_BITS, DIFFERENCE_BITS = 10, 7
THUMBNAIL = (180, 120)  # pixels
# The kind of network that the page paints: the one that is trained unless settings say otherwise.
PAINTED = {"norm": "instance", "padding": "reflect", "upsample": "nearest", "output": "sigmoid"}


def page_style(path: Path, sample: Image.Image) -> dict[str, Any]:
    """A style as JSON values; `sample` is painted for its thumbnail.

    Returns:
        name, title, artist, year, network (its arguments), lineage (styles of one lineage mix
        well), tensors ([name, shape] in the order of the weights), hasPhotoEnd, weights (base64,
        see `pack_weights`) and thumbnail (a data URL).

    Raises:
        UserError: the checkpoint cannot be read, or its network is not of the kind PAINTED.
    """
    checkpoint = read_checkpoint(path)
    network = checkpoint.metadata["network"]
    if (key := unpainted(network)) is not None:
        raise UserError(
            f"{path}: its network has {key}={network[key]}, the page paints {key}={PAINTED[key]}; "
            "leave it out, or export it: faststyle-export"
        )
    style = checkpoint.metadata.get("style", {})
    name = style_name(path)
    thumbnail = sample.resize(THUMBNAIL, Image.Resampling.LANCZOS)
    return {
        "name": name,
        "title": style.get("title") or name,
        "artist": style.get("artist"),
        "year": style.get("year"),
        "network": network,
        "lineage": checkpoint.metadata.get("training", {}).get("init_from_sha256")
        or sha256_of(path),
        "tensors": [[key, list(value.shape)] for key, value in checkpoint.state_dict.items()],
        "hasPhotoEnd": checkpoint.photo_end is not None,
        "weights": base64.b64encode(pack_weights(checkpoint)).decode(),
        "thumbnail": jpeg_url(Stylizer(checkpoint, "cpu")(thumbnail), quality=82, optimize=True),
    }


def style_name(path: Path) -> str:
    """The name of a checkpoint's style; that of a run is in its path."""
    return path.stem if path.suffix != ".ckpt" else result_name([path])


def unpainted(network: Mapping[str, Any]) -> str | None:
    """The first argument of a network that is not as in PAINTED; None: the page paints it."""
    return next((key for key, wanted in PAINTED.items() if network[key] != wanted), None)


def pack_weights(checkpoint: StyleCheckpoint) -> bytes:
    """The weights, deflated: float32 numbers, levels (int16), differences (int8), each by planes.

    The numbers of each tensor are its values, if it has one dimension, or a scale for each output
    channel of the kernels; those of the style, then those of the photo end.
    """
    numbers: list[Tensor] = []
    levels: list[Tensor] = []
    differences: list[Tensor] = []
    for name, value in checkpoint.state_dict.items():
        style = value.float()
        end = None if checkpoint.photo_end is None else checkpoint.photo_end[name].float()
        if style.dim() == 1:
            numbers += [style] if end is None else [style, end]
            continue
        scale, whole = _in_levels(style, LEVEL_BITS)
        numbers.append(scale.flatten())
        levels.append(whole.flatten())
        if end is not None:
            scale, whole = _in_levels(end - whole * scale, DIFFERENCE_BITS)
            numbers.append(scale.flatten())
            differences.append(whole.flatten())
    parts = [(numbers, np.float32), (levels, np.int16), (differences, np.int8)]
    return zlib.compress(b"".join(_planes(*part) for part in parts if part[0]), 9)


def _in_levels(kernels: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """Scales (D, 1, 1, 1) and whole numbers (D, C, K, K) of `bits`, whose product is `kernels`."""
    largest = kernels.abs().amax((1, 2, 3), keepdim=True)
    scale = largest.clamp_min(1e-12) / (2 ** (bits - 1) - 1)
    return scale, torch.round(kernels / scale)


def _planes(tensors: list[Tensor], kind: type[np.generic]) -> bytes:
    """The first byte of every value, then the second, ...: like bytes deflate better together."""
    values = np.concatenate([tensor.numpy() for tensor in tensors]).astype(kind)
    little = values.astype(values.dtype.newbyteorder("<"))
    return little.view(np.uint8).reshape(-1, little.itemsize).T.tobytes()
