"""Every state of a receipt, for everybody who may hold one, in both languages: true, whole sentences.

The walk goes through all that can happen to a report. Who is proven reads each step of it, everybody else the same
bytes for ever.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from html.parser import HTMLParser
from itertools import product

import pytest

from services.intake.domain.receipt import Step
from shared.events.codes import Outcome, Verification
from shared.events.escalation import Acknowledged, EscalationClosed, ReporterVerified, ReportJudged
from shared.events.intake import ReportReceived
from shared.ids import EscalationId, PersonId, new_id
from tests.integration.intake.conftest import Intake
from tests.integration.intake.test_form import page
from tests.integration.intake.test_receipt import employee, tell
from tests.support.intake import DUTY_PHONE

NOW = {
    "received": ("En konsulent læser den.", "A consultant reads it."),
    "read": ("En konsulent har læst den.", "A consultant has read it."),
    "late": ("Fristen for at vurdere akut fare var", "Acute danger was to be assessed by"),
    "judged, nothing started": ("Kommunen har vurderet den.", "The municipality has judged it."),
    "judged, something started": ("Kommunen har vurderet den.", "The municipality has judged it."),
    "closed": ("Vi er færdige med den her.", "We are done with it here."),
    "more after closing": ("En konsulent læser den.", "A consultant reads it."),
    "more is read": ("En konsulent har læst den.", "A consultant has read it."),
    "all closed": ("Vi er færdige med den her.", "We are done with it here."),
}
"""What a proven reporter is told of now, in the order in which it happens."""
ALSO = {
    "late": ("Vi er forsinkede. Ring", "We are late. Call"),
    "judged, nothing started": ("Kommunen sætter ikke noget i gang nu.", "The municipality starts nothing now."),
    "judged, something started": ("Kommunen har sat noget i gang.", "The municipality has started something."),
    "closed": ("Afsluttet", "Concluded"),
}
FOR_EVER = ("Fristen for at vurdere akut fare er", "Acute danger is to be assessed by")
MONDAY = ("Hvad gør jeg på mandag?", "What do I do on Monday?")
ONESELF = ("Hvad gør jeg nu?", "What do I do now?")
LANGUAGES = ["", "?lang=en"]
BLOCKS = ("p", "li", "dd", "dt", "h1", "h2", "h3", "label", "button", "summary")


class Sentences(HTMLParser):
    """The words of each block of a page's main part, in order, with the block's name and classes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[int] = []
        self.blocks: list[tuple[str, str]] = []
        self.feed(html[html.index("<main") : html.index("</main>")].partition("<template")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS:
            self.open.append(len(self.blocks))
            self.blocks.append((tag, ""))
        elif tag == "br" and self.open:
            self.handle_data(" / ")

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open:
            tag, words = self.blocks[self.open[-1]]
            self.blocks[self.open[-1]] = (tag, words + data)

    def told(self) -> list[tuple[str, str]]:
        return [(tag, " ".join(words.split())) for tag, words in self.blocks]


def halves(html: str) -> list[str]:
    """The blocks that say nothing, break off, or show what a template has not filled in."""
    return [
        f"{tag}: {words}"
        for tag, words in Sentences(html).told()
        if not words
        or re.search(r"[{}]|\bNone\b|\bundefined\b| [.,;:!?](\s|$)|[,;:]$|\b(kl|at|by|senest|den|til)\.?$", words)
        or (tag in ("li", "p") and " / " not in words and words[-1] not in ".?!»”" and words != "Noget.")
    ]


def now_is(html: str) -> str:
    found = re.search(r'<p class="now">([^<]*)', html)
    assert found
    return found[1]


Walk = Callable[[], AsyncIterator[str]]


def walk(intake: Intake, event: ReportReceived, add: Callable[[], Awaitable[object]]) -> Walk:
    """Let happen all that can happen to the report; each state's name once it is there."""
    case_id, pages = event.case_id, EscalationId(new_id())

    async def taken(up_to: int) -> None:
        until = intake.ground.clock.now()
        by = PersonId(new_id())
        await tell(
            intake,
            Acknowledged(
                case_id=case_id, escalation_id=pages, person_id=by, covers_report_no=up_to, promise_until=until
            ),
        )

    async def judged(*, started: bool) -> None:
        await tell(intake, ReportJudged(case_id=case_id, report_id=event.report_id, acute=started, started=started))

    async def closed(up_to: int) -> None:
        outcome = Outcome.SUPPORT_STARTED
        await tell(
            intake,
            EscalationClosed(case_id=case_id, escalation_id=pages, covers_report_no=up_to, outcome=outcome),
        )

    async def happens() -> AsyncIterator[str]:
        yield "received"
        await taken(1)
        yield "read"
        intake.ground.clock.pass_by(hours=25)
        yield "late"
        await judged(started=False)
        yield "judged, nothing started"
        await judged(started=True)
        yield "judged, something started"
        await closed(1)
        yield "closed"
        await add()
        yield "more after closing"
        await taken(2)
        yield "more is read"
        await closed(2)
        yield "all closed"

    return happens


async def sent(intake: Intake, *, signed_in: bool, **fields: str) -> tuple[dict[str, str], ReportReceived]:
    """The words of a new report, and what was told of it."""
    headers = employee(intake) if signed_in else {}
    told = (await intake.client.post("/send", data={"text": "Noget.", **fields}, headers=headers)).json()
    *_, event = await intake.ground.published(ReportReceived)
    assert isinstance(event, ReportReceived)
    return {"reference": told["reference"], "code": told["code"]}, event


async def shown(intake: Intake, own: dict[str, str], lang: str) -> str:
    """The receipt's page, without the key that each page has of its own."""
    html = await page(intake, f"/receipt{lang}", own)
    return re.sub(r'name="key" value="[^"]*"', "", html)


@pytest.mark.parametrize("how", [Verification.SIGNED_IN, Verification.CALLED_BACK])
@pytest.mark.parametrize("lang", LANGUAGES)
async def test_who_is_proven_reads_in_whole_sentences_how_far_it_is(
    intake: Intake, lang: str, how: Verification
) -> None:
    own, event = await sent(intake, signed_in=how is Verification.SIGNED_IN, kind="work", age="13-17")
    if how is Verification.CALLED_BACK:
        await tell(intake, ReporterVerified(case_id=event.case_id, report_id=event.report_id, how=how))

    async def add() -> None:
        await page(intake, "/receipt/additions", own | {"text": "Mere."})

    english = bool(lang)
    states = []
    async for state in walk(intake, event, add)():
        html = await shown(intake, own, lang)
        states.append(state)
        assert halves(html) == [], state
        assert now_is(html).startswith(NOW[state][english]), state
        assert FOR_EVER[english] not in html
        assert ALSO.get(state, NOW[state])[english] in html, state
        assert MONDAY[english] in html
        assert f"{'Authority' if english else 'Myndighed'}: Kommunen" in html
    assert states == list(NOW)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("kind", "signed_in"), [("work", False), ("family", True), ("other", True), ("self", True), ("", False)]
)
async def test_who_is_not_proven_reads_the_same_bytes_for_ever(
    intake: Intake, kind: str, signed_in: bool, lang: str
) -> None:
    own, event = await sent(intake, signed_in=signed_in, kind=kind, age="13-17")
    english = bool(lang)

    async def nothing() -> None:
        """Who adds something has changed their receipt themselves."""

    before = await shown(intake, own, lang)
    as_json = (await intake.client.post("/v1/receipt", json=own)).content
    assert halves(before) == []
    assert FOR_EVER[english] in now_is(before)
    assert f"{'Authority' if english else 'Myndighed'}: Kommunen" in before
    assert (ONESELF if kind == "self" else MONDAY)[english] in before
    assert f'"state":"{Step.RECEIVED}"' in as_json.decode()
    async for state in walk(intake, event, nothing)():
        assert await shown(intake, own, lang) == before, state
        assert (await intake.client.post("/v1/receipt", json=own)).content == as_json, state


