"""`python -m infer`: repaint photos with a style checkpoint."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from faststyle.checkpoints.catalog import RESULTS, find_style, result_name, style_list
from faststyle.errors import UserError, exit_on_user_error
from faststyle.infer.options import parse_options
from faststyle.malloc import keep_freed_memory

if TYPE_CHECKING:
    from faststyle.infer.repainter import Repainter
    from faststyle.infer.tasks import Task


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 1 if some pictures failed, 2 on bad usage."""
    with exit_on_user_error("infer"):
        options = parse_options(arguments)
        if options.list:
            print(style_list())
            return 0
        options.ckpt = [find_style(given) for given in options.ckpt]
        if options.output is None:
            options.output = RESULTS / result_name(options.ckpt)
        keep_freed_memory()
        return _describe(options) if options.describe else _stylize(options)
    raise AssertionError("unreachable")


def _describe(options: argparse.Namespace) -> int:
    from faststyle.checkpoints.catalog import describe
    from faststyle.checkpoints.style_checkpoint import read_checkpoint

    for path in options.ckpt:
        print(describe(read_checkpoint(path).metadata))
    return 0


def _stylize(options: argparse.Namespace) -> int:
    from faststyle.infer.tasks import plan_tasks

    tasks = []
    if not options.watch:
        plan = plan_tasks(options.inputs, options.output, recursive=options.recursive)
        tasks = plan.tasks
        for line in plan.left_out:
            print(f"infer: {line}", file=sys.stderr)

    # After the cheap checks: this imports torch.
    from faststyle.infer.repainter import Repainter

    repainter = Repainter(options)
    if options.watch:
        return _watch(options, repainter)
    if options.skip_existing:
        tasks, all_tasks = [task for task in tasks if not task.target.exists()], tasks
        if len(tasks) < len(all_tasks):
            print(f"{len(all_tasks) - len(tasks)} of {len(all_tasks)} are there already")
    failed = _run(repainter, tasks)
    return 1 if failed else 0


def _run(repainter: Repainter, tasks: list[Task]) -> int:
    """Paint them all, saying of each what became of it; returns how many failed."""
    from tqdm import tqdm

    from faststyle.infer.pipeline import stylize_all
    from faststyle.infer.repainter import notices

    failed = 0
    with (
        notices(lambda line: tqdm.write(f"infer: {line}", file=sys.stderr)),
        tqdm(total=len(tasks), unit="photo", disable=None) as bar,
    ):
        for task, painting, error in stylize_all(
            tasks, repainter.read, repainter.paint, repainter.write
        ):
            bar.update()
            if painting is not None:
                for note in painting.notes:
                    tqdm.write(f"infer: {note}", file=sys.stderr)
                tqdm.write(str(task.target))
            elif len(tasks) == 1 and error is not None:
                raise error
            else:
                failed += 1
                tqdm.write(f"infer: {error}; skipped", file=sys.stderr)
    if failed:
        print(f"infer: {failed} of {len(tasks)} photos failed", file=sys.stderr)
    return failed


def _watch(options: argparse.Namespace, repainter: Repainter) -> int:
    from faststyle.infer.watch import arrivals

    print(f"watching {options.watch}, results go to {options.output}; Ctrl-C ends it")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):  # the way to end it
        for tasks in arrivals(options.watch, options.output):
            try:
                _run(repainter, tasks)
            except UserError as error:  # raised for a single bad photo; the next may be good
                print(f"infer: {error}; skipped", file=sys.stderr)
    return 0
