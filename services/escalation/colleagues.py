"""Publishing the people to intake, which has sessions too: only escalation has the people table."""

from dataclasses import dataclass, field
from typing import Any

import httpx2

from services.escalation.store.rota import roles_of_people
from shared.auth.services import ServiceTokens
from shared.postgres.pool import Pool
from shared.telemetry.logging import error_code, log

_AGAIN_AFTER = 300
"""Rounds after which all of it is sent once more: intake may have been restored from a backup."""


@dataclass(slots=True)
class Colleagues:
    """Hands intake everybody's roles whenever they differ from what intake took last."""

    pool: Pool
    tokens: ServiceTokens
    intake_url: str | None
    client: httpx2.AsyncClient = field(default_factory=lambda: httpx2.AsyncClient(timeout=5, trust_env=False))
    _taken: list[dict[str, Any]] | None = None
    _rounds: int = 0

    async def run_once(self) -> int:
        """Look, and send what is new. Never anything to do at once."""
        people = await roles_of_people(self.pool)
        self._rounds += 1
        if self.intake_url and (people != self._taken or self._rounds >= _AGAIN_AFTER):
            await self._send(people)
        return 0

    async def _send(self, people: list[dict[str, Any]]) -> None:
        headers = {"Authorization": f"Bearer {self.tokens.token('intake')}"}
        try:
            answer = await self.client.put(
                f"{self.intake_url}/internal/people", json={"people": people}, headers=headers
            )
            answer.raise_for_status()
        except httpx2.HTTPError as error:
            log().warning("colleagues.not_sent", error=error_code(error))
            return
        self._taken, self._rounds = people, 0
