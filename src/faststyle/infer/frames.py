"""What the command line asks of each frame of a clip."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from faststyle.errors import UserError
from faststyle.images.tensors import to_image
from faststyle.infer.repainter import Repainter, side_by_side
from faststyle.infer.tasks import Task
from faststyle.rendering.canvas import TensorCanvas
from faststyle.rendering.masks import fit_mask, mix_layers
from faststyle.video.formats import DEFAULT_STEADY
from faststyle.video.steady import Steady


class FramePainter:
    """Stylizes the frames of one clip, in their order.

    Args:
        repainter: styles and options.
        task: the clip, whose masks are taken.
        size: width and height of its frames.

    Raises:
        UserError: there is no mask for the clip, or it cannot be read; or grain was asked for.
    """

    def __init__(
        self,
        repainter: Repainter,
        task: Task,
        size: tuple[int, int],
    ):
        self.repainter = repainter
        options = repainter.options
        self.steady = Steady(DEFAULT_STEADY if options.steady is None else options.steady)
        if options.grain:
            raise UserError(
                f"{task.photo}: --grain is for photos, clips would flicker; leave it out"
            )
        self.masks: list[Image.Image] = [
            fit_mask(mask.of_clip(task.photo), size, options.invert_mask, options.feather / 100)
            for mask in repainter.masks
        ]
        self._last: tuple[np.ndarray, np.ndarray] | None = None

    def __call__(self, pixels: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w2 3"]:
        """The stylized frame; of several strengths, all side by side.

        A frame that equals the one before gets the same result, at no cost.
        """
        if self._last is not None and np.array_equal(self._last[0], pixels):
            return self._last[1]
        levels = torch.from_numpy(np.array(pixels)).to(self.repainter.styles[0].device)
        frame = levels.permute(2, 0, 1).unsqueeze(0).float() / 255
        with torch.inference_mode():
            frame = self.steady(frame)
            strip = [to_image(self._stylize(frame, s)) for s in self.repainter.options.strength]
        stylized = np.asarray(side_by_side(strip))
        self._last = pixels, stylized
        return stylized

    def _stylize(self, frame: Float[Tensor, "1 3 h w"], strength: float) -> Tensor:
        options = self.repainter.options
        stylized = [
            style(
                frame,
                strength,
                stroke_scale=options.stroke_scale,
                keep_color=options.keep_color,
                grain=0,
            )
            for style in self.repainter.styles
        ]
        if not self.masks:
            return stylized[0]
        mixed = mix_layers(TensorCanvas(frame), [TensorCanvas(s) for s in stylized], self.masks)
        assert isinstance(mixed, TensorCanvas)
        return mixed.tensor
