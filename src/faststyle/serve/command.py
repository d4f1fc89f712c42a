"""The command line of `faststyle-serve`: painting for a browser or a program on this computer."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING

from faststyle.errors import exit_on_user_error
from faststyle.files import options as values
from faststyle.malloc import tune_process
from faststyle.serve.limits import MAX_PIXELS, Limits

if TYPE_CHECKING:
    from faststyle.serve.server import Server

PORTS = 65535


def main(arguments: list[str] | None = None) -> int:
    """Run the command line until Ctrl-C; returns the exit code, 0, or ends with 2 on a mistake."""
    with exit_on_user_error("serve"):
        options = _parser().parse_args(arguments)
        tune_process()
        serve(options)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = values.OptionParser(
        prog="faststyle-serve",
        description="Paint photos for a browser or a program on this computer, one at a time.",
    )
    add = parser.add_argument
    add(
        "--port",
        type=_port,
        default=8000,
        metavar="N",
        help="where to listen (default: %(default)s; 0: any that is free)",
    )
    add(
        "--ckpt",
        type=values.name,
        nargs="+",
        default=[],
        metavar="STYLE",
        help="names or checkpoints of styles, as for infer (default: all that infer --list has)",
    )
    add(
        "--max-pixels",
        type=values.pixels,
        default=MAX_PIXELS,
        metavar="N",
        help="larger pictures are refused (default: %(default)s)",
    )
    add("--device", default="auto", help="auto, cpu, cuda, ... (default: auto)")
    return parser


def _port(text: str) -> int:
    port = 0 if text and not text.strip("0") else values.count(text)
    if port > PORTS:
        raise argparse.ArgumentTypeError(f"{values.shown(text)} is more than {PORTS}")
    return port


def serve(options: argparse.Namespace) -> None:
    """Listen, load the styles, say where the page is, and answer until Ctrl-C.

    Raises:
        UserError: the port cannot be had, or a style is not good.
    """
    # After the parsing of options: these import torch.
    from faststyle.serve.front import front_page
    from faststyle.serve.server import Server
    from faststyle.serve.styles import load_styles

    with Server(options.port, Limits(max_pixels=options.max_pixels)) as server:
        styles = load_styles(options.ckpt, options.device, _complain)
        server.open(styles, front_page(styles, _complain), _show)
        with warnings.catch_warnings():
            # Of broken metadata in pictures, in several lines.
            warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
            _show(f"{server.url} paints in {_counted(len(styles))}; Ctrl-C stops it")
            with suppress(KeyboardInterrupt):
                server.serve_forever()
            _stop(server)


def _stop(server: Server) -> None:
    busy = "; the picture at hand is finished, Ctrl-C again ends at once"
    _complain(f"stopped{busy if server.line.taken else ''}")
    try:
        server.server_close()
    except KeyboardInterrupt:
        os._exit(130)  # python itself would wait for the thread that paints


def _complain(line: str) -> None:
    print(f"serve: {line}", file=sys.stderr)


def _show(line: str) -> None:
    print(line, flush=True)


def _counted(styles: int) -> str:
    return "1 style" if styles == 1 else f"{styles} styles"
