"""`faststyle-import`: networks that other projects trained, as style checkpoints of ours."""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from pathlib import Path
from typing import Any

from faststyle.errors import UserError, exit_on_user_error
from faststyle.files.paths import STYLE_NAME
from faststyle.malloc import tune_process

KINDS = ("pytorch_examples", "lengstrom")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code, 0, or ends with 2 on a mistake of the user's."""
    options = _parser().parse_args(arguments)
    tune_process()
    with exit_on_user_error("import"):
        target = import_style(options)
        print(f"{target}\nnow: python -m infer --ckpt {target} PHOTO")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="faststyle-import",
        description="Turn a network of pytorch/examples (a state dict of fast_neural_style) or of "
        "lengstrom/fast-style-transfer (a folder of variables with manifest.json) into a style "
        "checkpoint that paints the same picture.",
    )
    add = parser.add_argument
    add("file", type=Path, metavar="FILE", help="the state dict, or the folder")
    add("--from", dest="kind", choices=KINDS, help="what it is (default: seen from its content)")
    add("--name", required=True, help="of the style, such as candy; it names the checkpoint")
    add("--title", help="of the painting, as `infer --describe` shows it")
    add(
        "--output",
        type=Path,
        metavar="FILE.safetensors",
        help="where to write it (default: checkpoints/NAME.safetensors)",
    )
    add("--force", action="store_true", help="put it in the place of a checkpoint that is there")
    return parser


def import_style(options: argparse.Namespace) -> Path:
    """Write the style checkpoint and return its path.

    Raises:
        UserError: which option or what in the file is wrong.
    """
    path: Path = options.file
    target = _target(options)
    if not path.exists():
        raise UserError(f"no such file or folder: {path}")

    # After the cheap checks: these import torch.
    from faststyle.checkpoints import weights
    from faststyle.checkpoints.style_checkpoint import write_checkpoint
    from faststyle.convert import lengstrom

    kind = options.kind or _recognize(path)
    try:
        if kind == "lengstrom":
            network, tensors = lengstrom.read_network(path)
            path, files = lengstrom.folder_of(path), lengstrom.files_of(path)
        else:
            from faststyle.convert import pytorch_examples

            network, tensors = pytorch_examples.read_network(path)
            files = [path]
    except UserError as error:
        raise UserError(f"{path}: not a network of {kind}: {error}") from error
    metadata: dict[str, Any] = {
        "style": {"name": options.name, "title": options.title},
        "network": network,
        "origin": {"kind": kind, "file": path.resolve().name, "sha256": _sha256(files)},
    }
    write_checkpoint(target, weights.build_network(tensors, network), metadata)
    return target


def _target(options: argparse.Namespace) -> Path:
    if not re.fullmatch(STYLE_NAME, options.name):
        raise UserError(
            f"--name: {options.name!r} names a file: use up to 80 letters, digits, _ . -"
        )
    target = options.output or Path("checkpoints", f"{options.name}.safetensors")
    if target.suffix != ".safetensors":
        raise UserError(f"--output: {target} is to be a name that ends in .safetensors")
    if target.exists() and not options.force:
        raise UserError(f"{target} is there already; give --force to replace it, or --output")
    return target


def _recognize(path: Path) -> str:
    from faststyle.convert import lengstrom, pytorch_examples

    allowed = (
        "give a state dict of pytorch/examples' fast_neural_style, or the folder of lengstrom's "
        f"variables with its {lengstrom.MANIFEST}"
    )
    if lengstrom.recognizes(path):
        return "lengstrom"
    if path.is_dir():
        raise UserError(f"{path}: no {lengstrom.MANIFEST} in this folder; {allowed}")
    try:
        if pytorch_examples.recognizes(path):
            return "pytorch_examples"
    except UserError as error:
        raise UserError(f"{path}: {error}; {allowed}") from error
    raise UserError(f"{path}: no network of another project that is known; {allowed}")


def _sha256(files: list[Path]) -> str:
    """Of the file, or of the variables' files one after the other in the order of their numbers."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
