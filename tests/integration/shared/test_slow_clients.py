"""Slow and idle clients, at a real socket: they are let go in time, and never keep others out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from ipaddress import ip_network
from typing import Any, cast

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from shared.web.application import application, body
from shared.web.guard import FairShare, GuardedProtocol, Limits, Lobby

LOCAL = "127.0.0.1"
QUICK = {"headers": 0.3, "body": 0.6, "answer": 0.5}
SIZE = 100_000_000
GONE = asyncio.Event()
Reached = Callable[[str], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def echo(request: Request) -> Response:
    return JSONResponse({"bytes": len(await body(request)), "from": request.client.host if request.client else ""})


async def waits(request: Request) -> Response:
    await asyncio.sleep(2 * QUICK["headers"])
    return JSONResponse({})


async def large(_request: Request) -> Response:
    """More than any socket buffers, and word of the moment at which nobody takes it any more."""

    async def parts() -> AsyncIterator[bytes]:
        try:
            for _ in range(SIZE // 1_000_000):
                yield b"x" * 1_000_000
        finally:
            GONE.set()

    return StreamingResponse(parts())


@asynccontextmanager
async def running(**limits: Any) -> AsyncIterator[Reached]:
    """A guarded server; gives a way to open a connection to it that begins with these words."""

    async def ready() -> list[str]:
        return []

    bounds = Limits(**QUICK | limits)
    routes = [Route("/", echo, methods=["POST"]), Route("/large", large), Route("/waits", waits)]
    config = uvicorn.Config(
        FairShare(application(routes, ready=ready), bounds),
        http=cast(Any, partial(GuardedProtocol, Lobby(bounds))),
        forwarded_allow_ips=[str(network) for network in bounds.trusted],
        port=0,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]

    async def reached(said: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(LOCAL, port)
        writer.write(said.encode())
        await writer.drain()
        return reader, writer

    try:
        yield reached
    finally:
        await server.shutdown()


async def post(reach: Reached, said: str = "hej", **headers: str) -> str:
    """The answer to a form that is sent at once."""
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}Content-Length: {len(said)}\r\n\r\n"
    reader, writer = await reach(head + said)
    answer = await reader.read()
    writer.close()
    return answer.decode()


async def ended(reader: asyncio.StreamReader) -> str:
    """What is said until the connection ends; the test's own time limit ends a wait in vain."""
    with suppress(ConnectionError):
        return (await reader.read()).decode()
    return ""


@pytest.mark.parametrize(
    "said",
    ["", "POST / HT", "POST / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n", "\r\n"],
    ids=["nothing", "half a line", "half of the headers", "an empty line"],
)
async def test_headers_that_do_not_come_end_the_connection(said: str) -> None:
    async with running() as reach:
        reader, writer = await reach(said)
        assert (await ended(reader)).startswith("HTTP/1.1 408 ")
        writer.close()


@pytest.mark.parametrize("bit", ["X-A: b\r\n", "\r\n"], ids=["a header", "empty lines"])
async def test_headers_that_trickle_in_have_the_same_time(bit: str) -> None:
    async with running() as reach:
        reader, writer = await reach("" if bit == "\r\n" else "GET /live HTTP/1.1\r\n")
        answer = asyncio.ensure_future(ended(reader))
        with suppress(ConnectionError):
            while not answer.done():
                writer.write(bit.encode())
                await writer.drain()
                await asyncio.wait([answer], timeout=QUICK["headers"] / 10)
        assert await answer in ("", "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")


async def test_headers_without_end_are_too_large() -> None:
    async with running(headers=60) as reach:
        reader, _ = await reach("GET /live HTTP/1.1\r\n" + "X-A: " + "b" * 40_000)
        assert (await ended(reader)).startswith("HTTP/1.1 431 ")


async def test_a_body_that_does_not_come_ends_the_connection() -> None:
    async with running() as reach:
        reader, _ = await reach("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        assert (await ended(reader)).startswith("HTTP/1.1 408 ")


async def test_after_an_answer_the_next_request_has_its_own_time() -> None:
    async with running() as reach:
        reader, writer = await reach("GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await reader.readuntil(b"}")
        writer.write(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await reader.readuntil(b"}")
        assert " 408 " in await ended(reader)


async def test_our_own_time_is_nobodys_fault() -> None:
    async with running() as reach:
        reader, _ = await reach("GET /waits HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await ended(reader)).startswith("HTTP/1.1 200 ")


async def test_an_answer_that_is_not_read_is_given_up() -> None:
    async with running() as reach:
        reader, _ = await reach("GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        await asyncio.wait_for(GONE.wait(), timeout=30)
        assert len(await ended(reader)) < SIZE


async def test_a_thousand_idle_sockets_do_not_keep_anybody_out() -> None:
    async with running(headers=60, connections=200, per_source=100) as reach:
        idle = [await reach("") for _ in range(1040)]
        assert " 200 " in await post(reach)
        for _, writer in idle:
            writer.close()


async def test_whoever_has_asked_is_not_closed_to_make_room() -> None:
    async with running(headers=60, body=60, connections=4, per_source=4) as reach:
        asked = [await reach("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf") for _ in range(3)]
        for _ in range(20):
            await reach("")
        assert " 200 " in await post(reach)
        for reader, writer in asked:
            writer.write(b" and ")
            assert b" 200 " in await reader.readline()


async def test_a_trusted_proxy_is_many_sources_and_names_them() -> None:
    proxy = {"trusted": (ip_network(f"{LOCAL}/32"),)}
    async with running(headers=60, body=60, per_source=2, connections=50, **proxy) as reach:
        head = "POST / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {}\r\nContent-Length: 9\r\n\r\nhalf"
        slow = [await reach(head.format("203.0.113.7")) for _ in range(2)]
        assert '"from":"203.0.113.9"' in await post(reach, **{"X-Forwarded-For": "203.0.113.9"})
        assert " 503 " in await post(reach, **{"X-Forwarded-For": "203.0.113.7"})
        for _, writer in slow:
            writer.close()


async def test_nobody_else_is_believed_to_speak_for_others() -> None:
    async with running() as reach:
        assert f'"from":"{LOCAL}"' in await post(reach, **{"X-Forwarded-For": "203.0.113.9"})
