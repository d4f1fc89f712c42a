"""Stylized pictures with the colors of the photo."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from faststyle.errors import UserError
from faststyle.images.color import luminance
from faststyle.images.tensors import to_tensor
from faststyle.rendering.canvas import ImageCanvas, TensorCanvas
from faststyle.rendering.effects import keep_colors
from tests.support.pictures import noise_picture

pytestmark = pytest.mark.usefixtures("small_blocks")


def test_luminance_mode_keeps_the_photos_color_at_every_pixel() -> None:
    photo, painted = (to_tensor(noise_picture(i)) * 0.5 + 0.25 for i in range(2))
    canvas = TensorCanvas(painted.clone())
    keep_colors(canvas, TensorCanvas(photo), "luminance")
    torch.testing.assert_close(luminance(canvas.tensor), luminance(painted), atol=1e-5, rtol=0)
    assert (canvas.tensor - photo).diff(dim=1).abs().max() < 1e-5


def test_histogram_mode_takes_over_the_photos_range_of_colors() -> None:
    photo = to_tensor(noise_picture(0)) * torch.tensor([0.6, 0.3, 0.2]).view(3, 1, 1) + 0.2
    painted = to_tensor(noise_picture(1)) * torch.tensor([0.2, 0.3, 0.6]).view(3, 1, 1) + 0.2
    canvas = TensorCanvas(painted.clone())
    keep_colors(canvas, TensorCanvas(photo), "histogram")
    torch.testing.assert_close(luminance(canvas.tensor), luminance(painted), atol=1e-5, rtol=0)

    def chroma(picture):
        return (picture - luminance(picture)).mean((0, 2, 3))

    before = (chroma(painted) - chroma(photo)).norm()
    assert (chroma(canvas.tensor) - chroma(photo)).norm() < 0.1 * before


def test_an_unknown_color_mode_is_refused() -> None:
    picture = ImageCanvas(Image.new("RGB", (40, 30)))
    with pytest.raises(UserError, match=r"keep_color: 'luminence' .* did you mean 'luminance'"):
        keep_colors(picture, picture, "luminence")
