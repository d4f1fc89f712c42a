"""What a result records of how it was made, so that a later run recognizes it.

The record stands in the picture itself, as the EXIF tag Software, or in the clip itself, as its
comment: it survives renaming and moving. It holds two digests and nothing else. Who has the photo,
the checkpoints and the options can compute them; nobody can compute these from the digests.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from faststyle.images.software import software_of
from faststyle.infer.mask_files import MaskFiles
from faststyle.video.records import comment_of

if TYPE_CHECKING:
    from faststyle.infer.tasks import Task

DIGITS = 32  # hexadecimal ones of a digest, 128 bits
PATTERN = re.compile(rf"faststyle photo=([0-9a-f]{{{DIGITS}}}) recipe=([0-9a-f]{{{DIGITS}}})")


@dataclass(frozen=True)
class Record:
    """Two results of one record are the same picture.

    Attributes:
        photo: digest of the photo's file.
        recipe: digest of photo, styles, masks and the options that change the result.
    """

    photo: str
    recipe: str

    def __str__(self) -> str:
        return f"faststyle photo={self.photo} recipe={self.recipe}"


def record_in(path: Path) -> Record | None:
    """The record of a result of ours, None for any other file."""
    found = PATTERN.fullmatch(comment_of(path) or software_of(path) or "")
    return Record(*found.groups()) if found else None


def file_digest(path: Path) -> str:
    """Digest of a file's bytes.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]


def joint_digest(paths: Iterable[Path]) -> str:
    """Digest of several files' bytes, in this order.

    Raises:
        OSError: one cannot be read.
    """
    joint = hashlib.sha256()
    for path in paths:
        joint.update(file_digest(path).encode())
    return joint.hexdigest()[:DIGITS]


class Recipe:
    """Styles, masks and options of a command line, and the records of what they make.

    Args:
        options: of `parse_options`, with `ckpt` as files.
    """

    def __init__(self, options: argparse.Namespace, masks: Sequence[MaskFiles]):
        self.masks = masks
        self._fixed = {
            "styles": [file_digest(Path(path)) for path in options.ckpt],
            "strength": options.strength,
            "stroke_scale": options.stroke_scale,
            "keep_color": options.keep_color,
            "grain": options.grain,
            "max_size": options.max_size,
            "scale": options.scale,
        }
        if masks:
            self._fixed |= {"invert_mask": options.invert_mask, "feather": options.feather}

        self._of_clips = {
            "video_codec": options.video_codec,
            "quality": options.quality,
            "steady": options.steady,
            **{key: str(getattr(options, key)) for key in ("start", "end", "fps")},
        }

    def record_of(self, task: Task) -> Record:
        """The record of a task's result.

        Raises:
            OSError: the photo or a mask cannot be read.
            UserError: there is no mask for the photo.
        """
        digest = task.digest()
        masks = [mask.digest_for(task.photo, file_digest) for mask in self.masks]
        fixed = self._fixed | (self._of_clips if task.clip else {})
        text = json.dumps({**fixed, "photo": digest, "masks": masks}, sort_keys=True)
        return Record(digest, hashlib.sha256(text.encode()).hexdigest()[:DIGITS])
