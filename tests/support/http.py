"""An application on a real port, for what a client in the same process cannot show: browsers, streams."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from tests.support.ports import free_port


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to pytest."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def listening(app: ASGIApp, *, port: int | None = None) -> AsyncIterator[str]:
    """The address of the application, as long as the block lasts."""
    port = port or free_port()
    config = uvicorn.Config(app, port=port, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = _Server(config)
    running = asyncio.ensure_future(server.serve())
    try:
        async with asyncio.timeout(20):
            while not server.started and not running.done():  # noqa: ASYNC110 uvicorn tells it by this flag alone
                await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running
