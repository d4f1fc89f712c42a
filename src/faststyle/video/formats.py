"""Which files are clips, and how each kind is written. Needs neither PyAV nor torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from faststyle.errors import UserError, check_choice
from faststyle.images.formats import SAVE_OPTIONS
from faststyle.images.opening import open_photo

CLIP_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts"),
    *(".wmv", ".flv", ".3gp", ".ogv"),
)
# Also the suffixes of pictures: the file itself shows whether it is an animation.
ANIMATION_SUFFIXES = (".gif", ".webp")
DEFAULT_SUFFIX = ".mp4"
DEFAULT_QUALITY = 80.0
DEFAULT_STEADY = 0.95  # of steady.py, which needs torch


@dataclass(frozen=True)
class Codec:
    """How frames are encoded.

    Attributes:
        encoder: FFmpeg's name of it.
        pixels: FFmpeg's name of the pixel format.
        quality: the option of the encoder, and its values at qualities 0 and 100; None: it has
            one quality only.
        even: whether both sides must be even numbers of pixels.
        options: further options of the encoder.
    """

    encoder: str
    pixels: str = "yuv420p"
    quality: tuple[str, float, float] | None = ("crf", 46, 11)
    even: bool = True
    options: Mapping[str, str] = field(default_factory=dict)

    def encoder_options(self, quality: float) -> dict[str, str]:
        """Options of the encoder for a quality in [0, 100]."""
        options = dict(self.options)
        if self.quality is not None:
            name, low, high = self.quality
            options[name] = str(round(low + (high - low) * quality / 100))
        return options


CODECS = {
    "h264": Codec("libx264"),
    "hevc": Codec("libx265", options={"x265-params": "log-level=none"}),
    "vp9": Codec("libvpx-vp9", even=False, quality=("crf", 56, 16), options={"row-mt": "1"}),
    "av1": Codec("libsvtav1", quality=("crf", 60, 16), options={"svtav1-params": "enable-stat=0"}),
    "prores": Codec("prores_ks", "yuv422p10le", None),
    "ffv1": Codec("ffv1", "bgr0", None, even=False),
    "gif": Codec("gif", "pal8", None, even=False),
    "webp": Codec("libwebp_anim", "bgra", ("quality", 0, 100), even=False),
}
# Of each suffix: FFmpeg's name of the container, and its codecs; the first is the default.
CONTAINERS = {
    ".mp4": ("mp4", ("h264", "hevc", "av1")),
    ".m4v": ("mp4", ("h264", "hevc", "av1")),
    ".mov": ("mov", ("h264", "hevc", "prores")),
    ".mkv": ("matroska", ("h264", "hevc", "vp9", "av1", "prores", "ffv1")),
    ".webm": ("webm", ("vp9", "av1")),
    ".gif": ("gif", ("gif",)),
    ".webp": ("webp", ("webp",)),
}
NAMED_CODECS = tuple(name for name in CODECS if name not in ("gif", "webp"))


def container_of(path: Path) -> str:
    """FFmpeg's name of the container that the suffix asks for.

    Raises:
        UserError: clips are not written under this suffix.
    """
    check_clip_suffix(path)
    return CONTAINERS[path.suffix.lower()][0]


def check_clip_suffix(path: Path) -> None:
    """Check that a clip can be written under this name.

    Raises:
        UserError: its suffix is not in CONTAINERS.
    """
    if path.suffix.lower() not in CONTAINERS:
        raise UserError(
            f"cannot write {path}: clips are written as {', '.join(CONTAINERS)}, "
            f"not {path.suffix or 'without a suffix'}"
        )


def codec_for(path: Path, name: str | None, quality: float | None) -> Codec:
    """The codec for a file of this suffix; its default if `name` is None.

    Raises:
        UserError: the container does not hold that codec, or the codec has one quality only.
    """
    check_clip_suffix(path)
    allowed = CONTAINERS[path.suffix.lower()][1]
    chosen = allowed[0] if name is None else name
    if chosen not in allowed:
        raise UserError(
            f"--video-codec {chosen}: {path.suffix} holds {', '.join(allowed)}; "
            "give --output another suffix, or another codec"
        )
    if quality is not None and CODECS[chosen].quality is None:
        raise UserError(f"--quality: {chosen} has one quality only; leave it out for {path}")
    return CODECS[chosen]


def check_codec_name(name: str) -> str:
    """`name` itself.

    Raises:
        UserError: it is not one of NAMED_CODECS.
    """
    return check_choice("--video-codec", name, NAMED_CODECS)


def is_clip(path: Path) -> bool:
    """Whether a file is a clip: by its suffix; of GIF and WebP, those with several frames."""
    suffix = path.suffix.lower()
    return suffix in CLIP_SUFFIXES or (suffix in ANIMATION_SUFFIXES and is_animation(path))


def is_animation(path: Path) -> bool:
    """Whether a picture file has several frames that are shown one after the other."""
    if not os.path.isfile(path):
        return False
    try:
        with open_photo(path) as image:
            return bool(getattr(image, "is_animated", False))
    except UserError:  # reading it will give the reason
        return False


def clip_suffix(path: Path) -> str:
    """The suffix of a clip's result: its own, or that of MP4 where clips are not written so."""
    suffix = path.suffix.lower()
    return suffix if suffix in CONTAINERS else DEFAULT_SUFFIX


def is_clip_name(path: Path) -> bool:
    """Whether a name can only be that of a clip."""
    return path.suffix.lower() in CONTAINERS and path.suffix.lower() not in SAVE_OPTIONS
