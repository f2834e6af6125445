"""What a service's code stands on, without its process: pool, transactions, keys, tokens, on a database of the test."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import asyncpg

from deploy.local import keys as local_keys
from shared.auth.claims import PeopleTokens
from shared.auth.services import ServiceTokens
from shared.clock import Clock
from shared.delivery.outbox import Transactions
from shared.events.envelope import EVENTS
from shared.events.model import Event
from shared.ids import NewId, new_id
from shared.postgres.pool import SESSION
from shared.sealing import KeyRing, MacKeys
from tests.support.databases import RUNTIME

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
"""A Tuesday in March, 13.00 in Copenhagen."""


class Hands(Clock):
    """A clock that stands still until the test moves its hands."""

    def __init__(self, at: datetime = NOON) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        return self.at

    def pass_by(self, **span: float) -> datetime:
        """Move on by a `timedelta` of these arguments; gives the new moment."""
        self.at += timedelta(**span)
        return self.at


@dataclass(frozen=True)
class Ground:
    """One service's ground in a test. `url` is its database, `clock` is moved by hand.

    `pool` is the administrator's. `transactions` are the runtime role's: a privilege that is not granted is missed.
    """

    name: str
    url: str
    pool: asyncpg.Pool
    clock: Hands
    transactions: Transactions
    keys_dir: Path
    keys: KeyRing
    tokens: ServiceTokens
    people: PeopleTokens

    @property
    def macs(self) -> MacKeys:
        """The keys of its evidence."""
        return self.transactions.macs

    async def published(self, *models: type[Event]) -> list[Event]:
        """The events in the outbox, in order; only those of the models, where any are named."""
        rows = await self.pool.fetch("SELECT body, headers::json->>'ce_type' AS type FROM outbox ORDER BY seq")
        events = [EVENTS[row["type"]].model_validate_json(row["body"]) for row in rows]
        return [event for event in events if not models or isinstance(event, models)]

    def tokens_of(self, service: str) -> ServiceTokens:
        """The tokens that another service makes."""
        return ServiceTokens.read(self.keys_dir.parent / service, service, self.clock)

    def bearer(self, person_id: UUID, *roles: str, units: Sequence[str] = ("*",)) -> dict[str, str]:
        """The `Authorization` header of a person who has just signed in."""
        token = local_keys.person_token(
            self.keys_dir.parent,
            person_id=person_id,
            roles=list(roles),
            units=list(units),
            now=self.clock.now(),
            lasts=timedelta(hours=8),
        )
        return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def open_ground(
    name: str,
    url: str,
    keys: Path,
    *,
    clock: Hands | None = None,
    ids: NewId = new_id,
    connection: type[asyncpg.Connection] = asyncpg.Connection,
) -> AsyncIterator[Ground]:
    """The ground of the service `name` on the database at `url`; `keys` holds a folder per service."""
    clock = clock or Hands()
    open_pool = partial(asyncpg.create_pool, url, max_size=20, connection_class=connection)
    pool = await open_pool(min_size=1, server_settings=SESSION)
    runtime = await open_pool(min_size=0, server_settings=SESSION | {"role": RUNTIME})
    keys_dir = keys / name
    try:
        yield Ground(
            name=name,
            url=url,
            pool=pool,
            clock=clock,
            transactions=Transactions(
                runtime, clock, name, wake=lambda **_: None, macs=MacKeys.read(keys_dir / "evidence.json"), ids=ids
            ),
            keys_dir=keys_dir,
            keys=KeyRing.read(keys_dir / "kek.json"),
            tokens=ServiceTokens.read(keys_dir, name, clock),
            people=PeopleTokens.read(keys_dir, clock),
        )
    finally:
        await runtime.close()
        await pool.close()
