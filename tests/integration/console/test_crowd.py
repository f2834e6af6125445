"""Many cases of one level that nobody has answered stand together on the work list, and one act takes them."""

from typing import Any

from services.escalation.web.console.work import CROWD
from shared.events.codes import Level
from shared.events.intake import ReportReceived
from tests.integration.console.conftest import AASE, DITTE, House


async def flood(house: House, n: int, level: Level = Level.ACUTE) -> list[ReportReceived]:
    return [await house.report(level, answers=[{"sign": "travel.passport_taken", "answer": "said"}]) for _ in range(n)]


async def acknowledged(house: House) -> list[Any]:
    """Case and person of each entry of evidence that somebody took a case."""
    rows = await house.escalation.pool.fetch("SELECT case_id, actor FROM evidence WHERE act = 'acknowledged'")
    return [(row["case_id"], row["actor"]) for row in rows]


async def test_few_cases_stand_each_for_itself(house: House) -> None:
    await flood(house, CROWD - 1)
    screen = (await (await house.browser(AASE)).open("/work")).text
    assert "Tag alle" not in screen
    assert screen.count('<li id="row-') == CROWD - 1


async def test_a_flood_stands_together_and_is_taken_by_one_act_with_evidence_of_each(house: House) -> None:
    sent = await flood(house, 12)
    (low,) = await flood(house, 1, Level.LOW)
    browser = await house.browser(AASE)
    screen = await browser.open("/work")
    assert "Akut: 12 sager, som ingen har svaret på" in screen.text
    assert "Tag alle 12" in screen.text
    assert screen.text.count('<li id="row-') == 13
    after = await browser.press(screen, "/work/acknowledge")
    assert "Du har taget 12 sager." in after.text
    assert "blev ikke taget" not in after.text
    assert sorted(await acknowledged(house)) == sorted((each.case_id, AASE) for each in sent)
    assert str(low.case_id) in after.text


async def test_what_came_after_the_list_was_shown_is_not_covered_and_a_case_that_is_gone_is_told(house: House) -> None:
    sent = await flood(house, CROWD)
    browser = await house.browser(AASE)
    screen = await browser.open("/work")
    gone = await browser.client.post(f"/v1/cases/{sent[0].case_id}/conflict", json={})
    assert gone.status_code == 204
    after = await browser.press(screen, "/work/acknowledge")
    assert f"Du har taget {CROWD - 1} sager." in after.text
    assert "1 blev ikke taget" in after.text
    assert {case_id for case_id, _ in await acknowledged(house)} == {each.case_id for each in sent[1:]}


async def test_the_act_names_what_was_not_taken_and_takes_the_others(house: House) -> None:
    first, second = await flood(house, 2)
    cases = [
        {"case_id": str(first.case_id), "covers_report_no": 1},
        {"case_id": str(second.case_id), "covers_report_no": 2},
        {"case_id": str(DITTE), "covers_report_no": 1},
    ]
    browser = await house.browser(AASE)
    answer = await browser.client.post("/v1/work/acknowledge", json={"cases": cases})
    assert answer.json() == {
        "taken": [str(first.case_id)],
        "refused": [
            {"case_id": str(second.case_id), "reason": "not_shown"},
            {"case_id": str(DITTE), "reason": "not_found"},
        ],
    }
