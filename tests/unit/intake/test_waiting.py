"""Wrong words cost time, drafts have keys for half a day."""

import asyncio
from datetime import timedelta

import pytest

from services.intake.web import patience as patience_module
from services.intake.web.drafts import LIFETIME, DraftKeys
from services.intake.web.patience import Patience
from shared.web.problems import Unavailable
from tests.support.services import Hands


def test_the_more_wrong_tries_for_a_reference_the_longer_each_takes() -> None:
    patience = Patience(shortest=0.5, longest=8)
    waits = [patience.wait("K7MX4PQR", now=0.0) for _ in range(12)]
    assert waits[:3] == [0.5, 0.5, 0.5]
    assert waits == sorted(waits)
    assert waits[-1] == 8
    assert patience.wait("00000000", now=0.0) == 0.5


def test_tries_are_forgotten_one_a_minute() -> None:
    patience = Patience(shortest=0.5, longest=8)
    for _ in range(6):
        patience.wait("K7MX4PQR", now=0.0)
    assert patience.wait("K7MX4PQR", now=0.0) == 8
    assert patience.wait("K7MX4PQR", now=600.0) == 0.5


def test_guessing_at_many_references_takes_no_memory_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience_module, "_REFERENCES", 10)
    patience = Patience()
    for n in range(100):
        patience.wait(str(n), now=0.0)
    assert len(patience._tries) == 10


async def test_more_wrong_words_than_can_wait_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience_module, "_WAITING", 1)
    patience = Patience(shortest=5)
    now = asyncio.get_running_loop().time()
    first = asyncio.ensure_future(patience.wrong("a", since=now))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await patience.wrong("b", since=now)
    first.cancel()


def test_a_draft_finds_its_key_again_for_half_a_day() -> None:
    clock = Hands()
    keys = DraftKeys(b"secret", clock)
    draft = keys.new()
    clock.at += LIFETIME - timedelta(seconds=1)
    assert keys.opened(draft.id) == draft
    clock.at += timedelta(seconds=2)
    assert keys.opened(draft.id) is None


@pytest.mark.parametrize("made_up", ["", "x", "é", "AAAA", "A" * 54 + "==", "=" * 80])
def test_a_draft_of_nobodys_has_no_key(made_up: str) -> None:
    keys = DraftKeys(b"secret", Hands())
    assert keys.opened(made_up) is None
    assert DraftKeys(b"another", Hands()).opened(keys.new().id) is None


def test_two_drafts_have_two_keys() -> None:
    keys = DraftKeys(b"secret", Hands())
    assert keys.new().key != keys.new().key
