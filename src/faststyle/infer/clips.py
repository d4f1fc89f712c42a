"""Stylizes a clip: reads ahead, writes behind, and puts the result in place when it is whole.

It is to clips what `faststyle.infer.pipeline` and `Repainter` are to photos.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from faststyle.errors import UserError
from faststyle.files.atomic import publish, temporary_beside
from faststyle.infer.frames import FramePainter
from faststyle.infer.overlap import ReadAhead, WriteBehind
from faststyle.infer.pipeline import Finished
from faststyle.infer.records import Record
from faststyle.infer.repainter import Repainter, memory_errors, strip_width
from faststyle.infer.results import Results
from faststyle.infer.tasks import Task
from faststyle.video.clip import Clip, Frame, Span
from faststyle.video.copies import Copies
from faststyle.video.formats import ANIMATION_SUFFIXES, codec_for, container_of
from faststyle.video.reading import open_clip
from faststyle.video.records import sign_animation
from faststyle.video.writing import ClipWriter, Output

PART = "_part"  # ends the name of what is kept of a clip that was not finished

# Called with how many frames there are, where that is known; gives what is called at each frame.
Progress = Callable[[int | None], Callable[[], object]]


@dataclass
class Way:
    """How far a clip is.

    Attributes:
        frames: how many are on their way to the file.
        until: seconds of the clip that they cover.
    """

    frames: int = 0
    until: Fraction = Fraction(0)


class Interrupted(UserError):
    """Ctrl-C, once what is done is in a file."""

    exit_code = 130  # as the shell reports a program that Ctrl-C ended


def stylize_clip(
    task: Task, repainter: Repainter, results: Results, progress: Progress
) -> Finished:
    """Stylize a clip; what is wrong with it is in what is returned.

    Raises:
        Interrupted: Ctrl-C; the frames so far are in a file of their own.
    """
    try:
        return _stylize(task, repainter, results, progress)
    except Interrupted:
        raise
    except UserError as error:
        return Finished(task, error=error)


def _stylize(task: Task, repainter: Repainter, results: Results, progress: Progress) -> Finished:
    began = time.monotonic()
    span = span_of(repainter)
    with closing(open_clip(task.photo, span, task.pictures)) as clip, ExitStack() as stack:
        try:
            record = repainter.recipe.record_of(task)
        except OSError as error:
            raise UserError(f"cannot read {task.photo}: {error.strerror or error}") from error
        size = repainter.scaled_size(clip.size, task)
        repainter.check_strip(size, task)
        painter = FramePainter(repainter, task, size)
        file = stack.enter_context(temporary_beside(task.target))
        copies = stack.enter_context(_copies(task, span))
        width = strip_width(size[0], len(repainter.options.strength))
        writer = ClipWriter(
            file, _output(clip, task, repainter, (width, size[1]), record), copies, task.target
        )
        way = Way()
        try:
            _run(clip, painter, size, writer, way, progress, task)
        except KeyboardInterrupt:
            kept = _keep_part(task, results, record, file, way)
            raise Interrupted(f"interrupted; {kept}") from None
        except UserError as error:
            if not way.frames:
                raise
            kept = _keep_part(task, results, record, file, way)
            raise UserError(f"{error}; {kept}") from error
        path = _put_in_place(task, results, record, file)
        notes = [*clip.notes, *(copies.notes if copies else ())]
    seconds = time.monotonic() - began
    notes.append(
        f"{task.photo.name}: {way.frames} frames in {seconds:.0f} s, "
        f"{way.frames / seconds:.2f} frames/s"
    )
    return Finished(task, path, tuple(notes))


def span_of(repainter: Repainter) -> Span:
    """The part of clips that the options want."""
    options = repainter.options
    return Span(options.start or Fraction(0), options.end, options.fps)


def _output(
    clip: Clip, task: Task, repainter: Repainter, size: tuple[int, int], record: Record
) -> Output:
    options = repainter.options
    return Output.like(
        clip,
        container=container_of(task.target),
        codec=codec_for(task.target, options.video_codec, options.quality),
        quality=options.quality,
        size=size,
        record=str(record),
    )


@contextmanager
def _copies(task: Task, span: Span) -> Iterator[Copies | None]:
    """Sound and subtitles, where both files may have them."""
    suffixes = {task.photo.suffix.lower(), task.target.suffix.lower()}
    if task.pictures or suffixes & set(ANIMATION_SUFFIXES):
        yield None
        return
    with closing(Copies(task.photo, span)) as copies:
        yield copies


def _run(
    clip: Clip,
    painter: FramePainter,
    size: tuple[int, int],
    writer: ClipWriter,
    way: Way,
    progress: Progress,
    task: Task,
) -> None:
    """Every frame; the file is closed in the end, also where not all went well."""
    step = progress(clip.num_frames)
    reading: ReadAhead[Frame] = ReadAhead(clip.frames(size))
    writing: WriteBehind[Frame] = WriteBehind(writer.write)
    whole = False
    try:
        for frame in reading:
            with memory_errors(task.photo):
                pixels = painter(frame.pixels)
            writing.put(replace(frame, pixels=pixels))
            way.frames += 1
            way.until = (frame.pts + frame.duration) * clip.time_base
            step()
        whole = True
    finally:
        reading.close()
        try:
            writing.finish()
        finally:
            writer.close() if whole else writer.stop(way.until)
    if not way.frames:
        raise UserError(f"{task.photo}: no frames between --start and --end")


def _keep_part(task: Task, results: Results, record: Record, file: Path, way: Way) -> str:
    """Give the frames so far a name that no whole result has; returns what became of them."""
    if not way.frames:
        return "no frame was finished"
    target = task.target.with_name(f"{task.target.stem}{PART}{task.target.suffix}")
    part = replace(task, target=target, named=False)
    path = _put_in_place(part, results, record, file)
    return f"the first {way.frames} frames, {float(way.until):.2f} s, are in {path}"


def _put_in_place(task: Task, results: Results, record: Record, file: Path) -> Path:
    sign_animation(file, container_of(task.target), str(record))
    return results.save(task, record, lambda path, replace: publish(file, path, replace=replace))
