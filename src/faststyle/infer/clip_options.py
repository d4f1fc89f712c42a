"""What of a command line does not go together with the clips that it names."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from faststyle.errors import UserError
from faststyle.infer.tasks import Task
from faststyle.video.formats import codec_for
from faststyle.video.library import MISSING, is_installed

OF_CLIPS = ("video_codec", "quality", "start", "end", "fps", "steady")


def check_clips(
    tasks: Iterable[Task], options: argparse.Namespace, *, arriving: bool = False
) -> None:
    """Check, before anything expensive, what the options ask of clips.

    Args:
        arriving: more tasks will come, so that options of clips are right without one.

    Raises:
        UserError: PyAV is missing, an option is given that no task can use, or a result's
            container does not hold the codec.
    """
    clips = [task for task in tasks if task.clip]
    given = [name for name in OF_CLIPS if getattr(options, name) is not None]
    if given and not clips and not arriving:
        option = given[0].replace("_", "-")
        raise UserError(f"--{option} is for clips, and no clip is given; leave it out")
    if clips and not is_installed():
        raise UserError(f"{clips[0].photo}: {MISSING}")
    for task in clips:
        codec_for(task.target, options.video_codec, options.quality)
        if "alpha" in options.mask:
            raise UserError(
                f"--mask alpha: {task.photo} has no alpha channel; give a picture file as the mask"
            )
