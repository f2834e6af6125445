"""The example bank: sentences and reports as people write them, with the signs that they say or deny."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.intake.domain.prose import text_of
from shared.signs import PLACE, SignId

EXAMPLES = Path("services/intake/reading/examples")
ADDED = EXAMPLES / "added.jsonl"
"""Where `beredskab reading add` writes."""
_ANY_DAY = datetime(2026, 6, 1, 10, tzinfo=UTC)


class BadExample(Exception):
    """A line of the bank that cannot be used; says which and why."""


@dataclass(frozen=True, slots=True)
class Said:
    """A sign that a text says, with the words that say it. `earlier`: of earlier times."""

    sign: SignId
    quote: str
    earlier: bool


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text. `author`: the file it is from. `open`: signs that one may see in it or not."""

    text: str
    said: Sequence[Said]
    open: frozenset[SignId]
    author: str
    received_at: datetime = _ANY_DAY
    body: Mapping[str, Any] | None = None
    expect: Mapping[str, Any] | None = None

    @property
    def signs(self) -> frozenset[SignId]:
        """The signs that it says."""
        return frozenset(each.sign for each in self.said)


def sentences(folder: Path = EXAMPLES) -> list[Example]:
    """The bank's sentences. Raises `BadExample`."""
    return [_sentence(given, author, where) for author, where, given in _lines(folder)]


def reports(folder: Path = EXAMPLES / "reports") -> list[Example]:
    """Whole reports, every sign of which is labelled. Raises `BadExample`."""
    return [_report(given, author, where) for author, where, given in _lines(folder)]


def reports_in(lines: Iterable[bytes]) -> list[Example]:
    """The labelled reports in these lines. Raises `BadExample`."""
    return [_report(json.loads(line), "given", f"line {n}") for n, line in enumerate(lines, 1) if line.strip()]


def _lines(folder: Path) -> Iterator[tuple[str, str, Any]]:
    for file in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            where = f"{file.name}, line {number}"
            try:
                yield file.stem, where, json.loads(line)
            except ValueError as error:
                raise BadExample(f"{where} is no JSON") from error


def _sentence(given: Mapping[str, Any], author: str, where: str) -> Example:
    text = str(given["text"])
    said = [_said(each, each["answer"], text, where) for each in given["signs"]]
    return Example(text, [each for each in said if each], frozenset(), author)


def _report(given: Mapping[str, Any], author: str, where: str) -> Example:
    body, expect = given["body"], given["expect"]
    text = text_of(body)
    said = [each for each in (_said(one, one["polarity"], text, where) for one in expect["signs"]) if each]
    may = frozenset(SignId(sign) for sign in expect.get("arguable", ())) - {each.sign for each in said}
    return Example(text, said, may, author, datetime.fromisoformat(body["received_at"]), body, expect)


def _said(label: Mapping[str, Any], answer: str, text: str, where: str) -> Said | None:
    if label["sign"] not in PLACE:
        raise BadExample(f"{where}: {label['sign']} is no sign of the catalogue")
    if label["quote"] not in text:
        raise BadExample(f"{where}: the quote of {label['sign']} does not stand in the text")
    return Said(SignId(label["sign"]), label["quote"], label.get("when") == "earlier") if answer == "said" else None
