"""A stranger sends 150 reports at once: people get few mails, and a page about every case is accepted in time."""

import asyncio
from time import monotonic

from tests.support.system import until
from tests.support.traffic import concern
from tests.system.conftest import OwnStack

AASE = "aase.eksempel@ekt.example"
BURST = 150
EVERY = 9
"""Seconds between two mails about acute cases to one person."""


async def test_150_reports_at_once_are_a_handful_of_mails_to_a_person_and_an_accepted_page_about_each(
    own_stack: OwnStack,
) -> None:
    system = await own_stack(settings={"notify-work": {"BUNDLE_SECONDS": "20"}})
    warm = await system.send(concern())
    await system.paged(warm["report_id"], within=120)
    began = monotonic()
    sent = await asyncio.gather(*(system.send(concern()) for _ in range(BURST)))
    named = [each["report_id"] for each in sent]

    async def all_paged() -> bool:
        paged = await system.value(
            "escalation",
            """SELECT count(DISTINCT report_id) FROM reports JOIN escalations USING (case_id)
                 JOIN pages USING (escalation_id) WHERE accepted_at IS NOT NULL AND report_id = ANY($1)""",
            named,
        )
        return bool(paged == BURST)

    await until(all_paged, within=90, every=0.5)
    at_most = 2 + (monotonic() - began) / EVERY
    mails = [mail for mail in await system.mails() if mail["To"] == AASE]
    assert 2 <= len(mails) <= 1 + at_most, f"{len(mails)} mails"
    assert sum("ting på dig" in mail.get_content() for mail in mails) >= 1
