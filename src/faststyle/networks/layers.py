"""Layers of the transform network: padded convolutions, instance norm, residual block."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from faststyle.networks.fast_conv import conv2d, upsample_conv2d

PaddingMode = Literal["reflect", "zeros"]
# "same" is TensorFlow's: its stride 2 begins at the first pixel, that of the others one before.
PADDINGS: dict[str, PaddingMode] = {"reflect": "reflect", "zero": "zeros", "same": "zeros"}


class InstanceNorm(nn.InstanceNorm2d):
    """Instance norm with scale and shift (Ulyanov et al. 2016), computed in float32.

    The output (N, C, H, W) has the precision of the input.
    """

    def __init__(self, channels: int):
        super().__init__(channels, affine=True)  # pyright: ignore[reportUnknownMemberType]

    def forward(self, input: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        # One group per channel is instance norm; torch's group norm is 4 times as fast on a CPU.
        full = F.group_norm(input.float(), self.num_features, self.weight, self.bias, self.eps)
        return full.to(input.dtype)


class Conv(nn.Conv2d):
    """A convolution padded so that stride 1 keeps the size and stride 2 halves an even one.

    Args:
        channels_in, channels_out: C and D of (N, C, H, W) to (N, D, H / stride, W / stride).
        size: side of the kernel, odd.
        stride: 1 or 2.
        padding: a key of PADDINGS.
    """

    def __init__(self, channels_in: int, channels_out: int, size: int, stride: int, padding: str):
        mode = PADDINGS[padding]
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            channels_in, channels_out, size, stride, padding=size // 2, padding_mode=mode
        )
        self.late = padding == "same" and stride == 2

    def forward(self, input: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d _ _"]:
        assert self.bias is not None
        margin = self.kernel_size[0] // 2
        if self.padding_mode == "reflect":
            input, margin = F.pad(input, (margin,) * 4, mode="reflect"), 0
        elif self.late:
            input, margin = F.pad(input, (0, 1, 0, 1)), 0
        return conv2d(input, self.weight, self.bias, self.stride[0], margin)


class UpsampleConv(Conv):
    """Nearest upsampling by two, then a 3x3 convolution: no checkerboard (Odena et al. 2016).

    It maps (N, C, H, W) to (N, D, 2 H, 2 W).
    """

    def __init__(self, channels_in: int, channels_out: int, padding: str):
        super().__init__(channels_in, channels_out, 3, 1, padding)

    def forward(self, input: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d 2*h 2*w"]:
        assert self.bias is not None
        return upsample_conv2d(input, self.weight, self.bias, self.padding_mode)


class TransposedConv(nn.ConvTranspose2d):
    """A 3x3 convolution of stride 1/2, as in Johnson et al. 2016: the transpose of stride 2.

    It maps (N, C, H, W) to (N, D, 2 H, 2 W).
    """

    def __init__(self, channels_in: int, channels_out: int, padding: str):
        # The first of 2 n + 1 rows and columns is cut off; with "same" it is the last.
        cut = 0 if padding == "same" else 1
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            channels_in, channels_out, 3, stride=2, padding=cut, output_padding=cut
        )

    def forward(
        self, input: Float[Tensor, "n c h w"], output_size: list[int] | None = None
    ) -> Float[Tensor, "n d 2*h 2*w"]:
        _, _, height, width = input.shape
        return super().forward(input, output_size)[..., : 2 * height, : 2 * width]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with norms around an identity, without a ReLU after the sum.

    Johnson et al. 2016, supplementary material, after Gross and Wilber 2016. Keeps (N, C, H, W).
    """

    def __init__(self, channels: int, norm: type[nn.Module], padding: str):
        super().__init__()
        self.conv1 = Conv(channels, channels, 3, 1, padding)
        self.norm1 = norm(channels)
        self.conv2 = Conv(channels, channels, 3, 1, padding)
        self.norm2 = norm(channels)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        return x + self.norm2(self.conv2(y))
