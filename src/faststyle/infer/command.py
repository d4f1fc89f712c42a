"""The command line of `python -m infer`: stylize photos and clips with a style checkpoint."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from faststyle.checkpoints.catalog import RESULTS, find_style, result_name, style_list
from faststyle.errors import UserError, exit_on_user_error, visible
from faststyle.infer.options import parse_options
from faststyle.malloc import tune_process

if TYPE_CHECKING:
    from faststyle.infer.pipeline import Finished
    from faststyle.infer.repainter import Repainter
    from faststyle.infer.results import Results
    from faststyle.infer.tasks import Task


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 1 if some pictures failed, 2 on bad usage."""
    with exit_on_user_error("infer"):
        options = parse_options(arguments)
        if options.list:
            print(style_list())
            return 0
        options.ckpt = [find_style(given) for given in options.ckpt]
        if options.output is None and options.camera is None:
            options.output = RESULTS / result_name(options.ckpt)
        tune_process()
        if options.describe:
            return _describe(options)
        return _stylize(options) if options.camera is None else _live(options)
    raise AssertionError("unreachable")


def _describe(options: argparse.Namespace) -> int:
    from faststyle.checkpoints.catalog import describe
    from faststyle.checkpoints.style_checkpoint import read_checkpoint

    for path in options.ckpt:
        print(describe(read_checkpoint(path).metadata))
    return 0


def _stylize(options: argparse.Namespace) -> int:
    from faststyle.infer.clip_options import check_clips
    from faststyle.infer.results import Results
    from faststyle.infer.tasks import plan_tasks

    tasks = []
    results = Results([], overwrite=options.overwrite)
    if not options.watch:
        plan = plan_tasks(options.inputs, options.output, recursive=options.recursive)
        for line in plan.left_out:
            print(f"infer: {line}", file=sys.stderr)
        tasks = plan.tasks
        check_clips(tasks, options)
        files = (file for task in tasks for file in task.files)
        results = Results(files, overwrite=options.overwrite)
        for task in tasks:
            results.check_named(task)

    # After the cheap checks: this imports torch.
    from faststyle.infer.repainter import Repainter

    repainter = Repainter(options)
    for mask in repainter.masks:
        mask.check_one_each(task.photo for task in tasks)
    if options.watch:
        return _watch(options, repainter)
    if options.skip_existing:
        num_tasks = len(tasks)
        tasks = _missing(tasks, results, repainter)
        if len(tasks) < num_tasks:
            print(f"{num_tasks - len(tasks)} of {num_tasks} are there already")
    return 1 if _run(repainter, tasks, results) else 0


def _missing(tasks: list[Task], results: Results, repainter: Repainter) -> list[Task]:
    """The tasks whose results are not there yet."""
    return [task for task in tasks if results.existing(task, repainter.recipe.record_of) is None]


def _run(repainter: Repainter, tasks: list[Task], results: Results) -> int:
    """Stylize them all and print what became of each; returns how many failed."""
    from tqdm import tqdm

    from faststyle.infer.notices import notices

    failed = 0
    with (
        notices(lambda line: tqdm.write(f"infer: {line}", file=sys.stderr)),
        tqdm(total=len(tasks), unit="photo", disable=True if _one_clip(tasks) else None) as bar,
    ):
        for finished in _all(repainter, tasks, results):
            bar.update()
            if finished.error is None:
                for note in finished.notes:
                    tqdm.write(f"infer: {note}", file=sys.stderr)
                tqdm.write(str(finished.path))
            elif len(tasks) == 1:
                raise finished.error
            else:
                failed += 1
                tqdm.write(f"infer: {visible(str(finished.error))}; skipped", file=sys.stderr)
    if failed:
        print(f"infer: {failed} of {len(tasks)} photos failed", file=sys.stderr)
    return failed


def _one_clip(tasks: list[Task]) -> bool:
    return len(tasks) == 1 and tasks[0].clip


def _all(repainter: Repainter, tasks: list[Task], results: Results) -> Iterator[Finished]:
    """Every task in order: photos overlap each other, each clip's frames overlap by themselves."""
    from faststyle.infer.pipeline import stylize_all

    write = partial(repainter.write, results=results)
    for clips, group in groupby(tasks, key=lambda task: task.clip):
        if not clips:
            yield from stylize_all(group, repainter.read, repainter.stylize, write)
            continue
        from faststyle.infer.clips import stylize_clip

        for task in group:
            with _frame_bar(task) as progress:
                finished = stylize_clip(task, repainter, results, progress)
            yield finished


@contextmanager
def _frame_bar(task: Task) -> Iterator[Callable[[int | None], Callable[[], object]]]:
    """A bar of frames, with frames a second and the time that is left."""
    from tqdm import tqdm

    bars: list[tqdm] = []

    def begin(total: int | None) -> Callable[[], object]:
        bars.append(
            tqdm(total=total, unit="frame", desc=task.photo.name, leave=False, disable=None)
        )
        return bars[0].update

    try:
        yield begin
    finally:
        for bar in bars:
            bar.close()


def _live(options: argparse.Namespace) -> int:
    from faststyle.infer.live import stylize_camera
    from faststyle.infer.repainter import Repainter

    return stylize_camera(Repainter(options))


def _watch(options: argparse.Namespace, repainter: Repainter) -> int:
    from faststyle.infer.clip_options import check_clips
    from faststyle.infer.results import Results
    from faststyle.infer.watch import arrivals

    print(f"watching {options.watch}, results go to {options.output}; Ctrl-C ends it")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):  # the way to end it
        for tasks in arrivals(options.watch, options.output):
            results = Results((task.photo for task in tasks), overwrite=options.overwrite)
            try:
                check_clips(tasks, options, arriving=True)
                if missing := _missing(tasks, results, repainter):
                    _run(repainter, missing, results)
            except UserError as error:  # raised for a single bad photo; the next may be good
                print(f"infer: {visible(str(error))}; skipped", file=sys.stderr)
    return 0
