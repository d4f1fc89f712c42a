"""The command line of `faststyle-import`: networks of other projects as style checkpoints."""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from faststyle.errors import UserError, exit_on_user_error
from faststyle.files.options import OptionParser, path, shown
from faststyle.files.paths import STYLE_NAME, shell_command
from faststyle.malloc import tune_process

KINDS = ("pytorch_examples", "lengstrom")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code, 0, or ends with 2 on a mistake of the user's."""
    with exit_on_user_error("import"):
        options = _parser().parse_args(arguments)
        tune_process()
        target = import_style(options)
        command = shell_command("python", "-m", "infer", "--ckpt", target, "PHOTO")
        print(f"{target}\nnow: {command}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = OptionParser(
        prog="faststyle-import",
        description="Convert a network of pytorch/examples (a state dict of fast_neural_style) or "
        "of lengstrom/fast-style-transfer (a folder of variables with manifest.json) to a style "
        "checkpoint that gives the same picture.",
    )
    add = parser.add_argument
    add("file", type=path, metavar="FILE", help="the state dict, or the folder")
    add("--from", dest="kind", choices=KINDS, help="kind of network (default: recognized)")
    add("--name", required=True, help="name of the style and its checkpoint, such as candy")
    add("--title", help="title of the painting, as `infer --describe` shows it")
    add(
        "--output",
        type=path,
        metavar="FILE.safetensors",
        help="where to write it (default: checkpoints/NAME.safetensors)",
    )
    add("--force", action="store_true", help="overwrite an existing checkpoint")
    return parser


def import_style(options: argparse.Namespace) -> Path:
    """Write the style checkpoint and return its path.

    Raises:
        UserError: an option is wrong, or the file is not such a network.
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
            f"--name: {shown(options.name)} names a file: use up to 80 letters, digits, _ . -"
        )
    target = options.output or Path("checkpoints", f"{options.name}.safetensors")
    if target.suffix != ".safetensors":
        raise UserError(f"--output: {target} must end in .safetensors")
    if target.exists() and not options.force:
        raise UserError(f"{target} exists; give --force to overwrite it, or another --output")
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
    if path.suffix == ".safetensors":
        raise UserError(
            f"{path}: only files of torch.save are converted (a style checkpoint of faststyle "
            f"needs no conversion); {allowed}"
        )
    try:
        state = pytorch_examples.read_state(path)
    except UserError as error:
        raise UserError(f"{path}: {error}; {allowed}") from error
    if pytorch_examples.recognizes(state):
        return "pytorch_examples"
    raise UserError(f"{path}: {_content(state)}, not a network of a known project; {allowed}")


def _content(state: Mapping[str, Any]) -> str:
    """What a state dict holds, in a few words."""
    from faststyle.files.tensor_files import quoted

    shapes = {name: list(v.shape) for name, v in state.items() if hasattr(v, "shape")}
    if not shapes:
        return f"it holds {len(state)} entries and no tensor"
    first = next(iter(shapes))
    size = " x ".join(map(str, shapes[first])) or "a single number"
    return f"it holds {len(shapes)} tensors from {quoted(first)} ({size}) on"


def _sha256(files: list[Path]) -> str:
    """SHA-256 of the files' contents, one after the other."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
