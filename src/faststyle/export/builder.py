"""Nodes and constants of an ONNX graph, collected one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper


class GraphBuilder:
    """Collects nodes and constants; values are passed by name, as ONNX does."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def node(self, op: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Append a node with one output, and return the output's name."""
        name = output or f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def constant(self, value: np.ndarray, name: str) -> str:
        """Add a constant unless there is one of this name, and return the name."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def integers(self, values: Sequence[int]) -> str:
        """A constant of int64, (len(values),)."""
        return self.constant(np.array(values, np.int64), f"int_{'_'.join(map(str, values))}")

    def number(self, value: float) -> str:
        """A constant of one float32, without axes."""
        return self.constant(np.array(value, np.float32), f"float_{value!r}")
