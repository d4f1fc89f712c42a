"""The 256 best colors of each frame, for GIF."""

from __future__ import annotations

from typing import Any

import numpy as np

from faststyle.video.clip import Size
from faststyle.video.library import pyav


class ToPalette:
    """Converts frames of one size to 256 colors, chosen anew for each, by FFmpeg's filters."""

    def __init__(self, size: Size):
        self.size = size

    def __call__(self, pixels: np.ndarray) -> Any:
        """A frame in the format pal8, from (H, W, 3) levels of RGB."""
        av = pyav()
        graph = av.filter.Graph()
        source = graph.add(
            "buffer", f"video_size={self.size[0]}x{self.size[1]}:pix_fmt=rgb24:time_base=1/1000"
        )
        split = graph.add("split")
        choose = graph.add("palettegen", "reserve_transparent=0")
        use = graph.add("paletteuse", "dither=sierra2_4a")
        sink = graph.add("buffersink")
        source.link_to(split)
        split.link_to(choose, 0, 0)
        split.link_to(use, 1, 0)
        choose.link_to(use, 0, 1)
        use.link_to(sink)
        graph.configure()
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")
        frame.pts = 0
        graph.vpush(frame)
        graph.vpush(None)
        return graph.vpull()
