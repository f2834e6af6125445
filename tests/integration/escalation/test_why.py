"""*Hvorfor* names no sign that nobody has said: over the API, on the screen, on paper and in mail, whatever is told.

A file is read by parents: what nobody answered must never stand in it as a fact.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake import tick
from services.intake.domain.reading import TextReading
from services.intake.reading import read_text
from services.intake.secrets import Secrets
from services.notify.text import Way, render
from services.triage import app as triage_app
from shared.delivery.inbox import Inbox
from shared.events.codes import Answer, Grade
from shared.events.envelope import Envelope
from shared.events.escalation import MessageRequested
from shared.events.intake import ReportRead, ReportReceived
from shared.events.triage import CaseRated
from shared.ids import EventId, new_id
from shared.signs import QUESTIONS, SIGNS
from tests.conftest import OpenGround
from tests.integration.console.conftest import DITTE, House
from tests.integration.console.conftest import house as house
from tests.support.services import Ground

pytestmark = pytest.mark.timeout(300)
WAY = Way(url="https://vagt", duty="70 20 00 00")
TEXTS = ("", "Hun skal giftes på fredag.", "Far slog ham i går. Der er ingen trusler.", "Alt er godt.")
ASKED = st.dictionaries(
    st.sampled_from([question.sign for question in QUESTIONS]),
    st.sampled_from(["said", "denied", "unknown"]),
    max_size=6,
)
BODIES = st.tuples(ASKED, st.sampled_from(TEXTS), st.sampled_from(["0-5", "13-17", "18+"]))
Reader = Callable[..., TextReading]
DRAWN: list[tuple[dict[str, str], str, str]] = []


@given(BODIES)
@settings(max_examples=30, database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def drawn(body: tuple[dict[str, str], str, str]) -> None:
    """Keep what is drawn, for a test that awaits."""
    DRAWN.append(body)


def bodies() -> Iterator[dict[str, Any]]:
    """Reports whose answers and words are drawn; the first two say nothing, and no to everything."""
    DRAWN.clear()
    drawn()
    nothing, nos = ({}, "", "13-17"), ({question.sign: "denied" for question in QUESTIONS}, "", "13-17")
    for answers, text, band in (nothing, nos, *DRAWN):
        told = [{"sign": sign, "answer": answer} for sign, answer in answers.items()]
        yield {"text": text, "answers": told, "children": [{"name": "Ida Planteret", "age_band": band}]}


def only_suspect(text: str, *, received_at: datetime) -> TextReading:
    """A reader that is sure of nothing."""
    found = read_text(text, received_at=received_at)
    return replace(found, found=tuple(replace(each, grade=Grade.SUSPECTED) for each in found.found))


class Way:
    """A report from intake through triage's own rating to escalation."""

    def __init__(self, house: House, triage: Ground) -> None:
        self.house, self.triage = house, triage

    async def report(self, body: dict[str, Any], read: Reader) -> tuple[ReportReceived, set[str]]:
        """The report, and the signs that somebody said or that were read in it."""
        answer = await self.house.door.post("/v1/reports", json=body)
        named = answer.json()["report_id"]
        secrets = Secrets.read(self.house.intake.keys, self.house.intake.keys_dir)
        while await tick.run_once(self.house.intake.transactions, secrets, read):
            pass
        told = await self.house.intake.published(ReportReceived, ReportRead)
        of_it = [each for each in told if str(getattr(each, "report_id", "")) == named]
        for event in of_it:
            await self._rate(event)
        (received,) = [each for each in of_it if isinstance(each, ReportReceived)]
        await self.house.hear(received)
        for rated in await self.triage.published(CaseRated):
            if rated.case_id == received.case_id:
                await self.house.hear(rated)
        facts = [fact for each in of_it if isinstance(each, ReportReceived | ReportRead) for fact in each.signs]
        known = [fact for fact in facts if fact.grade is not Grade.SUSPECTED]
        return received, {fact.sign for fact in known if fact.answer is Answer.SAID}

    async def _rate(self, event: Any) -> None:
        envelope = Envelope(EventId(new_id()), event.type, "test", self.triage.clock.now(), 1, None)
        await Inbox(self.triage.transactions, triage_app.SUBSCRIPTIONS).take(envelope, event)


def why_on(screen: str) -> str:
    """The part of the screen that says why, without what it says of the unanswered."""
    part = re.sub(
        r'<p class="unanswered">.*?</p>', "", screen.split("Hvorfor ", 1)[1].split("</section>")[0], flags=re.S
    )
    return unescape(re.sub(r"<[^>]+>", " ", part.split("Spørg om disse tre")[0]))


def named_in(text: str, said: set[str]) -> set[str]:
    """The signs that the text names, other than those that were said."""
    for sign in said:
        text = text.replace(SIGNS[sign].danish, "")  # type: ignore[index]
    return {sign for sign, known in SIGNS.items() if sign not in said and known.danish in text}


async def test_no_sign_stands_under_why_unless_a_report_has_it_said_or_read(house: House, ground: OpenGround) -> None:
    way = Way(house, await ground("triage", triage_app.MIGRATIONS))
    seen_unanswered = seen_suspected = 0
    ditte = await house.browser(DITTE)
    for body, read in zip(bodies(), itertools.cycle([read_text, only_suspect]), strict=False):
        event, said = await way.report(body, read)
        bearer = house.escalation.bearer(DITTE, "leader")
        case = (await ditte.client.get(f"/v1/cases/{event.case_id}", headers=bearer | {"Accept": "*/*"})).json()
        facts = [reason for reason in case["rating"]["reasons"] if not reason["unanswered"]]
        assert {sign for reason in facts for sign in reason["signs"]} <= said, body
        seen_unanswered += sum(reason["unanswered"] for reason in case["rating"]["reasons"])
        seen_suspected += sum(reason["suspected"] for reason in case["rating"]["reasons"])
        screen = await ditte.into(event.case_id)
        paper = await ditte.press(screen, "/print")
        for shown in (screen.text, paper.text):
            assert named_in(why_on(shown), said) == set(), body
            assert ("Ingen har svaret på:" in shown) is any(each["unanswered"] for each in case["rating"]["reasons"])
    assert seen_unanswered, "nothing was drawn that rests on silence"
    assert seen_suspected, "nothing was drawn that rests on suspicion"
    mails = await house.escalation.published(MessageRequested)
    assert mails
    for mail in mails:
        assert isinstance(mail, MessageRequested)
        text = render(mail.template, answer_by=mail.answer_by, asked_at=house.escalation.clock.now(), way=WAY)
        assert named_in(f"{text.subject} {text.body}", set()) == set()
