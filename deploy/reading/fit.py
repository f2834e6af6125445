"""Learning the reader's numbers: all signs' logistic regressions at once, the words' voices, earlier or now."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from deploy.reading.bank import Example
from services.intake.domain.plain import normalise
from services.intake.reading.classifier import SCALE, Model, inputs
from services.intake.reading.encoder import Encoder
from services.intake.reading.encoder.weights import Floats
from services.intake.reading.features import Features, features, rows
from services.intake.reading.lexical import read_lexically
from services.intake.reading.text import sentences
from shared.calendar import local
from shared.signs import PLACE

STIFFNESS = 9.0
"""How strongly weights are kept small (L2): chosen by cross-validation, as are the numbers below."""
POSITIVE = 1.5
"""What a unit that says a sign weighs beside one that does not."""
OF_REPORTS = 4.0
"""What a unit of a report weighs beside a sentence of the bank: it is what is read later."""
_STEPS = 100
_SMOOTH = 0.1
_MOST_OF_A_VOICE = 3.0
_FEWEST_TERMS = 2
_FEWEST_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Seen:
    """An example as the classifier sees it. `said`: units × signs; `counts`: 0 where a sign may be seen or not."""

    example: Example
    text: str
    features: Features
    said: Floats
    counts: Floats
    earlier: Floats
    """Units: 1 of earlier, 0 of now, -1 where it says nothing."""


def seen(example: Example, encoder: Encoder) -> Seen:
    """Look at an example."""
    text = normalise(example.text).text
    lexical = read_lexically(text, list(sentences(text)), on=local(example.received_at).date())
    looked = features(text, lexical.found, encoder)
    shape = len(looked.units), len(PLACE)
    said, counts, earlier = np.zeros(shape, np.float32), np.ones(shape, np.float32), np.full(shape[0], -1, np.float32)
    counts[:, [PLACE[sign] for sign in example.open]] = 0
    for each in example.said:
        quote = normalise(each.quote).text
        start = text.find(quote)
        sign = PLACE[each.sign]
        if start < 0:  # normalising has changed its edges
            counts[:, sign] = 0
            continue
        overlaps = [min(unit.end, start + len(quote)) - max(unit.start, start) for unit in looked.units]
        for unit, overlap in enumerate(overlaps):
            if overlap > 0 and (overlap >= _FEWEST_OVERLAP * len(quote) or overlap == max(overlaps)):
                said[unit, sign], earlier[unit] = 1, float(each.earlier)
            elif overlap > 0:
                counts[unit, sign] = 0
    return Seen(example, text, looked, said, counts, earlier)


def fitted(examples: Sequence[Seen]) -> Model:
    """The numbers learnt from these, neither calibrated nor with thresholds (`measure.calibrated`)."""
    all_features = [each.features for each in examples]
    vectors = np.vstack([each.vectors for each in all_features])
    mean = vectors.mean(axis=0)
    seen_by = inputs(vectors, np.vstack([each.neighbours for each in all_features]), mean)
    hits = np.vstack([each.hits for each in all_features])
    said, counts = np.vstack([each.said for each in examples]), np.vstack([each.counts for each in examples])
    weight = np.concatenate(
        [np.full(len(each.said), OF_REPORTS if each.example.expect else 1, np.float32) for each in examples]
    )
    weights, bias, of_hits = _regressions(seen_by, hits, said, counts * weight[:, None])
    known, voices = _voices([term for each in all_features for term in each.terms], said, weight)
    earlier = _earlier((vectors - mean) * SCALE, np.concatenate([each.earlier for each in examples]))
    never = np.full(len(PLACE), 101, np.float32)
    stored = weights.astype(np.float16).astype(np.float32)
    return Model(mean, stored, bias, of_hits, known, voices, earlier, 1.0, 0.0, never, never, 101.0)


def _regressions(seen_by: Floats, hits: Floats, said: Floats, counts: Floats) -> tuple[Floats, Floats, Floats]:
    size, signs = seen_by.shape[1], said.shape[1]
    weighted = counts * np.where(said > 0, POSITIVE, 1.0)
    ends = size * signs, (size + 1) * signs

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = numbers[: ends[0]].reshape(size, signs)
        of_hits = numbers[ends[1] :].reshape(2, signs)
        sums = seen_by @ weights + numbers[ends[0] : ends[1]]
        sums += hits[:, :, 0] * of_hits[0] + hits[:, :, 1] * of_hits[1]
        sure = 1 / (1 + np.exp(-np.clip(sums, -30, 30)))
        lost = -(weighted * (said * np.log(sure + 1e-9) + (1 - said) * np.log(1 - sure + 1e-9))).sum()
        lost += STIFFNESS / 2 * (weights**2).sum() + 0.05 * (of_hits**2).sum()
        wrong = weighted * (sure - said)
        slopes = (
            (seen_by.T @ wrong + STIFFNESS * weights).ravel(),
            wrong.sum(axis=0),
            np.stack([(wrong * hits[:, :, n]).sum(axis=0) + 0.1 * of_hits[n] for n in (0, 1)]).ravel(),
        )
        return float(lost), np.concatenate(slopes).astype(np.float64)

    start = np.zeros((size + 3) * signs)
    start[ends[0] : ends[1]] = -4
    best = _minimum(loss, start)
    weights, bias, of_hits = best[: ends[0]], best[ends[0] : ends[1]], best[ends[1] :]
    return weights.reshape(size, signs), bias, of_hits.reshape(2, signs)


def _earlier(centred: Floats, labels: Floats) -> Floats:
    """A regression over the units that say a sign: of earlier times or of now."""
    chosen, of_earlier = centred[labels >= 0], labels[labels >= 0]

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        sure = 1 / (1 + np.exp(-np.clip(chosen @ numbers[:-1] + numbers[-1], -30, 30)))
        lost = -(of_earlier * np.log(sure + 1e-9) + (1 - of_earlier) * np.log(1 - sure + 1e-9)).sum()
        lost += STIFFNESS / 2 * (numbers[:-1] ** 2).sum()
        wrong = sure - of_earlier
        slope = np.append(chosen.T @ wrong + STIFFNESS * numbers[:-1], wrong.sum())
        return float(lost), slope.astype(np.float64)

    return _minimum(loss, np.zeros(centred.shape[1] + 1))


def _minimum(
    loss: Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]], start: NDArray[np.float64]
) -> Floats:
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    return np.asarray(found.x, np.float32)


def _voices(
    terms: Sequence[frozenset[int]], said: Floats, weight: Floats
) -> tuple[NDArray[np.uint32], NDArray[np.int8]]:
    """How much likelier each term is where a sign is said (naive Bayes), for the terms that came more than once."""
    count = Counter(term for each in terms for term in each)
    known = np.array(sorted(term for term, times in count.items() if times >= _FEWEST_TERMS), np.uint32)
    with_sign = np.full((len(known), said.shape[1]), _SMOOTH * 0.5, np.float64)
    without = np.full_like(with_sign, _SMOOTH)
    for n, places in enumerate(rows(terms, known)):
        with_sign[places] += weight[n] * said[n]
        without[places] += weight[n] * (1 - said[n])
    all_with = (weight[:, None] * said).sum(axis=0) + _SMOOTH
    all_without = (weight[:, None] * (1 - said)).sum(axis=0) + _SMOOTH
    voices = np.clip(np.log(with_sign / all_with / (without / all_without)), -_MOST_OF_A_VOICE, _MOST_OF_A_VOICE)
    return known, np.rint(voices / Model.VOICE_STEP).astype(np.int8)
