"""Which signs a text may say, and how surely: one logistic regression a sign over units, and their words' voice.

The numbers in `trained.npz` come from `make reading` (`deploy/reading`), which learns them from the example bank and
writes what they are worth into docs/reading.md. Scores are calibrated over whole reports: of what scores 80, some eight
in ten are right.
"""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from services.intake.reading.encoder.weights import Floats
from services.intake.reading.features import Features, rows
from shared.events.codes import Grade
from shared.signs import SIGNS

TRAINED = Path(__file__).with_name("trained.npz")
CONTEXT = 0.5
"""What neighbours weigh beside the unit."""
SCALE = 8.0
WORDS = 0.35
"""What the voice of the words weighs."""
RED_LINES = np.array([sign.tier == "acute" for sign in SIGNS.values()])
"""Which signs are of the tier acute."""


class NotTrained(Exception):
    """The trained numbers are not there, or are those of other signs."""


@dataclass(frozen=True)
class Model:
    """The trained numbers. K signs in the catalogue's order, D numbers of a unit and its neighbours."""

    mean: Floats
    """Of all vectors (384)."""
    weights: Floats
    """D × K."""
    bias: Floats
    """K."""
    hits: Floats
    """2 × K: what a pattern that says the sign, or denies it, adds."""
    known: NDArray[np.uint32]
    """The terms that have a voice, sorted."""
    voices: NDArray[np.int8]
    """Terms × K, in steps of `VOICE_STEP`."""
    earlier: Floats
    """385: whether a unit speaks of earlier times; the last number is the bias."""
    slope: float
    shift: float
    read_at: Floats
    """K: the score from which a sign is read, in percent."""
    suspected_at: Floats
    """K: the score from which it is suspected, in percent."""
    red_line_at: float
    """From how sure that a text says *some* sign of the tier acute its likeliest one is suspected, in percent."""

    VOICE_STEP = 3 / 127

    @classmethod
    def load(cls, path: Path = TRAINED) -> Self:
        """The numbers in that file. Raises `NotTrained`."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                if list(stored["signs"]) != list(SIGNS):
                    raise NotTrained("the catalogue of signs has changed: run `make reading`")
                floats = {name: stored[name].astype(np.float32) for name in _FLOATS}
                slope, shift, red_line_at = (float(each) for each in stored["calibration"])
                known, voices = stored["known"], stored["voices"]
                return cls(**floats, known=known, voices=voices, slope=slope, shift=shift, red_line_at=red_line_at)
        except (OSError, ValueError, KeyError, BadZipFile, EOFError) as error:
            raise NotTrained(f"{path.name} cannot be read: {type(error).__name__}") from error

    def save(self, path: Path = TRAINED) -> None:
        """Write the numbers to that file: the weights in 16 bits."""
        floats = {name: getattr(self, name).astype(np.float16 if name == "weights" else np.float32) for name in _FLOATS}
        calibration = np.array([self.slope, self.shift, self.red_line_at], np.float64)
        np.savez_compressed(
            path, signs=np.array(list(SIGNS)), calibration=calibration, known=self.known, voices=self.voices, **floats
        )

    @cached_property
    def version(self) -> str:
        """The model's name: the encoder's, and the beginning of the SHA-256 of the trained numbers."""
        digest = sha256()
        for name in (*_FLOATS, "known", "voices"):
            digest.update(np.ascontiguousarray(getattr(self, name)).tobytes())
        digest.update(np.array([self.slope, self.shift, self.red_line_at], np.float64).tobytes())
        return f"e5-{digest.hexdigest()[:12]}"

    def logits(self, features: Features) -> Floats:
        """How far each unit speaks for each sign: units × K."""
        seen = inputs(features.vectors, features.neighbours, self.mean)
        own = _by_rows(seen, self.weights) + self.bias
        own += features.hits[:, :, 0] * self.hits[0] + features.hits[:, :, 1] * self.hits[1]
        for n, places in enumerate(rows(features.terms, self.known)):
            voice = self.voices[places].sum(axis=0, dtype=np.int64) * self.VOICE_STEP
            own[n] += WORDS * voice / np.sqrt(max(len(places), 1))
        return np.asarray(own, np.float32)

    def percent(self, logits: Floats) -> NDArray[np.int64]:
        """How sure the reader may be, in whole percent."""
        sure = 1 / (1 + np.exp(-(self.slope * logits.astype(np.float64) + self.shift)))
        return np.rint(100 * sure).astype(np.int64)

    def grades(self, percent: NDArray[np.int64]) -> list[Grade | None]:
        """What each sign's best score is worth; None where it is too weak to be suspected.

        Of many weak scores for red lines together one is likely right: then the likeliest of them is suspected.
        """
        graded = [
            Grade.READ if each >= read else Grade.SUSPECTED if each >= suspected else None
            for each, read, suspected in zip(percent, self.read_at, self.suspected_at, strict=True)
        ]
        likeliest = int(np.argmax(np.where(RED_LINES, percent, -1)))
        if graded[likeliest] is None and red_line(percent) >= self.red_line_at:
            graded[likeliest] = Grade.SUSPECTED
        return graded

    def of_earlier(self, features: Features) -> NDArray[np.bool_]:
        """Whether each unit speaks of earlier times."""
        centred = (features.vectors - self.mean) * SCALE
        return np.asarray(_by_rows(centred, self.earlier[:-1, None])[:, 0] + self.earlier[-1] > 0)


_FLOATS = ("mean", "weights", "bias", "hits", "earlier", "read_at", "suspected_at")


def red_line(percent: NDArray[np.int64]) -> float:
    """How sure it is that a text says some sign of the tier acute, in percent, as if the signs were independent."""
    return float(100 * (1 - np.prod(1 - percent[RED_LINES] / 100)))


def inputs(vectors: Floats, neighbours: Floats, mean: Floats) -> Floats:
    """What the regressions take in: the unit, and its neighbours where it has any, from the middle of all vectors."""
    has = np.any(neighbours != 0, axis=1, keepdims=True)
    return np.hstack([(vectors - mean) * SCALE, (neighbours - mean * has) * SCALE * CONTEXT]).astype(np.float32)


def _by_rows(values: Floats, matrix: Floats) -> Floats:
    """The product, one row at a time: a unit's numbers then do not depend on how many there are."""
    if not len(values):
        return np.zeros((0, matrix.shape[1]), np.float32)
    return np.stack([row @ matrix for row in values])
