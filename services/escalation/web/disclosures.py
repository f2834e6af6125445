"""Asking intake for a report that somebody may read. What comes back is shown and never stored here."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import httpx2

from shared.auth.grants import Grant
from shared.auth.services import ServiceTokens
from shared.telemetry.logging import error_code, log
from shared.telemetry.tracing import current_traceparent

Json: TypeAlias = dict[str, Any]
_AT_ONCE = 10
_LONGEST = 5.0
"""Seconds for one report, whatever drips: it must not take the others along."""


@dataclass(slots=True)
class Disclosures:
    """The way to intake's sealed reports."""

    intake_url: str
    tokens: ServiceTokens
    client: httpx2.AsyncClient = field(default_factory=lambda: httpx2.AsyncClient(timeout=5, trust_env=False))

    async def read(self, grants: Sequence[Grant]) -> list[Json | None]:
        """What each grant opens; None where intake does not answer: the screen says so and tells the rest."""
        few = asyncio.Semaphore(_AT_ONCE)
        return list(await asyncio.gather(*(self._read(grant, few) for grant in grants)))

    async def _read(self, grant: Grant, few: asyncio.Semaphore) -> Json | None:
        headers = {"Authorization": f"Bearer {self.tokens.token('intake', grant.claims())}"}
        if traceparent := current_traceparent():
            headers["traceparent"] = traceparent
        try:
            async with few, asyncio.timeout(_LONGEST):
                answer = await self.client.post(
                    f"{self.intake_url}/internal/reports/{grant.report_id}/read", headers=headers
                )
            answer.raise_for_status()
            found: Json = answer.json()
        except (httpx2.HTTPError, ValueError, TimeoutError) as error:
            log().error("report.not_shown", report_id=grant.report_id, error=error_code(error))
            return None
        return found
