"""Contact points lie in notify: it is told where a person is reached, and tells whether they are, never where."""

import asyncio
from collections.abc import Iterable, Mapping
from uuid import UUID

import httpx2

from shared.auth.services import ServiceTokens
from shared.ids import PersonId

_TIMEOUT = 3.0
_AT_ONCE = 8


class NotifyAway(Exception):
    """notify did not answer."""


class UnusableAddress(Exception):
    """notify cannot use the address. It is not repeated."""


class Contacts:
    """Asks notify."""

    def __init__(self, address: str, tokens: ServiceTokens, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._tokens = tokens
        self._client = httpx2.AsyncClient(base_url=address, timeout=_TIMEOUT, trust_env=False, transport=transport)
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def put(self, person_id: PersonId, *, channel: str, address: str) -> None:
        """The person vouches for where they are reached. Raises `UnusableAddress`, `NotifyAway`."""
        body = {"channel": channel, "address": address, "verified_by": str(person_id)}
        answer = await self._ask("PUT", f"/contacts/{person_id}", body)
        if answer.status_code == 422:
            raise UnusableAddress
        if answer.status_code != 204:
            raise NotifyAway

    async def reachable(self, ids: Iterable[UUID]) -> Mapping[UUID, bool | None]:
        """Whether each person or desk has a verified contact point; None where nobody can say."""
        wanted = list(ids)
        return dict(zip(wanted, await asyncio.gather(*(self._reachable(each) for each in wanted)), strict=True))

    async def _reachable(self, named: UUID) -> bool | None:
        try:
            async with self._turns:
                answer = await self._ask("GET", f"/reachable/{named}")
            return bool(answer.json()["reachable"]) if answer.status_code == 200 else None
        except (NotifyAway, ValueError, KeyError):
            return None

    async def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> httpx2.Response:
        bearer = {"Authorization": f"Bearer {self._tokens.token('notify')}"}
        try:
            return await self._client.request(method, path, json=body, headers=bearer)
        except httpx2.HTTPError:
            raise NotifyAway from None

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()
