"""A transform network as an ONNX graph, with the border of rendering/forward.py around it.

The graph is built node by node. A trace would keep the sizes of the picture that it was made with,
or divide where Python rounds down. Here height and width stay open, and padding is computed from
them.
"""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper

from faststyle.export.builder import GraphBuilder
from faststyle.export.layers import Layers
from faststyle.networks.transform_net import CENTER, PERIOD, SMALLEST, TransformNet
from faststyle.rendering.forward import BORDER

INPUT, OUTPUT = "photo", "stylized"
OPSET = 17  # of 2022; nothing newer is needed, and older programs read it


def build_graph(net: TransformNet, output: str, photo_share: float) -> onnx.GraphProto:
    """The graph from `photo` to `stylized`, both (N, 3, H, W) in [0, 1], of any N, H and W.

    It reflects BORDER pixels around the photo, or as many as reflection allows, extends that to
    the network's period, and cuts both off again.

    Args:
        net: in evaluation mode, with InstanceNorm or batch norm, float32.
        output: the network's argument of this name.
        photo_share: how much of the photo's own pixels to mix in.
    """
    graph = GraphBuilder()
    names = {id(value): name for name, value in (*net.named_parameters(), *net.named_buffers())}
    sides = _sides(graph, INPUT)
    border = _border(graph, sides)
    x = _bordered(graph, border)
    x = _padded(graph, x)
    if net.center:
        x = graph.node("Sub", x, graph.number(net.center))
    layers = Layers(graph, names)
    for part in (net.encoder, net.residual, net.decoder):
        x = layers.apply(part, x)
    x = _cut(graph, x, border, sides)
    x = _squashed(graph, x, output)
    zero, one = graph.number(0.0), graph.number(1.0)
    if photo_share:
        x = graph.node("Clip", x, zero, one)
        x = graph.node("Mul", x, graph.number(1 - photo_share))
        x = graph.node("Add", x, graph.node("Mul", INPUT, graph.number(photo_share)))
    graph.node("Clip", x, zero, one, output=OUTPUT)

    def pictures(name: str) -> onnx.ValueInfoProto:
        shape = ["batch", 3, "height", "width"]
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    return helper.make_graph(
        graph.nodes,
        "faststyle",
        [pictures(INPUT)],
        [pictures(OUTPUT)],
        initializer=list(graph.constants.values()),
    )


def _sides(graph: GraphBuilder, pictures: str) -> str:
    """Height and width, (2,)."""
    return graph.node("Shape", pictures, start=2)


def _border(graph: GraphBuilder, sides: str) -> str:
    """min(BORDER, (side - 1) // PERIOD * PERIOD) for both sides: (2,)."""
    period = graph.integers([PERIOD])
    periods = graph.node("Div", graph.node("Sub", sides, graph.integers([1])), period)
    return graph.node("Min", graph.node("Mul", periods, period), graph.integers([BORDER]))


def _bordered(graph: GraphBuilder, border: str) -> str:
    none = graph.integers([0, 0])
    pads = graph.node("Concat", none, border, none, border, axis=0)
    return graph.node("Pad", INPUT, pads, mode="reflect")


def _padded(graph: GraphBuilder, x: str) -> str:
    """Repeat the last row and column, up to a multiple of PERIOD that is at least SMALLEST."""
    sides = _sides(graph, x)
    # ONNX divides integers by cutting off, but its Mod has the sign of the divisor, as Python's.
    missing = graph.node("Mod", graph.node("Neg", sides), graph.integers([PERIOD]))
    whole = graph.node("Add", sides, missing)
    whole = graph.node("Max", whole, graph.integers([SMALLEST]))
    pads = graph.node("Concat", graph.integers([0] * 6), graph.node("Sub", whole, sides), axis=0)
    return graph.node("Pad", x, pads, mode="edge")


def _cut(graph: GraphBuilder, x: str, border: str, sides: str) -> str:
    end = graph.node("Add", border, sides)
    return graph.node("Slice", x, border, end, graph.integers([2, 3]))


def _squashed(graph: GraphBuilder, x: str, output: str) -> str:
    """The network's last function, as OUTPUTS of networks/transform_net.py names them."""
    if output == "sigmoid":
        return graph.node("Sigmoid", x)
    if output == "linear":
        return graph.node("Add", x, graph.number(CENTER))
    assert output in ("tanh", "normed_tanh"), output
    scaled = graph.node("Mul", graph.node("Tanh", x), graph.number(150 / 255))
    return graph.node("Add", scaled, graph.number(CENTER))
