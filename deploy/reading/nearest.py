"""Which sentences of the example bank a text is nearest to: why the reader thinks of a sign."""

import numpy as np

from deploy.reading.bank import sentences
from services.intake.reading.classifier import Model
from services.intake.reading.encoder import load_encoder
from shared.signs import SignId

NEAREST = 3


def nearest(text: str, sign: SignId) -> list[tuple[float, str]]:
    """The sentences that say the sign and are nearest, with how near (cosine of the angle, 1 is alike)."""
    saying = [each.text for each in sentences() if sign in each.signs]
    vectors = load_encoder().vectors([text, *saying]) - Model.load().mean
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = vectors[1:] @ vectors[0]
    return [(float(alike[n]), saying[n]) for n in np.argsort(-alike, kind="stable")[:NEAREST]]
