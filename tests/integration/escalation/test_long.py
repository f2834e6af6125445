"""A case of many reports is told in pieces, and telling it is no more work than telling one of few."""

from typing import Any

import pytest

from services.escalation.web.view import SHOWN, case_as_told
from shared.auth.people import Person, Role
from shared.events.codes import Level
from shared.ids import CaseId
from tests.integration.escalation.conftest import AASE, Service

LISTS = ("reports", "ratings", "deadlines", "pages")


async def long_case(service: Service, count: int) -> CaseId:
    """A case of so many reports, each rated anew with all before it."""
    case_id, first = await service.opened(Level.ACUTE)
    reports = [first]
    for no in range(2, count + 1):
        reports.append(service.report(case_id, no))
        await service.hear(reports[-1], service.rating(Level.ACUTE, *reports, no=no))
    return case_id


async def work_to_tell(service: Service, case_id: CaseId) -> tuple[int, int]:
    """How many statements telling the case takes, and how many entries the answer has."""
    who = Person(AASE, frozenset({Role.CONSULTANT}), frozenset({"*"}), service.now)
    statements: list[str] = []
    async with service.ground.transactions.begin("read case") as tx:
        await case_as_told(tx, case_id, who)
        tx.conn.add_query_logger(lambda record: statements.append(record.query))
        told = await case_as_told(tx, case_id, who)
    return len(statements), _entries(told)


def _entries(told: Any) -> int:
    parts = told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    return 1 + sum(map(_entries, parts))


async def test_telling_a_case_is_no_more_work_for_more_reports(service: Service) -> None:
    few, many = await long_case(service, SHOWN + 1), await long_case(service, 2 * SHOWN + 20)
    assert await work_to_tell(service, few) == await work_to_tell(service, many)


@pytest.mark.parametrize("count", [SHOWN, 2 * SHOWN + 20])
async def test_a_long_case_is_walked_through_by_leaving_out_the_newest(service: Service, count: int) -> None:
    case_id = await long_case(service, count)
    found: dict[str, list[str]] = {name: [] for name in LISTS}
    for older in range(0, count + SHOWN, SHOWN):
        told = (await service.ask(AASE, f"cases/{case_id}?older={older}")).json()
        assert all(len(told[name]) <= SHOWN for name in LISTS)
        for name in LISTS:
            found[name] += [str(sorted(each.items(), key=str)) for each in told[name]]
            if not told["more"][name]:
                continue
            assert len(told[name]) == SHOWN
    assert len(found["reports"]) == len(set(found["reports"])) == count
    assert len(found["ratings"]) == len(set(found["ratings"])) == count
    assert len(set(found["deadlines"])) >= count
    newest = await service.case(case_id)
    assert [each["report_no"] for each in newest["reports"]] == list(range(count - SHOWN + 1, count + 1))
    assert (newest["unjudged"], newest["more"]["reports"]) == (count, count - SHOWN)


@pytest.mark.parametrize("odd", ["-1", "x", "", "99999999999", "٣"])
async def test_an_odd_number_to_leave_out_harms_nothing(service: Service, odd: str) -> None:
    case_id, _ = await service.opened(Level.HIGH)
    assert (await service.ask(AASE, f"cases/{case_id}?older={odd}")).status_code == 200
