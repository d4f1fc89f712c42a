"""The command line of `faststyle-page`: styles as a web page in one file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from faststyle.checkpoints.catalog import SUFFIX as STYLE_SUFFIX
from faststyle.checkpoints.catalog import find_style
from faststyle.errors import UserError, exit_on_user_error
from faststyle.files.atomic import atomic_write, check_new_file
from faststyle.files.options import OptionParser, name, path
from faststyle.files.paths import BUNDLED_STYLES
from faststyle.malloc import tune_process

SUFFIX = ".html"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code, 0, or ends with 2 on a mistake of the user's."""
    with exit_on_user_error("page"):
        options = _parser().parse_args(arguments)
        tune_process()
        print(write_page(options))
    return 0


def _parser() -> OptionParser:
    parser = OptionParser(
        prog="faststyle-page",
        description="Write a web page in one file that stylizes photos in the browser: it holds "
        "the styles, needs no server and sends nothing anywhere.",
    )
    add = parser.add_argument
    add("--output", required=True, type=path, metavar=f"FILE{SUFFIX}", help="where to write it")
    add(
        "--ckpt",
        nargs="+",
        type=name,
        metavar="NAME",
        help="names of styles or their checkpoints, as for infer (default: those that ship)",
    )
    add("--force", action="store_true", help="overwrite an existing file")
    return parser


def write_page(options: argparse.Namespace) -> str:
    """Write the page, and return what to print about it.

    Raises:
        UserError: an option is wrong, a style cannot be read or its network is of a kind that the
            page does not paint, or the file cannot be written.
    """
    target: Path = options.output
    if target.suffix != SUFFIX:
        raise UserError(f"--output: {target} must end in {SUFFIX}")
    check_new_file(target, force=options.force)
    styles = [find_style(given) for given in options.ckpt] if options.ckpt else shipped_styles()

    from faststyle.page.build import build_page  # after the cheap checks: it imports torch

    page = build_page(styles).encode()
    with atomic_write(target) as partial:
        partial.write_bytes(page)
    count = f"{len(styles)} style{'s' if len(styles) > 1 else ''}"
    return (
        f"{target}\n{len(page) / 1e6:.1f} MB, {count}; open it in a browser: "
        f"{target.resolve().as_uri()}"
    )


def shipped_styles() -> list[Path]:
    """The checkpoints that ship with faststyle, sorted by name.

    Raises:
        UserError: this installation has none.
    """
    styles = sorted(BUNDLED_STYLES.glob(f"*{STYLE_SUFFIX}"))
    if not styles:
        raise UserError("no styles are bundled; name some: --ckpt NAME")
    return styles


if __name__ == "__main__":
    sys.exit(main())
