"""`POST /v1/questions` and the check page: asked within a moment or without the text, and nothing of it is stored."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from services.intake.domain.reading import Scored
from services.intake.reading import read_text
from services.intake.web.scores import LOOKED_AT, PATH, scores_route
from shared.signs import SignId
from shared.web.application import application
from tests.integration.intake.conftest import Intake
from tests.support.http import listening
from tests.support.intake import intake_door
from tests.support.services import NOON

TEXT = "Zebrapigen siger, at hendes far har taget hendes pas, og at de flyver til Marokko på fredag."
PASSPORT = SignId("travel.passport_taken")
Answering = Callable[[Request], Awaitable[Response]]


@asynccontextmanager
async def asking(intake: Intake, *routes: Route) -> AsyncIterator[httpx2.AsyncClient]:
    """A client at a door whose worker has these routes."""
    async with listening(Starlette(routes=routes)) as url:
        transport = httpx2.ASGITransport(intake_door(intake.ground, worker_url=url))
        async with httpx2.AsyncClient(transport=transport, base_url="http://intake") as client:
            yield client


def worker(answer: Answering) -> Route:
    """A worker that answers so."""
    return Route(PATH, answer, methods=["POST"])


async def asked(client: httpx2.AsyncClient, **body: object) -> list[dict[str, object]]:
    """The questions about a report."""
    answer = await client.post("/v1/questions", json=body)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()["questions"]
    assert len(found) <= 6
    assert all(set(each) == {"sign", "question", "reason", "quote"} for each in found)
    return found


async def in_time(client: httpx2.AsyncClient, **body: object) -> list[dict[str, object]]:
    """The questions, once the worker has answered in time: on a busy machine it may be late."""
    for _ in range(50):
        found = await asked(client, **body)
        if found[0]["reason"] == "suspected":
            break
    return found


async def test_what_the_text_may_say_is_asked_with_the_words_that_make_one_ask(intake: Intake) -> None:
    def read(text: str) -> Sequence[Scored]:
        return read_text(text, received_at=NOON).scores

    read(TEXT)  # loads the reader, which takes seconds once
    async with asking(intake, scores_route(read, intake.ground.tokens)) as client:
        found = await in_time(client, text=TEXT)
        again = await asked(client, text=TEXT, answers=[{"sign": each["sign"], "answer": "denied"} for each in found])
        pages = [await client.post("/check", data={"text": TEXT, "age": "13-17"}) for _ in range(5)]
    first = found[0]
    assert first["reason"] == "suspected"
    assert str(first["quote"]) in TEXT
    assert PASSPORT in {each["sign"] for each in found}
    assert not {each["sign"] for each in again} & {each["sign"] for each in found}
    assert any("Har nogen taget pas eller papirer fra den unge?" in page.text for page in pages)
    assert any("Du skrev:" in page.text for page in pages)


async def test_nothing_of_it_is_stored(intake: Intake) -> None:
    async with asking(intake, worker(_scores([]))) as client:
        await asked(client, text=TEXT)
        await client.post("/check", data={"text": TEXT})
    tables = await intake.ground.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for name in ("reports", "cases", "readings", "outbox", "requests", "evidence"):
        assert name in {row["tablename"] for row in tables}
        assert await intake.ground.pool.fetchval(f"SELECT count(*) FROM {name}") == 0


async def _hangs(_request: Request) -> Response:
    await asyncio.sleep(30)
    return JSONResponse({})


async def _fails(_request: Request) -> Response:
    return Response(status_code=500)


async def _elsewhere(_request: Request) -> Response:
    return RedirectResponse("http://127.0.0.1:1/elsewhere")


async def _no_json(_request: Request) -> Response:
    return Response("scores")


async def _floods(_request: Request) -> Response:
    return JSONResponse({"scores": [{"sign": PASSPORT, "score": 90, "start": 0, "end": 5}] * 5_000})


def _scores(scores: list[dict[str, object]]) -> Answering:
    async def answer(_request: Request) -> Response:
        return JSONResponse({"scores": scores})

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        *(_hangs, _fails, _elsewhere, _no_json, _floods),
        _scores([{"sign": "no.sign", "score": 90, "start": 0, "end": 5}]),
        _scores([{"sign": PASSPORT, "score": 900, "start": 0, "end": 5}]),
        _scores([{"sign": PASSPORT, "score": 90, "start": 5, "end": 5_000}]),
    ],
)
async def test_a_worker_that_hangs_fails_or_lies_costs_the_text_alone(intake: Intake, answer: Answering) -> None:
    async with asking(intake, worker(answer)) as client:
        found = await asked(client, text=TEXT)
    assert len(found) == 6
    assert {each["reason"] for each in found} == {"gate", "would_raise"}


async def test_a_worker_that_is_away_costs_the_text_alone(intake: Intake) -> None:
    found = await asked(intake.client, text=TEXT)
    assert {each["reason"] for each in found} == {"gate", "would_raise"}


async def test_no_more_of_a_text_is_sent_than_is_looked_at(intake: Intake) -> None:
    lengths: list[int] = []

    async def answer(request: Request) -> Response:
        lengths.append(len(json.loads(await request.body())["text"]))
        return JSONResponse({"scores": []})

    async with asking(intake, worker(answer)) as client:
        await asked(client, text="Hun er bange. " * 10_000)
    assert lengths == [LOOKED_AT]


async def _ready() -> list[str]:
    return []


async def test_surplus_is_refused_at_once_and_only_the_service_itself_may_ask(intake: Intake) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def read(_text: str) -> Sequence[Scored]:
        begun.set()
        go_on.wait(20)
        return []

    tokens = intake.ground.tokens
    app = application([scores_route(read, tokens)], ready=_ready)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://worker") as client:
        own = {"authorization": f"Bearer {tokens.token('intake')}"}
        waiting = [asyncio.create_task(client.post(PATH, json={"text": "a"}, headers=own)) for _ in range(3)]
        await asyncio.to_thread(begun.wait, 20)
        surplus = await client.post(PATH, json={"text": "a"}, headers=own)
        go_on.set()
        taken = await asyncio.gather(*waiting)
    assert surplus.status_code == 503
    assert taken[0].status_code == 200


async def test_no_report_is_refused_as_one(intake: Intake) -> None:
    assert (await intake.client.post("/v1/questions", content=b"{")).status_code == 400
    assert (await intake.client.post("/v1/questions", content=b" " * 300_000)).status_code == 413
    assert (await asked(intake.client)) != []
