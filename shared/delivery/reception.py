"""Where both roads end: what arrived is opened, given to its handler, skipped because it is not ours, or parked."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.clock import Clock
from shared.delivery import parking
from shared.delivery.arrival import Arrival
from shared.delivery.inbox import Inbox
from shared.events.consumers import publisher_of
from shared.events.envelope import Envelope, Undecodable, event_of
from shared.events.model import Event
from shared.postgres.faults import INFRASTRUCTURE
from shared.postgres.pool import Pool
from shared.sealing import KeyRing
from shared.telemetry import metrics
from shared.telemetry.logging import error_code, log

NOT_ITS_PUBLISHER = "not_its_publisher"
_skipped = metrics.Counter("beredskab.events.skipped", "Events of a type that this service does nothing with.")


@dataclass(frozen=True, slots=True)
class Opened:
    """What arrived, read."""

    envelope: Envelope
    event: Event


class Reception:
    """One service's reception. Every method but `deliver` may raise `INFRASTRUCTURE` and nothing else."""

    def __init__(self, inbox: Inbox, pool: Pool, keys: KeyRing, clock: Clock) -> None:
        self.inbox = inbox
        self._pool = pool
        self._keys = keys
        self._clock = clock

    async def open(self, arrival: Arrival) -> Opened | None:
        """The event, if this service has something to do with it; what cannot be read is parked."""
        try:
            envelope = arrival.envelope()
            event = event_of(envelope, arrival.body)
            _demand_its_publisher(arrival, envelope)
        except Undecodable as fault:
            await self.park(arrival, reason=fault.reason)
            return None
        if event is None or not self.inbox.handles(event):
            _skipped.add(1, {"known": event is not None})
            return None
        return Opened(envelope, event)

    async def deliver(self, arrival: Arrival, opened: Opened) -> bool:
        """Let it have its effect; False when it has to be tried again. At the third failure it is parked.

        Raises `INFRASTRUCTURE`: then nothing is wrong with the event, or its failure could not be noted. Either way
        it is neither done nor parked.
        """
        try:
            await self.inbox.take(opened.envelope, opened.event)
        except INFRASTRUCTURE:
            raise
        except Exception as error:
            log().error("event.failed", event_id=opened.envelope.id, type=opened.event.type, error=error_code(error))
            if await self._tries(arrival) < parking.TRIES:
                return False
            await self.park(arrival, reason=f"handler_{error_code(error)}")
        return True

    async def _tries(self, arrival: Arrival) -> int:
        """How often it has failed. Where not even that can be counted, no other try is waited for."""
        try:
            return await parking.count_try(self._pool, arrival)
        except INFRASTRUCTURE:
            raise
        except Exception as error:
            log().error("event.try_not_counted", type=arrival.type, error=error_code(error))
            return parking.TRIES

    async def park(self, arrival: Arrival, *, reason: str) -> None:
        """Set it aside. What it says it is may have a last net: a person is asked before it is out of sight."""
        if reason != NOT_ITS_PUBLISHER:
            try:
                await self.inbox.catch(arrival)
            except INFRASTRUCTURE:
                raise
            except Exception as error:
                log().critical("net.failed", type=arrival.type, error=error_code(error))
        await parking.park(self._pool, self._keys, self._clock, arrival, reason=reason)
        where = {"topic": arrival.topic, "partition": arrival.partition, "offset": arrival.offset}
        log().error("event.parked", parked_id=arrival.arrival_id, reason=reason, **where)

    async def known(self, event_ids: Sequence[UUID]) -> list[UUID]:
        """Those of the events that have had their effect here, or are set aside for a person to look at."""
        return await self.inbox.known(self._pool, event_ids)

    async def replay_once(self) -> int:
        """Take in the oldest parked event whose replay was asked for; how many that were."""
        arrival = await parking.next_asked(self._pool, self._keys)
        if arrival is None:
            return 0
        opened = await self.open(arrival)
        if opened is None or await self.deliver(arrival, opened):
            await parking.settle(self._pool, arrival.arrival_id, clock=self._clock)
        return 1


def _demand_its_publisher(arrival: Arrival, envelope: Envelope) -> None:
    """A service tells its own facts on its own topic; who may write to a topic is held by the broker's ACLs."""
    owner = arrival.topic.split(".")[0]
    if envelope.source != owner or publisher_of(envelope.type) not in (owner, None):
        raise Undecodable(NOT_ITS_PUBLISHER)
