"""The layers of a transform network as ONNX nodes."""

from __future__ import annotations

import numpy as np
from torch import nn

from faststyle.export.builder import GraphBuilder
from faststyle.networks.layers import (
    Conv,
    InstanceNorm,
    ResidualBlock,
    TransposedConv,
    UpsampleConv,
)


class Layers:
    """Appends the layers of a transform network to a graph.

    Args:
        graph: where nodes and weights go.
        names: the name of each parameter and buffer by its id, as in the style checkpoint.
    """

    def __init__(self, graph: GraphBuilder, names: dict[int, str]):
        self.graph, self.names = graph, names

    def apply(self, module: nn.Module, x: str) -> str:
        """Append a layer, or several in a row, to the value `x`; return the result's name."""
        node = self.graph.node
        match module:
            case nn.Sequential():
                for layer in module:
                    x = self.apply(layer, x)
                return x
            case ResidualBlock():
                y = node("Relu", self.apply(module.norm1, self.apply(module.conv1, x)))
                return node("Add", x, self.apply(module.norm2, self.apply(module.conv2, y)))
            case UpsampleConv():
                return self._conv(module, self._upsampled(x))
            case Conv():
                return self._conv(module, x)
            case TransposedConv():
                return self._transposed(module, x)
            case InstanceNorm():
                inputs = x, *self._weights(module, "weight", "bias")
                return node("InstanceNormalization", *inputs, epsilon=module.eps)
            case nn.BatchNorm2d():
                kinds = "weight", "bias", "running_mean", "running_var"
                inputs = x, *self._weights(module, *kinds)
                return node("BatchNormalization", *inputs, epsilon=module.eps)
            case nn.ReLU():
                return node("Relu", x)
        raise TypeError(f"a layer that is not exported: {type(module).__name__}")

    def _weights(self, module: nn.Module, *kinds: str) -> list[str]:
        values = [getattr(module, kind) for kind in kinds]
        return [
            self.graph.constant(value.detach().float().cpu().numpy(), self.names[id(value)])
            for value in values
        ]

    def _conv(self, conv: Conv, x: str) -> str:
        size, stride = conv.kernel_size[0], conv.stride[0]
        margin = size // 2
        pads = [0, 0, 1, 1] if conv.late else [margin] * 4  # top, left, bottom, right
        if conv.padding_mode == "reflect":
            reflected = self.graph.integers([0, 0, *pads[:2], 0, 0, *pads[2:]])
            x, pads = self.graph.node("Pad", x, reflected, mode="reflect"), [0] * 4
        return self.graph.node(
            "Conv",
            x,
            *self._weights(conv, "weight", "bias"),
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=pads,
        )

    def _upsampled(self, x: str) -> str:
        scales = self.graph.constant(np.array([1, 1, 2, 2], np.float32), "twice")
        return self.graph.node(
            "Resize",
            x,
            "",
            scales,
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

    def _transposed(self, conv: TransposedConv, x: str) -> str:
        # Of 2 n + 1 rows and columns the first is cut off, or with "same" the last.
        pads = [1, 1, 0, 0] if conv.padding[0] else [0, 0, 1, 1]
        return self.graph.node(
            "ConvTranspose",
            x,
            *self._weights(conv, "weight", "bias"),
            kernel_shape=[3, 3],
            strides=[2, 2],
            pads=pads,
        )
