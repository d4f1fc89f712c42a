"""The command line of `python -m faststyle.explore`: a page of what a style can look like."""

from __future__ import annotations

import argparse
import dataclasses
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from faststyle.errors import UserError, exit_on_user_error
from faststyle.files.atomic import check_writable
from faststyle.files.options import OptionParser, path, positive
from faststyle.files.paths import STYLE_NAME
from faststyle.malloc import tune_process

if TYPE_CHECKING:
    from faststyle.explore.plan import Folder, Plan

EXPLORED = Path("explored")  # default folder, with a subfolder for each style


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns 0, or ends with 2 on a mistake of the user's."""
    with exit_on_user_error("explore"):
        options = _parser().parse_args(arguments)
        tune_process()
        # A job scheduler's wish to stop is worth as much as Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        explore(options)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = OptionParser(
        prog="explore",
        description="Show on one page what a style can look like: gentle to bold, fine to large "
        "strokes, the painting's colors and vivid ones; each learned for seconds. Interrupted, the "
        "same command goes on.",
    )
    add = parser.add_argument
    add("--style-image", required=True, type=path, metavar="PICTURE", help="the painting")
    add("--name", metavar="NAME", help="of the style (default: the painting's file name)")
    add("--photo", type=path, metavar="PICTURE", help="show a photo of yours too")
    add("--photos", type=path, metavar="DIR", help="learn from your photos, not from drawn ones")
    add("--minutes", type=positive, default=5.0, metavar="N", help="(default: %(default)g)")
    add("--output", type=path, metavar="DIR", help=f"(default: {EXPLORED}/NAME/)")
    add("--device", default="auto", help="auto, cpu, cuda, ... (default: auto)")
    return parser


def explore(options: argparse.Namespace) -> Path:
    """Train the cells that are not yet done, draw the page after each, and return its path.

    Raises:
        UserError: what is wrong with the options or the files that they name.
    """
    began = time.perf_counter()
    name = _style_name(options)

    # After the cheap checks: these import torch.
    from faststyle.devices import choose_device
    from faststyle.explore.cells import PAINTED, VIVID, choose_cells, style_sizes
    from faststyle.explore.inputs import named_as_options, read_inputs
    from faststyle.explore.learn import Explorer, check_settings
    from faststyle.explore.page import Page
    from faststyle.explore.plan import Folder
    from faststyle.explore.settings import write_experiment
    from faststyle.images.vivid import vivid
    from faststyle.images.write import save_image

    inputs = read_inputs(options, name)
    folder = Folder(options.output or EXPLORED / name)
    plan = folder.open_plan(inputs.plan)
    sizes = style_sizes(inputs.painting.size)
    device = choose_device(options.device)
    with named_as_options():
        content = check_settings(plan, sizes)
    check_writable("--output", folder.path)
    folder.write_plan(plan)
    vivid_painting = vivid(inputs.painting)
    save_image(vivid_painting, folder.vivid)
    paintings = [(inputs.painting, f"the painting: colors {PAINTED}")]
    paintings.append((vivid_painting, f"colors {VIVID}"))
    page = Page(folder, paintings, inputs.photos, options.device)
    page.draw(plan)
    with _going_on(folder):
        explorer = Explorer(folder, content, device)
        if not plan.cells:
            print(f"{name}: the page fills in at {folder.page}", flush=True)
            seconds = 60 * plan.minutes + began - time.perf_counter()
            steps, rate, beside = explorer.learn_start(plan, sizes, seconds)
            seconds = 60 * plan.minutes + began - time.perf_counter()
            cells, cell_steps = choose_cells(sizes, seconds, rate, beside)
            plan = dataclasses.replace(
                plan, start_steps=steps, steps=cell_steps, cells=tuple(cells)
            )
            folder.write_plan(plan)
            print(f"{len(cells)} cells of {cell_steps} steps, {rate:.2g} s a step", flush=True)
        page.draw(plan)
        for cell in plan.cells:
            write_experiment(folder, plan, cell)
            if not folder.is_done(cell):
                explorer.learn_cell(plan, cell)
                page.draw(plan)
                print(f"{cell.number}/{len(plan.cells)} {cell.words()}", flush=True)
    _print_choice(folder, plan)
    return folder.page


def _style_name(options: argparse.Namespace) -> str:
    """The style's name: the one given, or the painting's file name without odd characters."""
    name = options.name
    if name is None:
        name = re.sub("[^A-Za-z0-9_.-]+", "_", options.style_image.stem).lstrip("_.-")[:80]
    if not re.fullmatch(STYLE_NAME, name):
        raise UserError(f"--name: {name[:100]!r} names files: give up to 80 letters, digits, _ . -")
    return name


@contextmanager
def _going_on(folder: Folder) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        print(f"\nWhat is done is in {folder.page}; the same command goes on.", flush=True)
        raise


def _print_choice(folder: Folder, plan: Plan) -> None:
    from faststyle.explore.settings import full_training

    example = plan.cells[len(plan.cells) // 2]
    quick, full = full_training(folder, example)
    print(
        f"All {len(plan.cells)} cells: {folder.page}\n"
        f"Train the one that you like in full; here number {example.number}, for another change "
        f"the number:\n  {quick}\nor with VGG-19 and COCO photos (1.3 GB to download, hours on a "
        f"CPU):\n  {full}"
    )


if __name__ == "__main__":
    sys.exit(main())
