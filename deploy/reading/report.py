"""docs/reading.md and its picture: what the reader is worth, written by `make reading`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from deploy.reading.fit import Seen
from deploy.reading.measure import (
    READ_AT,
    RED_LINE_AT,
    SUSPECTED_AT,
    Figure,
    Outcome,
    Scores,
    across,
    calibrated,
    figures,
    in_folds,
    outcomes,
)
from services.intake.reading.classifier import Model
from shared.signs import PLACE, SIGNS, SignId

PAGE = Path("docs/reading.md")
PICTURE = Path("docs/reading.svg")
SHARES = (0.1, 0.25, 0.5, 1.0)
"""Parts of the bank that the curve is drawn over."""

Points = Sequence[tuple[float, float]]


def write(model: Model, sentences: Sequence[Seen], reports: Sequence[Seen], scores: Sequence[Scores]) -> None:
    """Write the page and the picture."""
    results = outcomes(scores, model)
    folds = in_folds(reports, sentences)
    by_folds = outcomes(folds, calibrated(model, folds))
    curve = [(len(part), _found(outcomes(across(reports, part), model))) for part in _parts(sentences)]
    PICTURE.write_text(picture(reliability(scores, model), curve), encoding="utf-8")
    lines = page(model, len(sentences), len(reports), results, by_folds, scores)
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _parts(sentences: Sequence[Seen]) -> Iterator[list[Seen]]:
    """Growing parts of the bank, each of all its files."""
    for share in SHARES:
        yield [each for n, each in enumerate(sentences) if (n * share) % 1 < share]


def _found(results: Sequence[Outcome]) -> float:
    return sum(each.found_right for each in results) / sum(each.said for each in results)


def page(
    model: Model,
    sentences: int,
    reports: int,
    results: Sequence[Outcome],
    by_folds: Sequence[Outcome],
    scores: Sequence[Scores],
) -> Iterator[str]:
    """The page's lines."""
    yield f"""# What the reader of texts is worth

Written by `make reading`; the model is `{model.version}`. It learnt from {sentences:,} sentences and {reports} whole
reports in `services/intake/reading/examples`. Figures are of reports whose author the model had not learnt from: it
learnt from the bank and the other author's reports. In brackets: 95 of 100 draws of reports (bootstrap). The last
column is of five folds over all reports, whose authors it knew.

| | wanted | unseen author | known authors |
|---|---:|---:|---:|"""
    for across_authors, in_five in zip(figures(results), figures(by_folds), strict=True):
        yield f"| {across_authors.name} | {across_authors.wanted} | {_shown(across_authors)} | {_shown(in_five)} |"
    yield f"""
The simulated reporter answers by the labels and does not know one time in ten: the form's six questions, then the
first two of those that are asked next.

![Right as often as the score says, and what the bank is worth](reading.svg)

## Thresholds

A score is the probability that a report says the sign, in percent, calibrated over whole reports. A red line is a
sign of the tier *acute*.

| | red line | other sign |
|---|---:|---:|
| *read* from | {READ_AT[True]} | {READ_AT[False]} |
| *suspected* from | {RED_LINE_AT}, alone or all red lines together | {SUSPECTED_AT} |

A red line that is read wrongly wakes somebody at night, so it takes more. One that is suspected makes a report *high*:
somebody looks today. Lowering {RED_LINE_AT} finds more acute reports by the text alone and makes more innocent ones
*high*.

## By sign

Of the reports that say it: how many have it *read* or *suspected*. Of those that do not: how many have it *suspected*.

| sign | say it | found | suspected wrongly |
|---|---:|---:|---:|"""
    yield from _by_sign(scores, model)
    yield """
## How it reads, and how it learns

1. Patterns (`lexicon/*.toml`) find words that nearly always say a sign; they alone read denials, days and *earlier*
   where they find anything. `neutral.py` takes out names, countries, faiths and languages.
2. Each sentence becomes a vector by multilingual-e5-small (`encoder/`). One logistic regression a sign looks at the
   vector, its neighbours' and what patterns found; a naive-Bayes voice over the words is added.
3. A report's score for a sign is that of its best sentence.

A sentence that is read wrongly is added to the bank by `beredskab reading add`; it counts after the next `make
reading`. `beredskab reading explain TEXT` says which sentence of the bank a text is nearest to, and `beredskab reading
evaluate` measures on labelled reports of your own.

Tried, and no better: whitening the vectors, the nearest sentences as a voice of their own, other weights of the
context, gates before likely signs among the questions. More reports that are labelled whole help most."""


