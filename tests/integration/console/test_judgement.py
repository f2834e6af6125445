"""One answer for all reports that a person has read: each judged as its own, in one act, or none."""

from httpx2 import Response

from shared.events.codes import Level
from shared.events.escalation import ReportJudged
from shared.events.intake import ReportReceived
from tests.integration.console.conftest import CARLA, Browser, House
from tests.integration.console.test_console import BODY, evidence

TOGETHER = "Samme svar for alle, jeg har læst"
YES_NO = {"acute": "true", "started": "false", "reason": "De rejser <i nat>."}


async def reports(house: House, count: int) -> ReportReceived:
    """So many reports on the same child; the last of them."""
    child = {"name": "Ida Planteret", "cpr": "010112-9999"}
    told = [await house.report(Level.HIGH, **BODY | {"children": [child], "text": f"Nr. {n}."}) for n in range(count)]
    assert len({each.case_id for each in told}) == 1
    return told[-1]


async def judging(house: House, event: ReportReceived, lang: str = "") -> tuple[Browser, Response]:
    carla = await house.browser(CARLA)
    await carla.into(event.case_id)
    return carla, await carla.open(f"/cases/{event.case_id}/judgement{lang}")


async def judged(house: House) -> list[tuple[bool, bool]]:
    rows = await house.escalation.pool.fetch("SELECT * FROM judgements ORDER BY report_id, n")
    return [(row["acute"], row["started"]) for row in rows]


async def test_one_answer_judges_each_report_that_was_read_as_its_own_act(house: House) -> None:
    event = await reports(house, 3)
    carla, form = await judging(house, event)
    assert f"{TOGETHER} (1–3)" in form.text
    done = await carla.press(form, "/judgements", **YES_NO)
    assert "Dine vurderinger er gemt, en for hver underretning." in done.text
    assert await judged(house) == [(True, False)] * 3
    told = [each for each in await house.escalation.published(ReportJudged) if isinstance(each, ReportJudged)]
    assert len({each.report_id for each in told}) == 3
    assert len(await evidence(house.escalation, "judged")) == 3
    left = await house.escalation.pool.fetch("SELECT state FROM deadlines WHERE rule = 'acute_judgement'")
    assert {row["state"] for row in left} == {"met"}


async def test_the_button_is_there_only_for_more_than_one(house: House) -> None:
    event = await reports(house, 1)
    _, form = await judging(house, event)
    assert TOGETHER not in form.text
    again = await reports(house, 1)
    carla = await house.browser(CARLA)
    unread = (await carla.open(f"/cases/{again.case_id}/judgement")).text
    assert TOGETHER not in unread
    assert "Du har ikke læst den endnu." in unread
    await carla.into(event.case_id)
    english = (await carla.open(f"/cases/{event.case_id}/judgement?lang=en")).text
    assert "The same answer for all I have read (1–2)" in english


async def test_a_report_that_the_person_has_not_read_is_in_no_common_answer(house: House) -> None:
    event = await reports(house, 2)
    carla, _ = await judging(house, event)
    newest = await reports(house, 1)
    form = await carla.open(f"/cases/{event.case_id}/judgement")
    assert f"{TOGETHER} (1–2)" in form.text
    forged = await carla.press(form, "/judgements", **YES_NO | {f"report.{newest.report_id}": "3"})
    assert (forged.status_code, "Læs dem først" in forged.text) == (409, True)
    assert await judged(house) == []


async def test_names_alone_are_no_reading(house: House) -> None:
    event = await reports(house, 2)
    carla = await house.browser(CARLA)
    asked = await carla.open(f"/cases/{event.case_id}")
    names = asked if "/known" in asked.text else await carla.press(asked, "/purpose", purpose="takeover")
    assert "Kender du nogen af dem?" in names.text
    assert {each["part"] for each in await evidence(house.escalation, "report_read")} == {"names"}
    assert TOGETHER not in (await carla.open(f"/cases/{event.case_id}/judgement")).text


async def test_a_case_that_has_changed_takes_no_common_answer(house: House) -> None:
    event = await reports(house, 2)
    carla, form = await judging(house, event)
    await reports(house, 1)
    stale = await carla.press(form, "/judgements", **YES_NO)
    assert (stale.status_code, "Sagen er ændret" in stale.text) == (409, True)
    assert await judged(house) == []
    assert "Dine vurderinger er gemt" in (await carla.press(stale, "/judgements")).text
    assert len(await judged(house)) == 2
