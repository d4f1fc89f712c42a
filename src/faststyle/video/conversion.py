"""From a decoded frame to upright RGB of the wanted size, by FFmpeg's filters."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from faststyle.video.clip import Color, Size
from faststyle.video.library import pyav

# Numbers of ITU-T H.273, as FFmpeg uses them.
UNKNOWN, BT709, BT601, BT2020 = 2, 1, (5, 6), (9, 10)
PQ, HLG = 16, 18  # transfer functions of HDR
FULL_RANGE = 2
# Chroma is interpolated like luma, and nothing is rounded twice.
FLAGS = "flags=lanczos+accurate_rnd+full_chroma_int+full_chroma_inp"


def color_of(frame: Any) -> Color:
    """How a frame's RGB is to be encoded again; wide gamut and HDR become BT.709.

    Where a file does not tell its matrix, the size decides, as players do: BT.601 up to 576 rows.
    """
    matrix = frame.colorspace
    if matrix not in (BT709, *BT601, *BT2020):
        small = frame.height <= 576 and frame.width < 1280
        matrix = 6 if small else BT709
    if is_wide(frame):
        return Color()
    return Color(matrix if matrix != 9 else BT709, frame.color_primaries, frame.color_trc)


def is_hdr(frame: Any) -> bool:
    """Whether a frame's levels mean more light than a plain screen shows."""
    return frame.color_trc in (PQ, HLG)


def is_wide(frame: Any) -> bool:
    """Whether a frame's colors must be brought into BT.709."""
    return is_hdr(frame) or frame.color_primaries == 9 or frame.colorspace in BT2020


def upright_size(frame: Any) -> Size:
    """Width and height once the frame is turned upright."""
    turned = frame.rotation % 180 == 90
    return (frame.height, frame.width) if turned else (frame.width, frame.height)


class ToRgb:
    """Converts frames of a stream to upright RGB of one size; frames may change their format.

    HDR is tone-mapped, and wide gamuts are mapped into BT.709, as perceived ("perceptual" of ICC).
    Of interlaced frames one field is taken, without the combs of two times in one picture.
    """

    def __init__(self, size: Size):
        self.size = size
        self._graph: Any = None
        self._made_for: tuple[object, ...] = ()

    def __call__(self, frame: Any) -> np.ndarray:
        """(H, W, 3) levels of RGB."""
        kind = (
            *(frame.width, frame.height, frame.format.name, frame.rotation, frame.interlaced_frame),
            *(frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries),
        )
        if kind != self._made_for:
            self._graph, self._made_for = self._build(frame), kind
        frame.pts, frame.time_base = 0, Fraction(1, 1000)  # times do not pass through the filters
        self._graph.vpush(frame)
        return self._graph.vpull().to_ndarray()

    def _build(self, frame: Any) -> Any:
        graph = pyav().filter.Graph()
        last = graph.add(
            "buffer",
            f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:"
            f"time_base=1/1000:colorspace={frame.colorspace}:range={frame.color_range}",
        )
        for name, arguments in (*self._filters(frame), ("buffersink", None)):
            following = graph.add(name, arguments)
            last.link_to(following)
            last = following
        graph.configure()
        return graph

    def _filters(self, frame: Any) -> list[tuple[str, str | None]]:
        turned = frame.rotation % 180 == 90
        width, height = reversed(self.size) if turned else self.size
        scale = f"{width}:{height}:{FLAGS}"
        if is_wide(frame):
            scale += ":out_primaries=bt709:out_transfer=bt709:out_color_matrix=bt709:out_range=full"
            scale += ":intent=perceptual"
        elif frame.format.name.startswith(("yuv", "nv", "p0")):
            matrix = color_of(frame).matrix
            scale += f":in_color_matrix={'bt709' if matrix == BT709 else 'bt601'}"
        filters: list[tuple[str, str | None]] = []
        if frame.interlaced_frame:
            filters.append(("field", "top"))
        filters += [("scale", scale), ("format", "rgb24")]
        if frame.rotation in (90, -90):
            filters.append(("transpose", "cclock" if frame.rotation == 90 else "clock"))
        elif abs(frame.rotation) == 180:
            filters += [("hflip", None), ("vflip", None)]
        return filters
