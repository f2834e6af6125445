"""What reading and rating a report costs on one core: `python -m tests.load.reading` prints it as JSON.

Reports of 250 words are made of the marked texts. The tenfold lexicon has nine more of each pattern, every word of them
made another, so that it shows what the mere size of the lexicon costs.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from services.intake.domain.reading import contradictions, facts
from services.intake.reading import LEXICON, lexicon, read_text
from services.triage import rules
from services.triage.domain import ReportFacts, rate
from shared.ids import ReportId
from tests.unit.intake.reading.quality import RECEIVED_AT, marked

WORDS = 250
ROUNDS = 5


def reports() -> list[str]:
    """Texts of 250 words, from all that is marked."""
    texts = (each["text"] for name in ("development", "heldout") for each in marked(f"reading-{name}.jsonl"))
    words = " ".join(texts).split()
    return [" ".join(words[n : n + WORDS]) for n in range(0, len(words) - WORDS, WORDS)]


def read_and_rate(text: str) -> None:
    """One report's whole way from text to level."""
    read = read_text(text, received_at=RECEIVED_AT)
    told = facts(read)
    report = ReportFacts(
        report_id=ReportId(UUID(int=0)),
        received_at=RECEIVED_AT,
        signs=told,
        contradictions=contradictions((), told),
        language_unread=read.language_unread,
    )
    rate([report], rules.newest(), as_of=RECEIVED_AT)


def seconds(texts: Sequence[str]) -> list[float]:
    """The processor's seconds for each text, several times over, shortest first."""
    for text in texts:
        read_and_rate(text)
    return sorted(_once(text) for _ in range(ROUNDS) for text in texts)


def _once(text: str) -> float:
    begun = time.process_time()
    read_and_rate(text)
    return time.process_time() - begun


def grow_tenfold() -> None:
    """Add nine strangers of every pattern to the lexicon in use."""
    LEXICON.forget()
    for sign, entry in lexicon.entries().items():
        for each in entry["said"]:
            for n in range(9):
                LEXICON.add(sign, "said", " ".join(_strangers(each, n)))


def _strangers(written: str, n: int) -> Iterator[str]:
    for item in written.replace("(", " ").replace(")", " ").replace("[", " ").replace("]", " ").split()[:4]:
        yield item if item in ("..", "...", "&") else f"fremmed{n}{item.strip('*=@|').replace('|', '')}"


def measured() -> dict[str, Any]:
    """Everything this measures."""
    texts = reports()
    took = seconds(texts)
    told = {
        "reports": len(took),
        "p50_ms": round(1000 * took[len(took) // 2], 2),
        "p99_ms": round(1000 * took[len(took) * 99 // 100], 2),
        "reports_per_second": round(len(took) / sum(took)),
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    grow_tenfold()
    grown = seconds(texts)
    return {**told, "p50_ms_tenfold": round(1000 * grown[len(grown) // 2], 2)}


if __name__ == "__main__":
    json.dump(measured(), sys.stdout)
    print()
