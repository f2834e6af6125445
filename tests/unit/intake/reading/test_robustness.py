"""No text makes reading slow or fail. What grows with the square of the length takes minutes for one of these."""

import time

import pytest

from services.intake.reading import read_by_patterns
from tests.unit.intake.reading.quality import RECEIVED_AT

SIZE = 256 * 1024
LIMIT = 10.0
ZALGO = "Hun bliver slået".replace("", "\u0335\u0321\u0489")
BOMBS = {
    "report": "Hun bliver slået af sin far, og de rejser til udlandet på fredag. Hun må ikke komme til fest. ",
    "negations": "ikke ",
    "commas": "slår, ",
    "no space": "a",
    "distinct words": "",
    "zalgo": ZALGO,
    "right to left": "\u202eواحد اثنان \u202d ",
    "regex": "aaaa-aaaa-aaaa'",
    "dates": "d. 1. om 3 uger 18/12 i uge 2 ",
    "numbers": "1.1.1.1.",
    "quotes": '"hun" "slår" ',
    "emoji": "\U0001f62d\ufe0f\u200d",
    "newlines": "\n",
    "half pairs": "\ud83d ",
    "conditions": "hvis de finder ud af det ",
    "one sign": "kniv pistol far slår hende ihjel ",
}


def bomb(name: str) -> str:
    if name == "distinct words":
        return " ".join(f"ord{n}slår" for n in range(26_000))[:SIZE]
    return (BOMBS[name] * (SIZE // max(len(BOMBS[name]), 1) + 1))[:SIZE]


@pytest.mark.parametrize("name", BOMBS)
def test_the_longest_text_is_read_in_seconds(name: str) -> None:
    text = bomb(name)
    begun = time.process_time()
    read_by_patterns(text, received_at=RECEIVED_AT)
    assert time.process_time() - begun < LIMIT


def test_a_hundred_thousand_negations_deny_what_follows_and_nothing_breaks() -> None:
    read = read_by_patterns("ikke " * 100_000 + "slået", received_at=RECEIVED_AT)
    assert all(one.end <= 500_006 for one in read.found)
