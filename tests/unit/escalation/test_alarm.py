"""The alarm's own ladder."""

from dataclasses import replace
from uuid import UUID

from services.escalation.domain.alarm import WAIT, Alarm, climb
from shared.ids import PersonId
from tests.unit.escalation.world import CASE, DOEGNVAGT, LEADER, NOBODY, NOW, ROTA

FRIDA = PersonId(UUID(int=14))
STARTED = Alarm(UUID(int=9), CASE, 1, 0, NOW)


def test_it_tells_leaders_then_operators_then_the_duty_desk_and_begins_again() -> None:
    alarm, told, rota = STARTED, [], replace(ROTA, operators=(FRIDA,))
    for _ in range(4):
        alarm, recipients = climb(alarm, rota, alarm.next_at)
        told.append([each.id for each in recipients])
    assert told == [[LEADER], [FRIDA], [DOEGNVAGT], [LEADER]]
    assert (alarm.round, alarm.rung, alarm.next_at) == (2, 1, NOW + 4 * WAIT)


def test_a_rung_without_anybody_is_skipped_at_once() -> None:
    _, recipients = climb(replace(STARTED, rung=1), ROTA, NOW)
    assert [each.id for each in recipients] == [DOEGNVAGT]


def test_with_nobody_at_all_it_waits_and_does_not_spin() -> None:
    alarm, recipients = climb(STARTED, NOBODY, NOW)
    assert (recipients, alarm.next_at) == ((), NOW + WAIT)
