"""The second road: while Kafka is away, urgent facts are handed straight to those who wait for them.

The row notes who still waits; it leaves the outbox on Kafka's acknowledgement alone. The consumer's inbox drops
whichever copy comes later.
"""

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg
import httpx2
from pydantic import TypeAdapter

from shared.auth.services import ServiceTokens
from shared.crash import crash_point
from shared.delivery.door import KNOWN, PATH
from shared.events.consumers import CONSUMERS
from shared.postgres.pool import Pool
from shared.settings import ServiceSettings
from shared.telemetry import metrics
from shared.telemetry.logging import error_code, log
from shared.telemetry.tracing import start_send_span, traceparent_of

AT_ONCE = 20
_TIMEOUT = 5.0
_IDS = TypeAdapter(list[UUID])

_handed_over = metrics.Counter("beredskab.second_road.sent", "Facts that went by the second road.")


class SecondRoad:
    """One service's way to those who consume its urgent facts."""

    def __init__(self, settings: ServiceSettings, service: str, pool: Pool, tokens: ServiceTokens) -> None:
        self.service = service
        self._pool = pool
        self._tokens = tokens
        self._addresses = {peer: settings.peers[peer] for peer in _consumers(service) if peer in settings.peers}
        self._client = httpx2.AsyncClient(timeout=_TIMEOUT, trust_env=False)
        self.unknown = sorted(_consumers(service) - self._addresses.keys())
        """Consumers that no address is known of: they must wait for Kafka."""

    @property
    def peers(self) -> list[str]:
        """Those who can be reached by it."""
        return sorted(self._addresses)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def run_once(self, peer: str) -> int | None:
        """Hand the peer what it waits for, oldest first; how much that was. None when it would not take something.

        Raises `INFRASTRUCTURE`.
        """
        rows = await self._pool.fetch(
            """SELECT seq, event_id, topic, headers, body FROM outbox
               WHERE waits_for <> '{}' AND $1 = ANY(waits_for) ORDER BY seq LIMIT $2""",
            peer,
            AT_ONCE,
        )
        for row in rows:
            crash_point("second_road.before_post")
            try:
                if not await self._hand_over(peer, row):
                    return None
            except (ValueError, TypeError, AttributeError) as error:  # what is stored makes no request
                log().error("second_road.unsendable", peer=peer, event_id=row["event_id"], error=error_code(error))
            crash_point("second_road.posted")
            await self._pool.execute(
                "UPDATE outbox SET waits_for = array_remove(waits_for, $2) WHERE seq = $1", row["seq"], peer
            )
        return len(rows)

    async def known_to(self, peer: str, event_ids: Sequence[UUID]) -> set[UUID] | None:
        """Those of the facts that the peer has; None where it does not answer."""
        if peer not in self._addresses:
            return None
        bearer = {"authorization": f"Bearer {self._tokens.token(peer)}"}
        try:
            answer = await self._client.post(
                f"{self._addresses[peer]}{KNOWN}", json=[str(each) for each in event_ids], headers=bearer
            )
            answer.raise_for_status()
            return set(_IDS.validate_json(answer.content))
        except (httpx2.HTTPError, OSError, ValueError) as error:
            log().warning("second_road.not_asked", peer=peer, error=error_code(error))
            return None

    async def _hand_over(self, peer: str, row: asyncpg.Record) -> bool:
        stored: dict[str, str] = json.loads(row["headers"])
        span = start_send_span(
            row["topic"],
            event_id=str(row["event_id"]),
            traceparent=stored.get("traceparent"),
            case_id=stored.get("ce_subject"),
            event_type=stored.get("ce_type"),
        )
        span.set_attribute("server.address", peer)
        try:
            code = await self._post(peer, stored | {"traceparent": traceparent_of(span) or ""}, row["body"])
        finally:
            span.end()
        if code != "204":
            log().warning("second_road.not_taken", peer=peer, event_id=row["event_id"], error=code)
            return False
        _handed_over.add(1, {"peer": peer})
        return True

    async def _post(self, peer: str, headers: dict[str, str], body: bytes) -> str:
        """How the peer answered: its status code, or the name of what went wrong on the way."""
        named = {name.replace("ce_", "ce-", 1): value for name, value in headers.items() if value}
        named["authorization"] = f"Bearer {self._tokens.token(peer)}"
        try:
            answer = await self._client.post(f"{self._addresses[peer]}{PATH}", content=body, headers=named)
        except (httpx2.HTTPError, OSError) as error:
            return error_code(error)
        return str(answer.status_code)


def consumers_of(service: str) -> Mapping[str, tuple[str, ...]]:
    """Who consumes each type of the service's facts."""
    own = {event.type: names for event, names in CONSUMERS.items() if event.topic.split(".")[0] == service}
    return {type_: names for type_, names in own.items() if names}


def _consumers(service: str) -> set[str]:
    return {name for names in consumers_of(service).values() for name in names}
