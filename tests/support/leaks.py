"""Looks for what people wrote in every byte outside the sealed columns: topics, tables, logs, spans, mails, files."""

import base64
import json
import quopri
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import asyncpg

from tests.support.system import DATABASES, TOPICS, System

Found = tuple[str, str]
"""Where, and which of the planted."""


def disguises(planted: str) -> set[bytes]:
    """The ways in which a text may be written down: encodings of the text, and escapes and digits of its bytes."""
    whole = planted.encode()
    spelled = {
        whole,
        planted.encode("latin-1", "replace"),
        planted.encode("utf-16-le"),
        json.dumps(planted)[1:-1].encode(),
    }
    spelled |= {quote(planted).encode(), quopri.encodestring(whole), whole.hex().encode()}
    shifted = (base64.b64encode(b"\0" * n + whole)[4 if n else 0 : -4] for n in range(3))
    return {each.lower() for each in {*spelled, *shifted} if each}


def found_in(where: str, content: bytes, planted: Collection[str]) -> Iterator[Found]:
    """Which of the planted texts the content holds, in whatever disguise."""
    lower = content.lower()
    for text in planted:
        if any(disguise in lower for disguise in disguises(text)):
            yield where, text


def found_below(folder: Path, planted: Collection[str]) -> list[Found]:
    """Which of the planted texts the files of a folder hold, in whatever disguise."""
    files = [each for each in sorted(folder.rglob("*")) if each.is_file()]
    return [found for each in files for found in found_in(str(each.relative_to(folder)), each.read_bytes(), planted)]


async def leaks(system: System, planted: Collection[str]) -> list[Found]:
    """Every place of the running system, but for what it has sealed, where a planted text can be read."""
    return [found async for where, content in _everywhere(system) for found in found_in(where, content, planted)]


async def _everywhere(system: System) -> AsyncIterator[tuple[str, bytes]]:
    for record in await system.records(*TOPICS):
        headers = b"\n".join(name.encode() + b"=" + (value or b"") for name, value in record.headers)
        yield f"topic {record.topic}", b"\n".join((record.key or b"", headers, record.value or b""))
    for database in ("postgres", *DATABASES):
        async with system.database(database) as conn:
            async for table, content in _tables(conn):
                yield f"table {database}.{table}", content
    for n, mail in enumerate(await system.raw_mails()):
        yield f"mail {n}", mail
    for name in ("spans", "metrics"):
        yield name, (await system.client.get(f"{system.urls['otlp']}/{name}")).content
    query = {"limit": "10000", "lookback": "86400000"}
    yield "trace viewer", (await system.client.get(f"{system.urls['traces']}/api/v2/traces", params=query)).content
    for path in sorted(system.stack.place.home.rglob("*")):
        with suppress(FileNotFoundError, IsADirectoryError):  # a server tidies up while we look
            yield f"file {path.relative_to(system.stack.place.home)}", path.read_bytes()


async def _tables(conn: asyncpg.Connection) -> AsyncIterator[tuple[str, bytes]]:
    names = await conn.fetch(
        """SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
           WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"""
    )
    for (name,) in names:
        rows = await conn.fetch(f"SELECT * FROM {name}")
        yield name, b"\n".join(_bytes_of(value) for row in rows for value in row.values())


def _bytes_of(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
