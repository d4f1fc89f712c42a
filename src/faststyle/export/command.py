"""The command line of `faststyle-export`: a style as an ONNX file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from faststyle.checkpoints.catalog import find_style
from faststyle.errors import UserError, exit_on_user_error
from faststyle.files.atomic import check_new_file
from faststyle.files.options import OptionParser
from faststyle.malloc import tune_process

SUFFIX = ".onnx"
INSTALL = 'pip install "faststyle-torch[onnx]"'


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code, 0, or ends with 2 on a mistake of the user's."""
    with exit_on_user_error("export"):
        options = _parser().parse_args(arguments)
        tune_process()
        print(export_style(options))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = OptionParser(
        prog="faststyle-export",
        description="Write a style as an ONNX file: pictures (N, 3, H, W) of any size in [0, 1] "
        "in, stylized pictures of the same shape out, as `infer --grain 0` makes them.",
    )
    add = parser.add_argument
    add("--ckpt", required=True, metavar="NAME", help="a style's name or checkpoint, as for infer")
    add("--output", required=True, type=Path, metavar=f"FILE{SUFFIX}", help="where to write it")
    add(
        "--strength",
        type=float,
        default=1.0,
        metavar="S",
        help="0 is the photo, 1 the style as trained (default); fixed in the file",
    )
    add("--force", action="store_true", help="overwrite an existing file")
    return parser


def export_style(options: argparse.Namespace) -> str:
    """Write the file, and return what to print about it.

    Raises:
        UserError: an option is wrong, a package is missing, the file cannot be written, or its
            pictures differ from faststyle's.
    """
    target: Path = options.output
    if target.suffix != SUFFIX:
        raise UserError(f"--output: {target} must end in {SUFFIX}")
    check_new_file(target, force=options.force)
    path = find_style(options.ckpt)

    # After the cheap checks: these import torch.
    from faststyle.checkpoints.style_checkpoint import read_checkpoint
    from faststyle.rendering.strength import check_strength

    if check_strength(options.strength) > 1:
        raise UserError(
            f"strength: {options.strength:g} applies the style to its own result; export with 1, "
            "and run the file twice"
        )
    checkpoint = read_checkpoint(path)
    try:
        from faststyle.export.onnx_file import write_onnx
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "onnx":
            raise
        raise UserError(f"ONNX files need the package onnx: {INSTALL}") from error
    difference = write_onnx(target, checkpoint, options.strength)
    if difference is None:
        return f"{target}\nnot checked, as ONNX Runtime is not installed: {INSTALL}"
    return (
        f"{target}\nchecked with ONNX Runtime: its pictures differ from faststyle's by at most "
        f"{255 * difference:.2g} levels of 255"
    )


if __name__ == "__main__":
    sys.exit(main())
