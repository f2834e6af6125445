"""Contact points lie in notify: it is told where a person is reached, and tells whether they are; where only masked."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
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


class NoAddress(Exception):
    """No address is stored for the person or desk."""


class NoTest(Exception):
    """No test mail waits for an answer."""


class TooSoon(Exception):
    """A test mail has just gone out; another may be asked for after `seconds`."""

    def __init__(self, seconds: str) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Standing:
    """What notify says of a contact point; None where nobody can say."""

    reachable: bool | None = None
    """Whether somebody has vouched for it."""
    proved: bool | None = None
    """False where nobody has answered its test mails for three days."""


def reachable_of(standing: Mapping[UUID, Standing]) -> Mapping[UUID, bool | None]:
    """Whether each has a verified contact point. An unanswered test changes nothing: they are asked all the same."""
    return {named: each.reachable for named, each in standing.items()}


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

    async def standing(self, ids: Iterable[UUID]) -> Mapping[UUID, Standing]:
        """How the contact point of each person or desk stands."""
        wanted = list(ids)
        return dict(zip(wanted, await asyncio.gather(*(self._standing(each) for each in wanted)), strict=True))

    async def _standing(self, named: UUID) -> Standing:
        try:
            async with self._turns:
                answer = await self._ask("GET", f"/reachable/{named}")
            if answer.status_code != 200:
                return Standing()
            told = answer.json()
            return Standing(bool(told["reachable"]), bool(told.get("proved", True)))
        except (NotifyAway, ValueError, KeyError):
            return Standing()

    async def known(self, named: UUID) -> dict[str, Any] | None:
        """The contact point of a person or desk as its owner may see it; None where there is none.

        Raises `NotifyAway`.
        """
        answer = await self._ask("GET", f"/contacts/{named}")
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise NotifyAway
        told: dict[str, Any] = answer.json()
        return told

    async def confirm(self, named: UUID) -> None:
        """A person has got the test mail. Raises `NoTest`, `NotifyAway`."""
        answer = await self._ask("PUT", f"/contacts/{named}/proof")
        if answer.status_code == 404:
            raise NoTest
        if answer.status_code != 204:
            raise NotifyAway

    async def want_test(self, named: UUID) -> None:
        """Let a test mail go out now. Raises `NoAddress`, `TooSoon`, `NotifyAway`."""
        answer = await self._ask("POST", f"/contacts/{named}/proof")
        if answer.status_code == 404:
            raise NoAddress
        if answer.status_code == 429:
            raise TooSoon(answer.headers.get("Retry-After", ""))
        if answer.status_code != 202:
            raise NotifyAway

    async def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> httpx2.Response:
        bearer = {"Authorization": f"Bearer {self._tokens.token('notify')}"}
        try:
            return await self._client.request(method, path, json=body, headers=bearer)
        except httpx2.HTTPError:
            raise NotifyAway from None

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()
