"""The transform network of Johnson, Alahi and Fei-Fei 2016: one forward pass stylizes a photo.

    9x9 conv -> two 3x3 convs of stride 2 -> residual blocks -> two upsamplings -> 9x9 conv
    channels:  width -> 2 width -> 4 width                -> 2 width -> width -> 3

The defaults differ from the paper where that looks better: instance norm instead of batch norm
(Ulyanov et al. 2016), nearest upsampling and a convolution instead of a transposed convolution
(Odena et al. 2016: no checkerboard), reflection padding at every layer.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from faststyle.errors import UserError, check_choice, shown
from faststyle.networks.layers import (
    PADDINGS,
    Conv,
    InstanceNorm,
    ResidualBlock,
    TransposedConv,
    UpsampleConv,
)


def _scaled_tanh(x: Tensor) -> Tensor:
    """150 tanh around mid-gray, as in Johnson's code, divided by 255: slightly beyond [0, 1]."""
    return 0.5 + 150 / 255 * torch.tanh(x)


def _linear(x: Tensor) -> Tensor:
    return 0.5 + x


OUTPUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": _scaled_tanh,
    "normed_tanh": _scaled_tanh,  # the last convolution has a norm too
    "linear": _linear,
}
CENTER = 0.5  # subtracted from the input, except with "same", where zeros are black
PERIOD = 4  # two convolutions of stride 2
SMALLEST = 8  # pixels; reflection and instance norm in residual blocks need 2 x 2 positions
NORMS = {"instance": InstanceNorm, "batch": nn.BatchNorm2d}
WIDEST, MOST_BLOCKS = 1024, 1000  # more fits into no machine
UPSAMPLES = ("nearest", "transposed")


class TransformNet(nn.Module):
    """Stylize pictures of any size.

    Johnson et al. 2016, section 3 and table 1 of their supplementary material.

    Args:
        width: channels of the first layer, at least 1; the next two have 2 and 4 times as many.
            32 in the paper.
        num_residual_blocks: at least 0; 5 in the paper.
        norm: "instance" or "batch".
        padding: at every convolution: "reflect", "zero", or "same" (zeros as TensorFlow places
            them; they are black around the picture).
        upsample: "nearest" (and a 3x3 convolution) or "transposed" (a convolution of stride 1/2).
        output: "sigmoid", "tanh" (150 tanh as in the paper's code, slightly beyond [0, 1]),
            "normed_tanh" (the same after a norm) or "linear" (unbounded: clamp it).

    Raises:
        UserError: a name is not one of these.
    """

    def __init__(
        self,
        *,
        width: int,
        num_residual_blocks: int,
        norm: str,
        padding: str,
        upsample: str,
        output: str,
    ):
        super().__init__()
        for name, number, low, high in (
            ("width", width, 1, WIDEST),
            ("num_residual_blocks", num_residual_blocks, 0, MOST_BLOCKS),
        ):
            if not low <= number <= high:
                limits = f"must be between {low} and {high}"
                raise UserError(f"network.{name}: {limits}, got {shown(number)}")
        norm_class = NORMS[check_choice("network.norm", norm, NORMS)]
        check_choice("network.padding", padding, PADDINGS)
        check_choice("network.upsample", upsample, UPSAMPLES)
        self.output = OUTPUTS[check_choice("network.output", output, OUTPUTS)]
        self.center = 0.0 if padding == "same" else CENTER

        def block(channels_in: int, channels_out: int, size: int, stride: int) -> nn.Sequential:
            conv = Conv(channels_in, channels_out, size, stride, padding)
            return nn.Sequential(conv, norm_class(channels_out), nn.ReLU(inplace=True))

        def up_block(channels_in: int, channels_out: int) -> nn.Sequential:
            kind = UpsampleConv if upsample == "nearest" else TransposedConv
            conv = kind(channels_in, channels_out, padding)
            return nn.Sequential(conv, norm_class(channels_out), nn.ReLU(inplace=True))

        w = width
        self.encoder = nn.Sequential(
            block(3, w, 9, 1), block(w, 2 * w, 3, 2), block(2 * w, 4 * w, 3, 2)
        )
        self.residual = nn.Sequential(
            *(ResidualBlock(4 * w, norm_class, padding) for _ in range(num_residual_blocks))
        )
        self.decoder = nn.Sequential(
            up_block(4 * w, 2 * w), up_block(2 * w, w), Conv(w, 3, 9, 1, padding)
        )
        if output == "normed_tanh":
            self.decoder[2] = nn.Sequential(self.decoder[2], norm_class(3))

    def forward(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 h w"]:
        """Stylize pictures (N, 3, H, W) in [0, 1] of any H and W from 1.

        Returns:
            Float32 pictures of the same shape, in [0, 1] for "sigmoid"; see `output`.
        """
        height, width = images.shape[-2:]
        pad_h, pad_w = (padding(side) for side in (height, width))
        x = F.pad(images - self.center, (0, pad_w, 0, pad_h), mode="replicate")
        x = self.decoder(self.residual(self.encoder(x)))
        return self.output(x[..., :height, :width].float())


def padding(side: int) -> int:
    """The pixels to add to `side` for a multiple of PERIOD that is at least SMALLEST."""
    return max(SMALLEST, -(-side // PERIOD) * PERIOD) - side
