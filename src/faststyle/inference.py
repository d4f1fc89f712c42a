"""`python -m infer`: repaint photos with a style checkpoint."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from faststyle.errors import UserError, exit_on_user_error
from faststyle.memory_reuse import keep_freed_memory


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 1 if some pictures failed, 2 on bad usage."""
    options = _parser().parse_args(arguments)
    keep_freed_memory()
    with exit_on_user_error("infer"):
        return _describe(options) if options.describe else _stylize(options)
    raise AssertionError("unreachable")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="infer", description="Repaint photos with a trained style, each in one forward pass."
    )
    parser.add_argument("inputs", nargs="*", type=Path, metavar="PHOTO", help="files or folders")
    parser.add_argument("--ckpt", required=True, type=Path, help="style checkpoint, or a .ckpt")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("stylized"),
        help="a picture file for one photo, else a folder (default: %(default)s/)",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, ... (default: auto)")
    parser.add_argument(
        "--describe", action="store_true", help="print what the checkpoint says of itself"
    )
    return parser


def _describe(options: argparse.Namespace) -> int:
    from faststyle.checkpoint import describe, read_checkpoint

    print(describe(read_checkpoint(options.ckpt).metadata))
    return 0


def _stylize(options: argparse.Namespace) -> int:
    if not options.inputs:
        raise UserError("no photo given; name files or folders after the options")
    photos = list(_expand(options.inputs))
    targets = list(_output_paths(photos, options.output))

    # After the cheap checks: these import torch.
    from tqdm import tqdm

    from faststyle.images import load_image, save_image
    from faststyle.stylize import load_style

    stylizer = load_style(options.ckpt, options.device)
    failed = 0
    for photo, target in zip(tqdm(photos, unit="photo", disable=None), targets, strict=True):
        try:
            save_image(stylizer(load_image(photo)), target)
            tqdm.write(str(target))
        except UserError as error:
            if len(photos) == 1:
                raise
            failed += 1
            tqdm.write(f"infer: {error}; skipped", file=sys.stderr)
    if failed:
        print(f"infer: {failed} of {len(photos)} photos failed", file=sys.stderr)
    return 1 if failed else 0


def _expand(inputs: Iterable[Path]) -> Iterator[Path]:
    """Files as they are, folders as the pictures in them."""
    from faststyle.images import list_pictures

    for path in inputs:
        if path.is_dir():
            yield from list_pictures(path)
        else:
            yield path


def _output_paths(photos: list[Path], output: Path) -> Iterator[Path]:
    """Where each result goes: never on top of an input or of another result."""
    from faststyle.images import SAVE_OPTIONS, check_output_suffix

    inputs = {photo.resolve() for photo in photos}
    if len(photos) == 1 and output.suffix and not output.is_dir():
        check_output_suffix(output)
        if output.resolve() in inputs:
            raise UserError(f"--output {output} is the photo itself; give another name")
        yield output
        return
    if output.is_file() or (len(photos) > 1 and output.suffix.lower() in SAVE_OPTIONS):
        raise UserError(f"--output {output}: {len(photos)} photos need a folder, not a file")
    taken: set[Path] = set(inputs)
    for photo in photos:
        suffix = photo.suffix.lower() if photo.suffix.lower() in SAVE_OPTIONS else ".png"
        target, number = output / f"{photo.stem}{suffix}", 2
        while target.resolve() in taken:
            target, number = output / f"{photo.stem}_{number}{suffix}", number + 1
        taken.add(target.resolve())
        yield target
