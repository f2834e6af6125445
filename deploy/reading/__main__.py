"""`make reading`: learn from the example bank, measure across authors, write the numbers and docs/reading.md."""

import sys
import time

from deploy.reading import bank, measure, report
from deploy.reading.fit import fitted, seen
from services.intake.reading.classifier import TRAINED
from services.intake.reading.encoder import load_encoder


def main() -> None:
    """Learn and measure; some minutes."""
    begun = time.monotonic()
    sees = load_encoder()
    sentences = [seen(each, sees) for each in bank.sentences()]
    reports = [seen(each, sees) for each in bank.reports()]
    across = measure.across(reports, sentences)
    model = measure.calibrated(fitted([*sentences, *reports]), across)
    model.save(TRAINED)
    report.write(model, sentences, reports, across)
    print(f"{model.version}: {TRAINED.stat().st_size // 1000} kB, in {time.monotonic() - begun:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
