"""The reception: a fault of the database counts as no try, and what fails is neither lost nor passed."""

import pytest

from shared.delivery.arrival import Arrival
from shared.delivery.inbox import On
from shared.delivery.outbox import Transaction
from shared.delivery.reception import Opened, Reception
from shared.events.escalation import MessageWithdrawn
from shared.postgres.faults import INFRASTRUCTURE
from tests.conftest import OpenGround
from tests.support import trouble
from tests.support.miniature import MIGRATIONS, effects, headers, reception, withdrawn
from tests.support.services import Ground

FACT = withdrawn()


def arrival() -> Arrival:
    named = tuple((name, value.encode()) for name, value in headers(FACT).items())
    return Arrival(MessageWithdrawn.topic, named, FACT.model_dump_json().encode())


async def opened(at: Reception, what: Arrival) -> Opened:
    found = await at.open(what)
    assert found is not None
    return found


async def noted(ground: Ground) -> tuple[int, int]:
    """How many tries and parked events there are."""
    row = await ground.pool.fetchrow("SELECT (SELECT count(*) FROM tries) AS t, (SELECT count(*) FROM parked) AS p")
    assert row is not None
    return row["t"], row["p"]


@pytest.mark.parametrize("sqlstate", trouble.INFRASTRUCTURE)
@pytest.mark.parametrize("table", ["inbox", "effects"])
async def test_a_fault_of_the_database_counts_as_no_try_and_parks_nothing(
    ground: OpenGround, sqlstate: str, table: str
) -> None:
    service = await ground("notify", MIGRATIONS)
    at, what = reception(service), arrival()
    async with trouble.failing(service.url, sqlstate, table):
        for _ in range(4):
            with pytest.raises(INFRASTRUCTURE):
                await at.deliver(what, await opened(at, what))
    assert await noted(service) == (0, 0)
    assert await at.deliver(what, await opened(at, what))
    assert await effects(service) == [FACT.message_id]


@pytest.mark.parametrize("sqlstate", ["22003", "23514", "P0001"])
async def test_a_fault_of_data_is_tried_three_times_and_parked(ground: OpenGround, sqlstate: str) -> None:
    service = await ground("notify", MIGRATIONS)
    at, what = reception(service), arrival()
    async with trouble.failing(service.url, sqlstate, "effects"):
        done = [await at.deliver(what, await opened(at, what)) for _ in range(3)]
    assert done == [False, False, True]
    assert await noted(service) == (0, 1)


@pytest.mark.parametrize("tables", [("tries",), ("parked",), ("tries", "parked")], ids=", ".join)
async def test_a_failure_that_cannot_be_noted_is_neither_done_nor_parked(
    ground: OpenGround, tables: tuple[str, ...]
) -> None:
    async def fail(tx: Transaction, event: MessageWithdrawn) -> None:
        raise ZeroDivisionError

    service = await ground("notify", MIGRATIONS)
    at, what = reception(service, On(MessageWithdrawn, fail)), arrival()
    async with trouble.failing(service.url, "53100", *tables):
        results = []
        for _ in range(5):
            try:
                results.append(await at.deliver(what, await opened(at, what)))
            except INFRASTRUCTURE:
                results.append(False)
    assert not any(results)
    while not await at.deliver(what, await opened(at, what)):
        pass
    assert await noted(service) == (0, 1)
