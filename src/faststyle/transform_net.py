"""The transform network of Johnson, Alahi and Fei-Fei 2016: one forward pass repaints a photo.

    9x9 conv -> two 3x3 convs of stride 2 -> residual blocks -> two upsamplings -> 9x9 conv
    channels:  width -> 2 width -> 4 width                -> 2 width -> width -> 3

Differences from the paper, each the default because it looks better: instance norm in place of
batch norm (Ulyanov et al. 2016), nearest upsampling then convolution in place of transposed
convolution (Odena et al. 2016: no checkerboard), reflection padding at every layer.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from faststyle.errors import check_choice
from faststyle.fast_conv import conv2d, upsample_conv2d

PaddingMode = Literal["reflect", "zeros"]
PADDINGS: dict[str, PaddingMode] = {"reflect": "reflect", "zero": "zeros"}
OUTPUTS = {
    "sigmoid": torch.sigmoid,
    # Johnson's 150 tanh around mid-grey, on our scale: reaches a little beyond [0, 1].
    "tanh": lambda x: 0.5 + 150 / 255 * torch.tanh(x),
    "linear": lambda x: 0.5 + x,
}
CENTRE = 0.5  # subtracted from the input
PERIOD = 4  # two convolutions of stride 2
SMALLEST = 8  # the residual blocks need 2 x 2 positions for reflection and instance norm


class InstanceNorm(nn.InstanceNorm2d):
    """Instance norm with scale and shift, its statistics in float32 whatever the precision."""

    def __init__(self, channels: int):
        super().__init__(channels, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        # One group a channel is instance norm; torch's group norm is 4 times as fast on a CPU.
        full = F.group_norm(x.float(), self.num_features, self.weight, self.bias, self.eps)
        return full.to(x.dtype)


NORMS = {"instance": InstanceNorm, "batch": nn.BatchNorm2d}
UPSAMPLES = ("nearest", "transposed")


class Conv(nn.Conv2d):
    """A convolution padded so that stride 1 keeps the size."""

    padding_mode: PaddingMode

    def __init__(
        self, channels_in: int, channels_out: int, size: int, stride: int, mode: PaddingMode
    ):
        super().__init__(
            channels_in, channels_out, size, stride, padding=size // 2, padding_mode=mode
        )

    def forward(self, x: Tensor) -> Tensor:
        assert self.bias is not None
        margin = self.kernel_size[0] // 2
        if self.padding_mode == "reflect":
            x, margin = F.pad(x, (margin,) * 4, mode="reflect"), 0
        return conv2d(x, self.weight, self.bias, self.stride[0], margin)


class UpsampleConv(Conv):
    """Nearest upsampling by two, then a 3x3 convolution."""

    def __init__(self, channels_in: int, channels_out: int, mode: PaddingMode):
        super().__init__(channels_in, channels_out, 3, 1, mode)

    def forward(self, x: Tensor) -> Tensor:
        assert self.bias is not None
        return upsample_conv2d(x, self.weight, self.bias, self.padding_mode)


class ResidualBlock(nn.Module):
    def __init__(self, channels: int, norm: type[nn.Module], mode: PaddingMode):
        super().__init__()
        self.conv1 = Conv(channels, channels, 3, 1, mode)
        self.norm1 = norm(channels)
        self.conv2 = Conv(channels, channels, 3, 1, mode)
        self.norm2 = norm(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        return x + self.norm2(self.conv2(y))


class TransformNet(nn.Module):
    """Repaints pictures.

    Args:
        width: channels of the first layer; 2 and 4 times as many follow. 32 in the paper.
        num_residual_blocks: 5 in the paper.
        norm: "instance" or "batch".
        padding: "reflect" or "zero", at every convolution.
        upsample: "nearest" (then a 3x3 convolution) or "transposed" (convolution of stride 1/2).
        output: "sigmoid", "tanh" (150 tanh of the paper's code; slightly beyond [0, 1]) or
            "linear" (unbounded; clamp it).

    Raises:
        UserError: an argument is not among those.
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
        norm_class = NORMS[check_choice("network.norm", norm, NORMS)]
        mode = PADDINGS[check_choice("network.padding", padding, PADDINGS)]
        check_choice("network.upsample", upsample, UPSAMPLES)
        self.output = OUTPUTS[check_choice("network.output", output, OUTPUTS)]

        def block(channels_in: int, channels_out: int, size: int, stride: int) -> nn.Sequential:
            conv = Conv(channels_in, channels_out, size, stride, mode)
            return nn.Sequential(conv, norm_class(channels_out), nn.ReLU(inplace=True))

        def up_block(channels_in: int, channels_out: int) -> nn.Sequential:
            if upsample == "nearest":
                conv = UpsampleConv(channels_in, channels_out, mode)
            else:
                conv = nn.ConvTranspose2d(
                    channels_in, channels_out, 3, stride=2, padding=1, output_padding=1
                )
            return nn.Sequential(conv, norm_class(channels_out), nn.ReLU(inplace=True))

        w = width
        self.encoder = nn.Sequential(
            block(3, w, 9, 1), block(w, 2 * w, 3, 2), block(2 * w, 4 * w, 3, 2)
        )
        self.residual = nn.Sequential(
            *(ResidualBlock(4 * w, norm_class, mode) for _ in range(num_residual_blocks))
        )
        self.decoder = nn.Sequential(
            up_block(4 * w, 2 * w), up_block(2 * w, w), Conv(w, 3, 9, 1, mode)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Pictures in [0, 1], shape (N, 3, H, W), any H and W; returns the same shape and range."""
        height, width = images.shape[-2:]
        pad_h, pad_w = (padding(side) for side in (height, width))
        x = F.pad(images - CENTRE, (0, pad_w, 0, pad_h), mode="replicate")
        x = self.decoder(self.residual(self.encoder(x)))
        return self.output(x[..., :height, :width].float())


def padding(side: int) -> int:
    """Pixels to add so that `side` is at least SMALLEST and a multiple of PERIOD."""
    return max(SMALLEST, -(-side // PERIOD) * PERIOD) - side
