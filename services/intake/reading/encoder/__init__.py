"""Sentences as vectors: what means alike lies near each other, in whatever words and language."""

from collections.abc import Sequence
from functools import cache
from typing import Protocol

from services.intake.reading.encoder.weights import Floats, ModelUnusable

__all__ = ["Encoder", "ModelUnusable", "load_encoder"]


class Encoder(Protocol):
    """What turns sentences into vectors."""

    name: str

    def vectors(self, texts: Sequence[str]) -> Floats:
        """A vector of length one for each text: (texts, size)."""


@cache
def load_encoder() -> Encoder:
    """The encoder of this process, loaded once. Raises `ModelUnusable` where it cannot run."""
    try:
        from services.intake.reading.encoder.engine import OnnxEncoder
    except ImportError as error:
        raise ModelUnusable(f"{error.name} is not installed") from error
    return OnnxEncoder()
