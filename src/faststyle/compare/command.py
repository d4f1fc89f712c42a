"""The command line of `python -m faststyle.compare`: runs side by side on one HTML page."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from faststyle.errors import UserError, exit_on_user_error
from faststyle.files.atomic import atomic_write, check_new_file, check_writable
from faststyle.files.options import OptionParser, name, path, pixels
from faststyle.malloc import tune_process

if TYPE_CHECKING:
    from PIL import Image

    from faststyle.compare.runs import Run

SUFFIXES = (".html", ".htm")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns 0, or ends with 2 on a mistake of the user's."""
    with exit_on_user_error("compare"):
        options = _parser().parse_args(arguments)
        tune_process()
        print(compare(options))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = OptionParser(
        prog="compare",
        description="Show runs side by side on one HTML page: photos in each style, losses, times, "
        "worth, and the settings that differ.",
    )
    add = parser.add_argument
    add("runs", nargs="+", type=name, metavar="RUN", help="run folder, checkpoint or style name")
    add(
        "--photos",
        nargs="+",
        required=True,
        type=path,
        metavar="PHOTO",
        help="pictures, or folders of pictures",
    )
    add("--output", type=path, default=Path("compare.html"), help="(default: %(default)s)")
    add("--size", type=pixels, default=480, help="long edge of the photos (default: %(default)s)")
    add(
        "--evaluations",
        nargs="+",
        type=path,
        default=[],
        metavar="DIR",
        help="what faststyle.evaluate wrote about these runs",
    )
    add("--force", action="store_true", help="overwrite an existing file")
    add("--device", default="auto", help="auto, cpu, cuda, ... (default: auto)")
    return parser


def compare(options: argparse.Namespace) -> Path:
    """Write the page and return its path.

    Raises:
        UserError: a run, a photo or an option is wrong; nothing is written.
    """
    output: Path = options.output
    if output.suffix.lower() not in SUFFIXES:
        raise UserError(f"--output: {output} must end in .html")
    check_new_file(output, force=options.force)
    check_writable("--output", output.parent)

    # After the cheap checks: these import torch.
    from faststyle.compare.evaluations import open_evaluations
    from faststyle.compare.facts import results, settings
    from faststyle.compare.page import html_page
    from faststyle.compare.runs import open_runs

    runs = open_runs(options.runs)
    evaluations = open_evaluations(options.evaluations, runs)
    photos = _photos(options.photos, options.size)
    columns = [_stylized(run, list(photos.values()), options.device) for run in runs]
    pictures = [
        (name, photo, [column[0][index] for column in columns])
        for index, (name, photo) in enumerate(photos.items())
    ]
    rows = results(runs, evaluations, [seconds for _, seconds in columns])
    page = html_page([run.label for run in runs], rows, settings(runs), pictures)
    with atomic_write(output) as partial:
        partial.write_text(page, encoding="utf-8")
    return output


def _photos(given: list[Path], size: int) -> dict[str, Image.Image]:
    """Every photo by its path, no larger than `size` pixels."""
    from faststyle.images.formats import list_pictures
    from faststyle.images.read import load_image
    from faststyle.images.tensors import resize_long_edge

    photos: dict[str, Image.Image] = {}
    try:
        files = [
            file for path in given for file in (list_pictures(path) if path.is_dir() else [path])
        ]
        for file in files:
            image = load_image(file, show=lambda note: print(f"compare: {note}", file=sys.stderr))
            photos[str(file)] = image if max(image.size) <= size else resize_long_edge(image, size)
    except UserError as error:
        raise UserError(f"--photos: {error}; give pictures") from error
    return photos


def _stylized(run: Run, photos: list[Image.Image], device: str) -> tuple[list[Image.Image], float]:
    """The photos in a run's style, and the median seconds of one."""
    from faststyle.rendering.stylizer import Stylizer

    stylize = Stylizer(run.checkpoint, device)
    stylize(photos[0])  # the first pass also fills caches
    results, times = [], []
    for photo in photos:
        began = time.perf_counter()
        results.append(stylize(photo))
        times.append(time.perf_counter() - began)
    return results, statistics.median(times)


if __name__ == "__main__":
    sys.exit(main())
