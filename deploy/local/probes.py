"""Is it ready? Each probe answers yes or no, soon, and never raises."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

Probe = Callable[[], Awaitable[bool]]
_PATIENCE = 2.0


def listens(port: int) -> Probe:
    """Something accepts connections on the loopback port."""

    async def probe() -> bool:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True

    return _soon(probe)


def answers(port: int, path: str) -> Probe:
    """An HTTP GET on the loopback port is answered with 200."""

    async def probe() -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            return (await reader.readline()).split()[1:2] == [b"200"]
        finally:
            writer.close()

    return _soon(probe)


def database_answers(url: str) -> Probe:
    """The database lets its administrator in."""

    async def probe() -> bool:
        conn = await asyncpg.connect(url, timeout=_PATIENCE)
        await conn.close()
        return True

    return _soon(probe)


def _soon(probe: Probe) -> Probe:
    async def answer() -> bool:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await probe()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, EOFError):
            return False

    return answer
