"""The ONNX file of a style: graph and metadata, written after a check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import onnx
import torch
from onnx import helper

from faststyle.checkpoints.header import FORMAT, METADATA_KEY
from faststyle.checkpoints.metadata import printable
from faststyle.checkpoints.style_checkpoint import StyleCheckpoint
from faststyle.errors import UserError
from faststyle.export.graph import OPSET, build_graph
from faststyle.files.atomic import atomic_write
from faststyle.rendering.interpolation import InterpolatedNetworks
from faststyle.rendering.strength import photo_share

IR_VERSION = 8  # of the same time as OPSET
STRENGTH_KEY = "faststyle_strength"
LARGEST_DIFFERENCE = 1 / 255


def write_onnx(path: Path, checkpoint: StyleCheckpoint, strength: float) -> float | None:
    """Write a style as an ONNX file, atomically, unless ONNX Runtime's pictures differ too much.

    The file maps `photo` to `stylized`, float32 pictures (N, 3, H, W) in [0, 1], as a `Stylizer`
    does without grain.

    Args:
        strength: as of `Stylizer`; fixed in the file.

    Returns:
        The largest difference of a value, in [0, 1]; None where ONNX Runtime is not installed.

    Raises:
        UserError: the file cannot be written, or the difference is above LARGEST_DIFFERENCE. The
            previous file at `path` is kept.
    """
    model = style_model(checkpoint, strength)
    with atomic_write(path) as partial:
        partial.write_bytes(model.SerializeToString(deterministic=True))
        try:
            from faststyle.export.check import largest_difference
        except ImportError as error:
            if (error.name or "").partition(".")[0] != "onnxruntime":
                raise
            return None
        difference, size = largest_difference(partial, checkpoint, strength)
        if not difference <= LARGEST_DIFFERENCE:
            raise UserError(
                f"{path} is not written: at {size} ONNX Runtime's picture differs from faststyle's "
                f"by {255 * difference:.3g} levels of 255, at most 1 is allowed; try another "
                "version of onnxruntime"
            )
    return difference


def style_model(checkpoint: StyleCheckpoint, strength: float) -> onnx.ModelProto:
    """The ONNX model of a style at a strength, with the checkpoint's metadata as JSON."""
    net = InterpolatedNetworks(checkpoint, torch.device("cpu")).at(strength)
    share = photo_share(strength, checkpoint.photo_end is not None)
    network = checkpoint.metadata["network"]
    model = helper.make_model(
        build_graph(net, cast(str, network["output"]), share),
        producer_name="faststyle",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    metadata = printable({"format": FORMAT, **checkpoint.metadata})
    helper.set_model_props(
        model, {METADATA_KEY: json.dumps(metadata), STRENGTH_KEY: f"{strength:g}"}
    )
    onnx.checker.check_model(model, full_check=True)
    return model