def _shown(figure: Figure) -> str:
    if "a report" in figure.name:
        return f"{figure.value:.1f} ({figure.low:.1f}–{figure.high:.1f})"
    return f"{100 * figure.value:.0f} % ({100 * figure.low:.0f}–{100 * figure.high:.0f})"


def _by_sign(scores: Sequence[Scores], model: Model) -> Iterator[str]:
    graded = [model.grades(model.percent(each.logits)) for each in scores]
    for sign in map(SignId, SIGNS):
        pairs = [
            (sign in each.example.signs, grades[PLACE[sign]] is not None)
            for each, grades in zip(scores, graded, strict=True)
            if sign not in each.example.open
        ]
        say = sum(said for said, _ in pairs)
        found = sum(said and seen for said, seen in pairs)
        wrong = sum(seen and not said for said, seen in pairs)
        yield f"| `{sign}` | {say} | {found} | {wrong} of {len(pairs) - say} |"


def reliability(scores: Sequence[Scores], model: Model) -> list[tuple[float, float]]:
    """How often a score is right, by tenths: (mean score, share that is right)."""
    percent = np.array([model.percent(each.logits) for each in scores])
    said = np.array([[sign in each.example.signs for sign in SIGNS] for each in scores])
    points = []
    for lowest in range(0, 100, 10):
        among = (percent >= lowest) & (percent < lowest + 10 + (lowest == 90))
        if among.sum() >= 10:
            points.append((float(percent[among].mean()), 100 * float(said[among].mean())))
    return points


def picture(right: Points, curve: Points) -> str:
    """Two small charts as SVG: how often a score is right, and what is found with so many sentences."""
    most = max(x for x, _ in curve)
    left = _chart(0, "Right, in percent, by score", right, "0", "100", most=100, diagonal=True)
    bank = [(x, 100 * y) for x, y in curve]
    other = _chart(300, "Found, in percent, by sentences", bank, "0", f"{most:,.0f}", most=most, diagonal=False)
    style = "font-family:sans-serif;font-size:12px;fill:#333"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 240" role="img" style="{style}">'
        f"<title>How often a score is right, and what is found with so many sentences</title>{left}{other}</svg>\n"
    )


def _chart(x: int, title: str, points: Points, first: str, last: str, *, most: float, diagonal: bool) -> str:
    def at(point: tuple[float, float]) -> str:
        return f"{x + 40 + 220 * point[0] / most:.1f},{200 - 1.6 * point[1]:.1f}"

    line = " ".join(map(at, points))
    dots = "".join(
        f'<circle cx="{each.split(",")[0]}" cy="{each.split(",")[1]}" r="3" fill="#1b5e8c"/>' for each in line.split()
    )
    ideal = f'<path d="M{at((0, 0))} L{at((most, 100))}" stroke="#bbb" stroke-dasharray="4"/>' if diagonal else ""
    return (
        f'<text x="{x + 40}" y="20">{title}</text><path d="M{x + 40},40 V200 H{x + 260}" fill="none" stroke="#888"/>'
        f'{ideal}<polyline points="{line}" fill="none" stroke="#1b5e8c" stroke-width="2"/>{dots}'
        f'<text x="{x + 8}" y="45">100</text><text x="{x + 24}" y="204">0</text>'
        f'<text x="{x + 40}" y="220">{first}</text><text x="{x + 228}" y="220">{last}</text>'
    )