async def test_whose_addition_is_not_proven_reads_the_same_bytes_after_it_too(intake: Intake) -> None:
    own, event = await sent(intake, signed_in=False, kind="work", age="13-17")
    await page(intake, "/receipt/additions", own | {"text": "Mere."})
    before = await shown(intake, own, "")
    assert "Den får sin egen frist." in before

    async def nothing() -> None:
        """The addition is there already."""

    async for state in walk(intake, event, nothing)():
        assert await shown(intake, own, "") == before, state


WHOM = list(product(["work", "family", "other", "self", ""], ["0-5", "13-17", "18+", "unborn", ""]))


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_whomever_it_is_about_the_receipt_says_in_whole_sentences_what_to_do(intake: Intake, lang: str) -> None:
    for kind, age in WHOM:
        for more in ({}, {"conflict": "yes", "family_knows": "yes"}):
            own, _ = await sent(intake, signed_in=True, kind=kind, age=age, **more)
            html = await shown(intake, own, lang)
            assert halves(html) == [], (kind, age)
            assert (ONESELF if kind == "self" else MONDAY)[bool(lang)] in html, (kind, age)
            answers = html[html.index('class="facts monday"') :].partition("</dl>")[0]
            assert answers.count("<dd>") == answers.count("<dt>") == 3, (kind, age)
            assert DUTY_PHONE in html
            assert ("§ 138" in html) == (age != "18+"), (kind, age)
