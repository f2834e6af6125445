"""Writing the encoder's graph without its weights: `python -m deploy.reading.graph`. Needed when the graph changes.

BERT's encoder (Devlin et al. 2018) over the token rows of one text: the mean of the last layer, of length one. Matrices
are of 8 bits and quantised a column; what they are multiplied with is quantised at each text by itself, so that a
sentence has the same vector in every company.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from services.intake.reading.encoder.engine import GRAPH
from services.intake.reading.encoder.weights import Weights, open_model

OPSET = 20


class Graph:
    """A graph that grows by a node at a time. A parameter is declared with its shape; the process brings its values."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.parameters: list[onnx.TensorProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, kind: str, *inputs: str, name: str, **attributes: Any) -> str:
        """Add a node; the name of its output."""
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def parameter(self, name: str, kind: int, shape: Sequence[int]) -> str:
        """Declare a tensor that is brought when the graph is loaded."""
        tensor = onnx.TensorProto(name=name, data_type=kind, dims=shape, data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="brought")
        self.parameters.append(tensor)
        return name

    def constant(self, name: str, values: object, kind: type[np.generic]) -> str:
        """Add a small tensor with its values."""
        self.constants.append(onnx.numpy_helper.from_array(np.array(values, kind), name))
        return name

    def linear(self, quantised: tuple[str, str, str], name: str, rows: int, columns: int) -> str:
        """Multiply what is quantised with a matrix of 8 bits, and add its bias."""
        values, scale, zero = quantised
        matrix = self.parameter(f"{name}.w", TensorProto.INT8, (rows, columns))
        of_matrix = self.parameter(f"{name}.s", TensorProto.FLOAT, (columns,))
        bias = self.parameter(f"{name}.b", TensorProto.FLOAT, (columns,))
        product = self.node("MatMulInteger", values, matrix, zero, name=f"{name}.product")
        as_float = self.node("Cast", product, name=f"{name}.float", to=TensorProto.FLOAT)
        both = self.node("Mul", scale, of_matrix, name=f"{name}.scale")
        scaled = self.node("Mul", as_float, both, name=f"{name}.scaled")
        return self.node("Add", scaled, bias, name=name)

    def quantised(self, values: str) -> tuple[str, str, str]:
        """The values in 8 bits, with their scale and zero."""
        names = f"{values}.q", f"{values}.qs", f"{values}.qz"
        self.nodes.append(helper.make_node("DynamicQuantizeLinear", [values], list(names), name=names[0]))
        return names

    def normalised(self, values: str, name: str, size: int, epsilon: float) -> str:
        """Layer normalisation."""
        weight = self.parameter(f"{name}.w", TensorProto.FLOAT, (size,))
        bias = self.parameter(f"{name}.b", TensorProto.FLOAT, (size,))
        return self.node("LayerNormalization", values, weight, bias, name=name, axis=-1, epsilon=epsilon)


def encoder(weights: Weights) -> onnx.ModelProto:
    """The whole graph: rows of tokens (tokens, size) in, a vector (size) out."""
    graph, size, heads = Graph(), weights.size, weights.heads
    part = size // heads
    graph.constant("parts", [0, 3, heads, part], np.int64)
    graph.constant("whole", [0, size], np.int64)
    graph.constant("root", 1 / np.sqrt(part), np.float32)
    graph.constant("tokens", [0], np.int64)
    for n in range(3):
        graph.constant(f"which.{n}", n, np.int64)
    hidden = graph.normalised("rows", "emb.ln", size, weights.epsilon)
    for layer in range(weights.layers):
        name = f"l{layer}"
        all_three = graph.linear(graph.quantised(hidden), f"{name}.qkv", size, 3 * size)
        apart = graph.node("Reshape", all_three, "parts", name=f"{name}.parts")
        asked, kept, said = (
            graph.node(
                "Transpose",
                graph.node("Gather", apart, f"which.{n}", name=f"{name}.part{n}", axis=1),
                name=f"{name}.heads{n}",
                perm=(1, 2, 0) if n == 1 else (1, 0, 2),
            )
            for n in range(3)
        )
        fit = graph.node("MatMul", asked, kept, name=f"{name}.fit")
        share = graph.node(
            "Softmax", graph.node("Mul", fit, "root", name=f"{name}.fits"), name=f"{name}.share", axis=-1
        )
        heard = graph.node("MatMul", share, said, name=f"{name}.heard")
        together = graph.node("Transpose", heard, name=f"{name}.back", perm=(1, 0, 2))
        joined = graph.node("Reshape", together, "whole", name=f"{name}.joined")
        attended = graph.linear(graph.quantised(joined), f"{name}.ao", size, size)
        hidden = graph.node("Add", hidden, attended, name=f"{name}.sum")
        hidden = graph.normalised(hidden, f"{name}.aln", size, weights.epsilon)
        wide = graph.linear(graph.quantised(hidden), f"{name}.fi", size, weights.inner)
        active = graph.node("Gelu", wide, name=f"{name}.gelu")
        narrow = graph.linear(graph.quantised(active), f"{name}.fo", weights.inner, size)
        hidden = graph.node("Add", hidden, narrow, name=f"{name}.out")
        hidden = graph.normalised(hidden, f"{name}.oln", size, weights.epsilon)
    mean = graph.node("ReduceMean", hidden, "tokens", name="mean", keepdims=0)
    graph.node("LpNormalization", mean, name="vector", axis=-1, p=2)
    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, ("tokens", size))
    vector = helper.make_tensor_value_info("vector", TensorProto.FLOAT, (size,))
    whole = helper.make_graph(graph.nodes, "e5", [rows], [vector], [*graph.constants, *graph.parameters])
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)


def main() -> None:
    """Write the graph beside the code that runs it."""
    Path(GRAPH).write_bytes(encoder(open_model()[0]).SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
