"""Turning sentences into vectors by multilingual-e5-small, run by onnxruntime in 8 bits on one thread.

The wheel's own C engine needs 610 ms of processor for 250 words on the machine of docs/performance.md; this takes a
fifth. Seven bits instead of eight are used of a weight: processors without VNNI add two products in 16 bits, and more
would overflow there (onnxruntime, "U8S8 saturation"), so that the same text would have another vector.
"""

import ctypes
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from services.intake.reading.encoder.tokens import Tokenizer
from services.intake.reading.encoder.weights import Floats, ModelUnusable, Weights, open_model

GRAPH = Path(__file__).with_name("e5.onnx")
_PREFIX = "query: "
"""How the model was trained to see what is compared with its like (intfloat/multilingual-e5-small, model card)."""
_TOKENS = 128
"""Pieces of a unit that are read."""
_HIGHEST = 63


class OnnxEncoder:
    """multilingual-e5-small on one thread: the same sentence gives the same bytes, alone and in company."""

    name = "e5"
    size = 384

    def __init__(self) -> None:
        """Load the model. Raises `ModelUnusable`."""
        weights, vocabulary = open_model()
        self._weights = weights
        self._tokens = Tokenizer(vocabulary)
        self._places = weights.tensor("emb.pos").reshape(-1, weights.size) + weights.tensor("emb.type")[: weights.size]
        self._session = _session(weights)
        _give_back()

    def vectors(self, texts: Sequence[str]) -> Floats:
        """A vector (384 numbers, of length one) for each text."""
        found = np.empty((len(texts), self.size), np.float32)
        for n, text in enumerate(texts):
            (found[n],) = self._session.run(None, {"rows": self._rows(text)})
        return found

    def _rows(self, text: str) -> Floats:
        numbers = self._tokens.numbers(_PREFIX + text, at_most=_TOKENS)
        rows: Floats = self._weights.rows("emb.word", numbers, columns=self.size) + self._places[: len(numbers)]
        return rows


def _give_back() -> None:
    """Give memory that loading took back to the system: some 50 MB, which glibc would keep for this process."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _session(weights: Weights) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4
    options.enable_cpu_mem_arena = False
    brought = {name: ort.OrtValue.ortvalue_from_numpy(value) for name, value in _parameters(weights).items()}
    options.add_external_initializers(list(brought), list(brought.values()))
    try:
        return ort.InferenceSession(GRAPH.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own, which have no common base
        raise ModelUnusable(f"onnxruntime refuses the graph: {type(error).__name__}") from error


def _parameters(weights: Weights) -> Mapping[str, NDArray[np.generic]]:
    """The values of every parameter that the graph declares, by its name."""
    size, inner = weights.size, weights.inner
    found: dict[str, NDArray[np.generic]] = {
        "emb.ln.w": weights.tensor("emb.ln.w"),
        "emb.ln.b": weights.tensor("emb.ln.b"),
    }
    for layer in range(weights.layers):
        name = f"l{layer}"
        for norm in ("aln", "oln"):
            found |= {f"{name}.{norm}.{end}": weights.tensor(f"{name}.{norm}.{end}") for end in "wb"}
        matrices = {
            "qkv": np.concatenate([weights.matrix(f"{name}.{each}.w", columns=size) for each in "qkv"]),
            "ao": weights.matrix(f"{name}.ao.w", columns=size),
            "fi": weights.matrix(f"{name}.fi.w", columns=size),
            "fo": weights.matrix(f"{name}.fo.w", columns=inner),
        }
        for part, matrix in matrices.items():
            found[f"{name}.{part}.w"], found[f"{name}.{part}.s"] = _quantised(matrix)
            biases = [weights.tensor(f"{name}.{each}.b") for each in (part if part == "qkv" else [part])]
            found[f"{name}.{part}.b"] = np.concatenate(biases)
    return found


def _quantised(matrix: Floats) -> tuple[NDArray[np.int8], Floats]:
    """The transposed matrix in 7 bits and a scale for each column."""
    scale = np.maximum(np.abs(matrix).max(axis=1), 1e-12) / _HIGHEST
    return np.ascontiguousarray(np.rint(matrix / scale[:, None]).astype(np.int8).T), scale.astype(np.float32)
