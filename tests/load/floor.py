"""The least this machine needs: a bare Starlette insert, a raw Kafka hop with its commit, a raw SMTP dialogue.

`python -m tests.load.floor DATABASE_URL` serves the insert and prints its port.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import asyncpg
import uvicorn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

HOPS = 3


async def serve(url: str) -> None:
    """`POST /`: the body parsed and inserted, in one statement, on one process, as ours has."""
    pool = await asyncpg.create_pool(url, min_size=2, max_size=10)
    await pool.execute("CREATE TABLE IF NOT EXISTS inserted (id uuid PRIMARY KEY, body bytea NOT NULL)")

    async def insert(request: Request) -> JSONResponse:
        raw = await request.body()
        json.loads(raw)
        named = uuid4()
        await pool.execute("INSERT INTO inserted VALUES ($1, $2)", named, raw)
        return JSONResponse({"id": str(named)}, 201)

    app = Starlette(routes=[Route("/", insert, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by a flag alone
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await serving


@asynccontextmanager
async def hops(client: Mapping[str, str], smtp_port: int) -> AsyncIterator["Chain"]:
    """Three topics, and on each a consumer that commits what it took and hands it on; behind the last, a mail."""
    topics = [f"bench.{uuid4().hex[:8]}.{n}" for n in range(HOPS)]
    admin = AIOKafkaAdminClient(**client)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1) for topic in topics])
    async with AsyncExitStack() as ends:
        ends.push_async_callback(admin.close)
        ends.push_async_callback(admin.delete_topics, topics)
        producer = AIOKafkaProducer(**client, enable_idempotence=True, acks="all", linger_ms=0)
        await producer.start()
        ends.push_async_callback(producer.stop)
        consumers = []
        for topic in topics:
            consumer = AIOKafkaConsumer(
                **client, group_id=topic, enable_auto_commit=False, auto_offset_reset="earliest"
            )
            await consumer.start()
            ends.push_async_callback(consumer.stop)
            consumer.assign([TopicPartition(topic, 0)])
            consumers.append(consumer)
        yield Chain(topics, producer, consumers, smtp_port)


class Chain:
    """The way of one message, hop by hop, by the shortest code there is."""

    def __init__(
        self, topics: list[str], producer: AIOKafkaProducer, consumers: list[AIOKafkaConsumer], smtp_port: int
    ) -> None:
        self._topics, self._producer, self._consumers, self._smtp_port = topics, producer, consumers, smtp_port

    async def pass_on(self, body: bytes) -> float:
        """Seconds from the first send to the mail server's yes."""
        begun = time.perf_counter()
        for topic, consumer in zip(self._topics, self._consumers, strict=True):
            await self._producer.send(topic, body)
            record = await consumer.getone()
            await consumer.commit({TopicPartition(topic, 0): record.offset + 1})
        await dialogue(self._smtp_port)
        return time.perf_counter() - begun


async def dialogue(port: int) -> float:
    """One mail by hand on a connection of its own; seconds until the server's yes."""
    begun = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    for line in (
        "EHLO bench",
        "MAIL FROM:<a@bench.example>",
        "RCPT TO:<b@bench.example>",
        "DATA",
        "Subject: x\r\n\r\nx\r\n.",
    ):
        writer.write(f"{line}\r\n".encode())
        while (await reader.readline())[3:4] == b"-":
            pass
    seconds = time.perf_counter() - begun
    writer.write(b"QUIT\r\n")
    await reader.readline()
    writer.close()
    return seconds


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
