"""Inference: a style checkpoint and a picture in, the stylized picture out."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any, overload

import torch
from PIL import Image
from torch import Tensor

from faststyle.checkpoints.catalog import find_style
from faststyle.checkpoints.style_checkpoint import StyleCheckpoint, read_checkpoint
from faststyle.devices import choose_device, memory_budget
from faststyle.errors import UserError, shown
from faststyle.images.read import from_pil
from faststyle.images.tensors import check_batch
from faststyle.networks.transform_net import TransformNet
from faststyle.rendering import effects
from faststyle.rendering.canvas import Canvas, ImageCanvas, TensorCanvas
from faststyle.rendering.forks import refuse_after_fork
from faststyle.rendering.forward import stylize_canvas
from faststyle.rendering.grain import GRAIN, GrainyPhoto, check_grain
from faststyle.rendering.interpolation import InterpolatedNetworks
from faststyle.rendering.limits import check_enlarged
from faststyle.rendering.strength import check_strength, photo_share

STROKE_SCALES = (0.25, 4.0)


class Stylizer:
    """Stylizes pictures in one style; `metadata` describes it and how it was made.

    Threads may share one: no call changes what another reads. Processes that are forked after it
    was made may not, unless torch has one thread: see `refuse_after_fork`.

    Args:
        checkpoint: what `read_checkpoint` gives.
        device: "cpu", "cuda", "mps", or "auto" for the best one here.
        max_memory: bytes the process may take (on a GPU: bytes of its memory); larger pictures
            are stylized in strips, exactly. None: half of the machine's.
    """

    def __init__(
        self, checkpoint: StyleCheckpoint, device: str = "auto", max_memory: float | None = None
    ):
        refuse_after_fork()
        self.metadata: dict[str, Any] = checkpoint.metadata
        self.device = choose_device(device)
        # A whole number of any length may be given; floats end earlier.
        self.max_memory = None if max_memory is None else min(max_memory, sys.maxsize)
        self.has_photo_end = checkpoint.photo_end is not None
        self._networks = InterpolatedNetworks(checkpoint, self.device)

    @overload
    def __call__(
        self,
        image: Tensor,
        strength: float = ...,
        *,
        stroke_scale: float = ...,
        keep_color: str | None = ...,
        grain: float = ...,
    ) -> Tensor: ...
    @overload
    def __call__(
        self,
        image: Image.Image,
        strength: float = ...,
        *,
        stroke_scale: float = ...,
        keep_color: str | None = ...,
        grain: float = ...,
    ) -> Image.Image: ...

    @torch.inference_mode()
    def __call__(
        self,
        image: Any,  # of another type: a UserError
        strength: float = 1.0,
        *,
        stroke_scale: float = 1.0,
        keep_color: str | None = None,
        grain: float = GRAIN,
    ) -> Tensor | Image.Image:
        """Stylize a picture; the result has the same kind, size and device.

        Args:
            image: a PIL image of any mode, or a batch (N, 3, H, W) of floats in [0, 1], of which
                each picture comes out as it would alone. A PIL image comes out upright, in sRGB,
                and with its transparency, if it has any: RGB or RGBA. Its EXIF orientation and
                its embedded profile count.
            strength: 0 the photo, 1 as trained, 2 the style applied twice, in twice the time.
            stroke_scale: 2 makes strokes twice as large, 0.5 half as large (and takes 4 times as
                long); the photo's fine detail stays.
            keep_color: "luminance" or "histogram" for the photo's colors: see `keep_colors`.
            grain: standard deviation, in levels of 255, of the noise that gives strokes to areas
                without any texture (paper, drawn gradients); 0: none. The same picture gets the
                same noise each time.

        Raises:
            UserError: a value out of its range, neither a PIL image nor such a batch, or
                `stroke_scale` below 1 on a picture so large that it does not fit into memory.
        """
        check_strength(strength)
        check_stroke_scale(stroke_scale)
        check_grain(grain)

        def stylized(photo: Canvas) -> Canvas:
            return self._stylize(photo, strength, stroke_scale, keep_color, grain)

        if isinstance(image, Image.Image):
            photo = from_pil(image)
            for note in photo.notes:
                warnings.warn(note, stacklevel=3)
            canvas = stylized(ImageCanvas(photo.image))
            assert isinstance(canvas, ImageCanvas)
            if photo.alpha is not None:
                canvas.image.putalpha(photo.alpha)
            return canvas.image
        check_batch(image)
        outputs: list[Tensor] = []
        for index in range(len(image)):
            canvas = stylized(TensorCanvas(image[index : index + 1].float()))
            assert isinstance(canvas, TensorCanvas)
            outputs.append(canvas.tensor)
        return torch.cat(outputs).to(image.dtype)

    def _stylize(
        self,
        photo: Canvas,
        strength: float,
        stroke_scale: float,
        keep_color: str | None,
        grain: float,
    ) -> Canvas:
        refuse_after_fork()
        if stroke_scale == 1:
            stylized = self._forward(photo, strength, grain)
        else:
            stylized = self._stylize_scaled(photo, strength, stroke_scale, grain)
        if keep_color is not None:
            effects.keep_colors(stylized, photo, keep_color)
        share = photo_share(strength, self.has_photo_end)
        if share:
            effects.mix(stylized, photo, share)
        return stylized

    def _forward(self, photo: Canvas, strength: float, grain: float) -> Canvas:
        net = self._networks.at(min(strength, 1.0))
        grain *= min(strength, 1.0)
        stylized = photo.blank()
        grainy = GrainyPhoto(photo, grain) if grain else photo
        stylize_canvas(net, grainy, stylized, self.memory_limit())
        if strength > 1:
            again = photo.blank()
            stylize_canvas(net, stylized, again, self.memory_limit())
            effects.mix(stylized, again, strength - 1)
        return stylized

    def _stylize_scaled(
        self, photo: Canvas, strength: float, stroke_scale: float, grain: float
    ) -> Canvas:
        check_enlarged(
            f"stroke_scale: {stroke_scale:g} stylizes",
            (photo.width, photo.height),
            (photo.width / stroke_scale, photo.height / stroke_scale),
            self.memory_limit(),
            "give more, or a smaller picture",
        )
        small = photo.resized(
            *(max(1, round(x / stroke_scale)) for x in (photo.height, photo.width))
        )
        stylized = self._forward(small, strength, grain).resized(photo.height, photo.width)
        if stroke_scale > 1:
            effects.add_detail(stylized, photo, small.resized(photo.height, photo.width))
        return stylized

    @property
    def net(self) -> TransformNet:
        """The network as trained; shared by all calls: do not change it."""
        return self._networks.at(1.0)

    def memory_limit(self) -> float:
        """Bytes that the process may take for a picture."""
        return memory_budget(self.device) if self.max_memory is None else self.max_memory


def load_style(path: str | Path, device: str = "auto", max_memory: float | None = None) -> Stylizer:
    """A Stylizer from a style checkpoint (.safetensors), a training checkpoint (.ckpt), or the name
    of a style that ships or is in ./checkpoints: load_style("starry_night").

    Raises:
        UserError: no such style, or a file that is damaged or of another kind.
        RuntimeError: this process was forked from one that had used torch's threads.
    """
    refuse_after_fork()
    return Stylizer(read_checkpoint(find_style(path)), device, max_memory)


def check_stroke_scale(scale: float) -> float:
    """`scale` itself.

    Raises:
        UserError: it is not in STROKE_SCALES.
    """
    low, high = STROKE_SCALES
    if not low <= scale <= high:
        raise UserError(f"stroke_scale: {shown(scale)} is not between {low:g} and {high:g}")
    return scale
