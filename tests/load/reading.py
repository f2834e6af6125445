"""What reading and rating a report costs on one core: `python -m tests.load.reading` prints it as JSON.

Reports of 250 words are made of the marked texts. Fails where a report takes more processor, or the process more
memory, than is wanted.
"""

import json
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from services.intake.domain.reading import contradictions, facts
from services.intake.reading import read_text, reader_model
from services.triage import rules
from services.triage.domain import ReportFacts, rate
from shared.ids import ReportId
from tests.unit.intake.reading.quality import RECEIVED_AT, marked

WORDS = 250
LABELLED = Path("services/intake/reading/examples/reports")
ROUNDS = 1
MOST_MS = 120
"""Milliseconds of processor that reading and rating a report of 250 words may take."""
MOST_MB = 260


def reports() -> list[str]:
    """Texts of 250 words, from reports as people write them."""
    texts = (each["body"]["text"] for path in sorted(LABELLED.glob("*.jsonl")) for each in marked(path))
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


def measured() -> dict[str, Any]:
    """Everything this measures."""
    model = reader_model()
    took = seconds(reports())
    return {
        "model": model,
        "reports": len(took),
        "p50_ms": round(1000 * took[len(took) // 2], 1),
        "p99_ms": round(1000 * took[len(took) * 99 // 100], 1),
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


if __name__ == "__main__":
    found = measured()
    json.dump(found, sys.stdout)
    print()
    sys.exit(found["p50_ms"] > MOST_MS or found["rss_mb"] > MOST_MB)
