"""The proxy in front, by its own program and configuration: whom it lets through, and what it says when it cannot."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from shared.web.application import application, body
from tests.support.http import listening
from tests.support.ports import free_port
from tests.support.proxy import nginx, proxy, written

PHONE = "70 20 00 00"
HOME, SCHOOL = "127.0.0.1", "127.0.0.2"


@dataclass
class Front:
    """The proxy's addresses: intake's, triage's, escalation's."""

    intake: str
    triage: str
    escalation: str
    port: int

    async def post(self, source: str = HOME, size: int = 3, **headers: str) -> httpx2.Response:
        transport = httpx2.AsyncHTTPTransport(local_address=source)
        async with httpx2.AsyncClient(transport=transport, timeout=30) as client:
            return await client.post(f"{self.intake}/send", content=b"x" * size, headers=headers)

    async def idle(self, source: str = HOME) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))


async def echo(request: Request) -> JSONResponse:
    length = len(await body(request, 4_000_000))
    return JSONResponse({"bytes": length, "headers": dict(request.headers), "path": request.url.path})


async def ready() -> list[str]:
    return []


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, because the path of a socket may have 107 bytes."""
    with TemporaryDirectory(prefix="bp") as made:
        yield Path(made)


@pytest.fixture
async def front(folder: Path) -> AsyncIterator[Front]:
    paths = ("/", "/send", "/events", "/internal/x", "/rules", "/rules/7", "/secret")
    app = application([Route(path, echo, methods=["GET", "POST"]) for path in paths], ready=ready)
    async with listening(app) as url:
        address = url.removeprefix("http://")
        hosts = ("intake-web:8000", "triage-work:8000", "escalation-web:8000")
        async with proxy(folder, behind=dict.fromkeys(hosts, address), duty_phone=PHONE) as ports:
            yield Front(*(f"http://127.0.0.1:{ports[port]}" for port in (8001, 8002, 8003)), ports[8001])


def test_nginx_takes_the_configuration_as_it_is(folder: Path) -> None:
    config = written(folder, listens={port: free_port() for port in (8001, 8002, 8003)}, behind={}, duty_phone=PHONE)
    done = subprocess.run([nginx(), "-t", "-p", folder, "-c", config, "-e", "stderr"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


async def test_the_source_is_who_connects_whatever_the_client_claims(front: Front) -> None:
    claimed = {"X-Forwarded-For": "203.0.113.7", "X-Real-IP": "203.0.113.7", "Forwarded": "for=203.0.113.7"}
    seen = (await front.post(SCHOOL, **claimed)).json()["headers"]
    assert seen["x-forwarded-for"] == SCHOOL
    assert "203.0.113.7" not in str(seen)


async def test_our_safety_headers_come_through_untouched(front: Front) -> None:
    answer = await front.post()
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_form_of_the_largest_size_goes_through(front: Front) -> None:
    assert (await front.post(size=6 * 256 * 1024)).json()["bytes"] == 6 * 256 * 1024


async def test_a_thousand_idle_sockets_of_one_source_keep_nobody_else_out(front: Front) -> None:
    held = [await front.idle() for _ in range(1040)]
    assert (await front.post(SCHOOL)).status_code == 200
    for _, writer in held:
        writer.close()


async def test_one_source_has_at_most_512_connections(front: Front) -> None:
    held = [await front.idle() for _ in range(512)]
    reader, writer = await front.idle()
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    with suppress(ConnectionError):
        assert await reader.read() == b""
    for _, writer in held:
        writer.close()


async def test_a_whole_municipality_behind_one_address_is_not_refused(front: Front) -> None:
    answers = await asyncio.gather(*(front.post(SCHOOL) for _ in range(200)))
    assert {answer.status_code for answer in answers} == {200}


async def test_a_flood_of_one_source_is_told_whom_to_ring_and_others_are_served(front: Front) -> None:
    async with httpx2.AsyncClient(limits=httpx2.Limits(max_connections=20), timeout=30) as client:
        answers = await asyncio.gather(*(client.post(f"{front.intake}/send") for _ in range(900)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(PHONE in answer.text and answer.headers["retry-after"] == "30" for answer in refused)
    assert (await front.post(SCHOOL)).status_code == 200


async def test_what_is_between_services_or_for_the_house_is_not_reached_from_outside(front: Front) -> None:
    async with httpx2.AsyncClient() as client:
        for url in (front.intake, front.escalation):
            assert (await client.get(f"{url}/")).status_code == 200
            for path in ("/events", "/events/known", "/internal/x", "/live", "/ready"):
                assert (await client.post(f"{url}{path}")).status_code == 404
        assert (await client.get(f"{front.triage}/rules/7")).status_code == 200
        assert (await client.get(f"{front.triage}/events")).status_code == 404


async def test_where_the_form_is_away_people_are_told_whom_to_ring(folder: Path) -> None:
    away = f"127.0.0.1:{free_port()}"
    async with (
        proxy(folder, behind={"intake-web:8000": away}, duty_phone=PHONE) as ports,
        httpx2.AsyncClient() as client,
    ):
        answer = await client.post(f"http://127.0.0.1:{ports[8001]}/send", content=b"x")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert f"Ring til {PHONE}" in answer.text
