"""Writes what 200 texts are read as: `python -m tests.unit.intake.reading.golden`, after `make reading`."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.intake.reading import read_text, reader_model

EXAMPLES = Path("services/intake/reading/examples")
GOLDEN = Path("tests/data/reading-golden.jsonl")
RECEIVED_AT = datetime(2026, 3, 10, 13, 0, tzinfo=UTC)


def told(text: str) -> dict[str, Any]:
    """A text with everything that is read of it."""
    read = read_text(text, received_at=RECEIVED_AT)
    found = [
        [one.sign, one.answer, one.grade, one.score, one.when, str(one.date), one.start, one.end] for one in read.found
    ]
    scores = [[one.sign, one.score, one.start, one.end] for one in read.scores]
    return {"text": text, "found": found, "scores": scores, "unread": read.language_unread}


def main() -> None:
    """Write the file anew."""
    lines = [line for name in "ab" for line in (EXAMPLES / f"reports/{name}.jsonl").read_text("utf-8").splitlines()]
    texts = [json.loads(line)["body"]["text"] for line in lines][:200]
    written = [json.dumps(each, ensure_ascii=False) for each in ({"model": reader_model()}, *map(told, texts))]
    GOLDEN.write_text("\n".join(written) + "\n", "utf-8")


if __name__ == "__main__":
    main()
