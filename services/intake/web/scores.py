"""What a text may be about, asked by the door of the worker, which alone has the encoder. Nothing of it is kept.

A question is worth a moment, no more: where the answer takes longer, or too many ask at once, the door asks without it.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import httpx2
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.intake.domain.reading import Scored
from shared.auth import NotSignedIn
from shared.auth.services import ServiceTokens
from shared.signs import KnownSign
from shared.telemetry import metrics
from shared.web.application import body
from shared.web.problems import Problem, Unavailable

PATH = "/internal/scores"
WITHIN = 0.3
"""Seconds that the door waits."""
LOOKED_AT = 3_000
"""Characters of a text that are looked at for questions: more would take longer than the door waits."""
_AT_ONCE = 3
"""Texts that wait or are read at once: one that came behind them would be too late."""
_LIMIT = 8 * LOOKED_AT
_late = metrics.Counter("beredskab.questions.without_text", "Times a reporter was asked without a look at the text.")
_late.add(0)

ReadScores = Callable[[str], Sequence[Scored]]


class _Text(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    text: str = Field(max_length=LOOKED_AT)


class _Score(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    sign: KnownSign
    score: int = Field(ge=0, le=100)
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class _Scores(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    scores: list[_Score] = Field(max_length=1_000)


def scores_route(read: ReadScores, tokens: ServiceTokens) -> Route:
    """The worker's end: for the service's own door. One text at a time, beside the reading of what was sent."""
    turn, waiting = asyncio.Lock(), _Waiting()
    return Route(PATH, partial(_post, read, tokens, turn, waiting), methods=["POST"])


@dataclass(slots=True)
class _Waiting:
    count: int = 0


async def _post(
    read: ReadScores, tokens: ServiceTokens, turn: asyncio.Lock, waiting: _Waiting, request: Request
) -> JSONResponse:
    if tokens.caller(request.headers.get("authorization")) != "intake":
        raise NotSignedIn("the token does not grant this")
    try:
        asked = _Text.model_validate_json(await body(request, _LIMIT))
    except ValidationError:
        raise Problem(422, "invalid", "Send `text`.") from None
    if waiting.count >= _AT_ONCE:
        raise Unavailable("Too many ask at once.")
    waiting.count += 1
    came = time.monotonic()
    try:
        async with turn:
            if time.monotonic() - came > WITHIN:
                raise Unavailable("Too many ask at once.")
            scores = await asyncio.to_thread(read, asked.text)
    finally:
        waiting.count -= 1
    told = [{"sign": each.sign, "score": each.score, "start": each.start, "end": each.end} for each in scores]
    return JSONResponse({"scores": told})


@dataclass(frozen=True, slots=True)
class Worker:
    """The door's end: what the worker at `url` says of a text within its moment; nothing where it does not."""

    url: str
    tokens: ServiceTokens

    async def scores(self, text: str) -> list[Scored]:
        """Each sign that the text may be about, the best first. Empty when nobody can tell in time."""
        looked_at = text[:LOOKED_AT]
        if not looked_at.strip() or not self.url:
            return []
        try:
            async with asyncio.timeout(WITHIN):
                return await self._ask(looked_at)
        except (httpx2.HTTPError, ValidationError, TimeoutError, OSError):
            _late.add(1)
            return []

    async def _ask(self, text: str) -> list[Scored]:
        headers = {"authorization": f"Bearer {self.tokens.token('intake')}"}
        async with httpx2.AsyncClient(timeout=WITHIN, trust_env=False) as client:
            answer = await client.post(f"{self.url}{PATH}", json={"text": text}, headers=headers)
        answer.raise_for_status()
        told = _Scores.model_validate_json(answer.content).scores
        return [
            Scored(each.sign, each.score, each.start, each.end) for each in told if each.start < each.end <= len(text)
        ]
