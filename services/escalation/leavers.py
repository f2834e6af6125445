"""Telling intake who has left, so that their sessions end there too: only escalation has the people table."""

from dataclasses import dataclass, field
from uuid import UUID

import httpx2

from services.escalation.store.rota import inactive
from shared.auth.services import ServiceTokens
from shared.postgres.pool import Pool
from shared.telemetry.logging import error_code, log

_AGAIN_AFTER = 300
"""Rounds after which all of it is told once more: intake may have been restored from a backup."""


@dataclass(slots=True)
class Leavers:
    """Hands intake the whole list whenever it differs from what intake took last."""

    pool: Pool
    tokens: ServiceTokens
    intake_url: str | None
    client: httpx2.AsyncClient = field(default_factory=lambda: httpx2.AsyncClient(timeout=5, trust_env=False))
    _taken: list[UUID] | None = None
    _rounds: int = 0

    async def run_once(self) -> int:
        """Look, and tell what is new. Never anything to do at once."""
        left = await inactive(self.pool)
        self._rounds += 1
        if self.intake_url and (left != self._taken or self._rounds >= _AGAIN_AFTER):
            await self._tell(left)
        return 0

    async def _tell(self, left: list[UUID]) -> None:
        headers = {"Authorization": f"Bearer {self.tokens.token('intake')}"}
        body = {"person_ids": [str(each) for each in left]}
        try:
            answer = await self.client.put(f"{self.intake_url}/internal/people/inactive", json=body, headers=headers)
            answer.raise_for_status()
        except httpx2.HTTPError as error:
            log().warning("leavers.not_told", error=error_code(error))
            return
        self._taken, self._rounds = left, 0
