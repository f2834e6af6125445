"""Waking the loops that wait for rows: at once inside a process, by NOTIFY between processes, by a poll in any case.

NOTIFY is sent after the commit and never inside the transaction: there it serialises all commits of the database.
"""

import asyncio
import secrets
from contextlib import suppress

from shared.postgres.faults import INFRASTRUCTURE
from shared.postgres.pool import Connection, Pool
from shared.telemetry.logging import log

CHANNEL = "beredskab"
_NAMES = 0x6265_7264  # any fixed number: it names the locks by which processes hold their instance numbers
_CLAIM_EVERY = 10.0


class Wake:
    """Tells every loop of this service, in this process and in others, that there is something to look at."""

    def __init__(self, pool: Pool, *, instance: int = 0) -> None:
        self._pool = pool
        self._instance = instance
        self._name = secrets.token_hex(8)
        self._due = asyncio.Event()
        self._for_facts: list[asyncio.Event] = []
        self._for_work: list[asyncio.Event] = []
        self._held = False
        self.name_taken = False
        """Whether another process of this service runs under our instance number."""
        self.leads = False
        """Whether this process is the one that moves what is committed on: then no other waits for its word."""

    def on_facts(self) -> asyncio.Event:
        """An event of one loop's own; it is set whenever facts wait in the outbox."""
        return _added(self._for_facts)

    def on_work(self) -> asyncio.Event:
        """The same, for work that the service stores for a loop of its own."""
        return _added(self._for_work)

    def __call__(self, *, facts: bool, work: bool) -> None:
        """Something was committed: wake the loops here, and have the process told that moves it on."""
        for event in (*(self._for_facts if facts else ()), *(self._for_work if work else ())):
            event.set()
        if not self.leads:
            self._due.set()

    def _wake_here(self) -> None:
        for event in (*self._for_facts, *self._for_work):
            event.set()

    async def notify_others(self) -> None:
        """The loop that tells the other processes, many commits by one NOTIFY. Runs until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            with suppress(*INFRASTRUCTURE):
                await self._pool.execute(f"NOTIFY {CHANNEL}, '{self._name}'")

    async def listen(self) -> None:
        """The loop that hears the other processes; a lost connection is opened again. Runs until cancelled."""
        while True:
            with suppress(*INFRASTRUCTURE):
                async with self._pool.acquire() as conn:
                    await self._hear(conn)
            await asyncio.sleep(1)

    async def _hear(self, conn: Connection) -> None:
        lost = asyncio.Event()

        def ended(_: object) -> None:
            lost.set()

        def heard(_conn: object, _pid: int, _channel: str, by: object) -> None:
            if by != self._name:  # here everybody is awake already
                self._wake_here()

        self._held = False
        conn.add_termination_listener(ended)
        await conn.add_listener(CHANNEL, heard)
        try:
            self._wake_here()
            while not lost.is_set():
                await self._claim_name(conn)
                await wait(lost, at_most=_CLAIM_EVERY, clear=False)
        finally:
            with suppress(*INFRASTRUCTURE):
                conn.remove_termination_listener(ended)
                await conn.remove_listener(CHANNEL, heard)
                if self._held:
                    await conn.execute("SELECT pg_advisory_unlock($1, $2)", _NAMES, self._instance)

    async def _claim_name(self, conn: Connection) -> None:
        """Hold our instance number for as long as the session lasts; say so where another process holds it.

        Two of one number take Kafka's partitions from each other (static membership). Nothing is lost by it, but the
        older one stands still.
        """
        if self._held:
            return
        self._held = await conn.fetchval("SELECT pg_try_advisory_lock($1, $2)", _NAMES, self._instance)
        self.name_taken = not self._held
        if self.name_taken:
            log().error("instance.number_taken", instance=self._instance, reason="set_another_BEREDSKAB_INSTANCE")


def _added(events: list[asyncio.Event]) -> asyncio.Event:
    events.append(event := asyncio.Event())
    return event


async def wait(event: asyncio.Event, *, at_most: float, clear: bool = True) -> None:
    """Wait until woken, or `at_most` seconds: the poll that makes a lost wake harmless."""
    with suppress(TimeoutError):
        async with asyncio.timeout(at_most):
            await event.wait()
    if clear:
        event.clear()
