"""A whole local stack for a test, and the ways a test acts on it and looks into it: mails, tables, topics, spans.

Tests that only look share one stack (`stack`, `system` in `tests/system/conftest.py`); those that stop or kill
something start one of their own (`own_stack`).
"""

import asyncio
import email
import email.policy
import imaplib
import json
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx2
import psutil
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.cli.people import Seeded, person_with, token_for
from deploy.local.running import state
from deploy.local.stack import Stack
from shared.auth.people import Role
from shared.clock import Clock
from shared.delivery.kafka import PARTITIONS
from shared.events.envelope import Envelope, Undecodable, envelope_of, event_of, text_headers
from shared.events.model import Event
from shared.sealing import KeyRing
from tests.support.ports import free_port_base

T = TypeVar("T")
E = TypeVar("E", bound=Event)
SERVICES = ("intake-web", "intake-work", "triage-work", "escalation-web", "escalation-work", "notify-work")
"""All of ours; with what they stand on that is the stack without its trace viewer."""
DATABASES = ("intake", "triage", "escalation", "notify")
HEARS = {
    "intake": {"escalation.events"},
    "triage": {"intake.reports"},
    "escalation": {"intake.reports", "triage.ratings", "notify.deliveries"},
    "notify": {"escalation.events"},
}
"""Who reads which topics."""
TOPICS = ("intake.reports", "triage.ratings", "escalation.events", "notify.deliveries")
_AWAY = (
    httpx2.HTTPError,
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    KafkaError,
)


def one_by_one(settings: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    """The settings, and that every mail is one page: tests look for the page of their own report."""
    own = {"BUNDLE_SECONDS": "0", "PROOF_EVERY_DAYS": "0"}
    return {**settings, "notify-work": {**own, **settings.get("notify-work", {})}}


@contextmanager
def running_stack(
    *,
    only: Sequence[str] = SERVICES,
    settings: Mapping[str, Mapping[str, str]] | None = None,
    keep: Callable[[], bool] = lambda: False,
) -> Iterator[Stack]:
    """A stack in a folder of its own, on ports of its own; afterwards nothing of it runs.

    `only` names processes, which come with what they stand on; an empty one is all. `settings` as `Stack.override`;
    without any, no pages are bundled.
    The folder is deleted unless the block raised or `keep` says so: then its logs are worth reading.
    """
    home = Path(tempfile.mkdtemp(prefix="beredskab-test-"))
    home.chmod(0o755)  # PostgreSQL runs as a user of its own
    stack = Stack(home, free_port_base(), only=only)
    stack.override(one_by_one(settings or {}))
    erase = False
    try:
        stack.up(within=240)
        with _outlived_by_nothing(home):
            yield stack
        erase = not keep()
    finally:
        stack.down(erase=erase)
        _await_end(home)


@contextmanager
def _outlived_by_nothing(home: Path) -> Iterator[None]:
    """Whatever ends the test run, kill -9 too, ends the stack: its end of a pipe closes, and somebody notices."""
    supervisor = state(home)["pid"]
    command = ["sh", "-c", f"cat >/dev/null; kill {supervisor}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as guard:
        try:
            yield
        finally:
            guard.kill()


def _await_end(home: Path) -> None:
    deadline = time.monotonic() + 15
    while left := left_running(home):
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)


def left_running(home: Path) -> list[str]:
    """The processes of a stack that still run, whoever started them."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(home) in process.environ().get("BEREDSKAB_HOME", "") or str(home) in process.cmdline():
                found.append(f"{process.pid} {' '.join(process.cmdline())[:120]}")
        except psutil.Error:
            continue
    return found


async def until(condition: Callable[[], Awaitable[T]], *, within: float = 30.0, every: float = 0.05) -> T:
    """What `condition` gives as soon as it is true; asked again and again. A service that is starting is waited for."""
    deadline = time.monotonic() + within
    last: object = None
    while True:
        try:
            if found := await condition():
                return found
            last = found
        except _AWAY as error:
            last = error
        name = getattr(condition, "__qualname__", condition)
        assert time.monotonic() < deadline, f"not within {within:g} s: {name}; last seen: {last!r}"
        await asyncio.sleep(every)


@dataclass(frozen=True)
class System:
    """One running stack as a test uses it. Made by `system_of`."""

    stack: Stack
    client: httpx2.AsyncClient
    ahead: timedelta = timedelta(0)
    """How far the services' clocks are ahead of the world's."""

    @property
    def urls(self) -> dict[str, str]:
        """Addresses by name, as `beredskab status --json` tells them."""
        return self.stack.urls

    # intake ----------------------------------------------------------------------------------------------------------

    async def post(
        self, body: object, *, key: str | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """`POST /v1/reports`; a body that is bytes goes as it is."""
        own = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {}) | dict(headers or {})
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.post(f"{self.urls['intake']}/v1/reports", content=content, headers=own)

    async def send(self, body: object, *, caller: str | None = None) -> dict[str, Any]:
        """Send a report that is accepted, perhaps from a trace of the caller's; intake's answer."""
        headers = {"traceparent": f"00-{caller}-{uuid4().hex[:16]}-01"} if caller else {}
        answer = await self.post(body, key=str(uuid4()), headers=headers)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def body_of(self, report_id: str) -> bytes:
        """A report as it was sent, opened with intake's own key."""
        sql = "SELECT report_id, body_sealed, wrapped_key FROM reports JOIN cases USING (case_id) WHERE report_id = $1"
        (row,) = await self.rows("intake", sql, report_id)
        key = KeyRing.read(self.stack.place.home / "keys" / "intake" / "kek.json").unwrap(row["wrapped_key"])
        return key.unseal(row["body_sealed"], table="reports", column="body_sealed", row=row["report_id"])

    # escalation ------------------------------------------------------------------------------------------------------

    def person(self, role: Role) -> Seeded:
        """The seeded person of a role, on duty where somebody is."""
        return person_with(role, now=Clock().now())

    def bearer(self, person: Seeded | Role) -> dict[str, str]:
        """The `Authorization` header of somebody who has just signed in."""
        who = self.person(person) if isinstance(person, Role) else person
        return {"Authorization": f"Bearer {token_for(self.stack.place, who, ahead=self.ahead)}"}

    async def ask(self, path: str, *, by: Seeded | Role = Role.CONSULTANT, **query: str) -> httpx2.Response:
        """`GET /v1/{path}` of escalation."""
        return await self.client.get(f"{self.urls['escalation']}/v1/{path}", headers=self.bearer(by), params=query)

    async def act(self, path: str, *, by: Seeded | Role = Role.CONSULTANT, **fields: object) -> httpx2.Response:
        """`POST /v1/{path}` of escalation."""
        return await self.client.post(f"{self.urls['escalation']}/v1/{path}", headers=self.bearer(by), json=fields)

    async def acted(
        self, case_id: str, path: str, *, by: Seeded | Role = Role.CONSULTANT, **fields: object
    ) -> dict[str, Any]:
        """An act that must succeed on the case as it is now; what is stale by then is read and done again."""
        version: object = (await self.ask(f"cases/{case_id}", by=by)).json()["version"]
        while (answer := await self.act(path, by=by, version=version, **fields)).status_code == 409:
            assert answer.json()["type"].endswith("stale"), answer.text
            version = answer.json()["case"]["version"]
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    async def case_of(self, report_id: str, *, by: Seeded | Role = Role.CONSULTANT) -> dict[str, Any] | None:
        """The case a report lies in, as that person sees it; None while it is not there for them."""
        answer = await self.ask(f"reports/{report_id}", by=by)
        assert answer.status_code in (200, 404), answer.text
        return dict(answer.json()) if answer.status_code == 200 else None

    async def paged(self, report_id: str, *, within: float = 30.0) -> dict[str, Any]:
        """The case of a report, once the mail server has accepted a page about it."""

        async def page_accepted() -> dict[str, Any]:
            case = await self.case_of(report_id) or {"pages": ()}
            return case if any(page["state"] == "accepted" for page in case["pages"]) else {}

        return await until(page_accepted, within=within)

    # mails -----------------------------------------------------------------------------------------------------------

    async def mails(self) -> list[EmailMessage]:
        """Everything in the inbox, in order of arrival."""
        return [email.message_from_bytes(raw, policy=email.policy.default) for raw in await self.raw_mails()]

    async def raw_mails(self) -> list[bytes]:
        """The mails as the server took them."""
        return await asyncio.to_thread(_inbox, self.urls["mail_imap"])

    async def mails_about(self, case_id: str) -> list[EmailMessage]:
        """The mails of a case, by their Message-IDs: nothing else in them tells."""
        rows = await self.rows("notify", "SELECT mail_id FROM messages WHERE case_id = $1", UUID(case_id))
        names = {f"<{row['mail_id']}" for row in rows}
        return [mail for mail in await self.mails() if str(mail["Message-ID"]).partition("@")[0] in names]

    # databases -------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def database(self, name: str) -> AsyncIterator[asyncpg.Connection]:
        """A service's database, as the administrator."""
        conn = await asyncpg.connect(self.stack.place.postgres().url(name), timeout=10)
        try:
            yield conn
        finally:
            await conn.close()

    async def rows(self, database: str, sql: str, *values: object) -> list[asyncpg.Record]:
        """What a query finds."""
        async with self.database(database) as conn:
            return list(await conn.fetch(sql, *values))

    async def value(self, database: str, sql: str, *values: object) -> Any:
        """The first value a query finds."""
        async with self.database(database) as conn:
            return await conn.fetchval(sql, *values)

    async def at_rest(self) -> bool:
        """Whether nothing is on its way: all that was told is taken in, all that came of it told, read and sent."""
        async with self._kafka() as (consumer, admin):
            before = await _ends(consumer)
            heard = [await _heard(admin, group, before) for group in HEARS]
            still = all(heard) and not any([await self._waiting(name) for name in DATABASES])
            return still and await _ends(consumer) == before

    async def _waiting(self, name: str) -> int:
        more = {"intake": "reports WHERE reading = 'pending'", "notify": "messages WHERE next_at IS NOT NULL"}
        tables = ["outbox", *([more[name]] if name in more else [])]
        async with self.database(name) as conn:
            return sum([await conn.fetchval(f"SELECT count(*) FROM {table}") for table in tables])

    @asynccontextmanager
    async def _kafka(self) -> AsyncIterator[tuple[AIOKafkaConsumer, AIOKafkaAdminClient]]:
        async with AsyncExitStack() as ends:
            consumer = AIOKafkaConsumer(**self.stack.place.kafka_client(), enable_auto_commit=False)
            admin = AIOKafkaAdminClient(**self.stack.place.kafka_client())
            await consumer.start()
            ends.push_async_callback(consumer.stop)
            await admin.start()
            ends.push_async_callback(admin.close)
            yield consumer, admin

    # Kafka -----------------------------------------------------------------------------------------------------------

    async def records(self, *topics: str) -> list[ConsumerRecord]:
        """Every record of these topics, of all when none is named, in order within each partition."""
        consumer = AIOKafkaConsumer(**self.stack.place.kafka_client(), auto_offset_reset="earliest")
        await consumer.start()
        try:
            return [record async for record in _everything(consumer, topics or TOPICS)]
        finally:
            await consumer.stop()

    async def facts(self, model: type[E]) -> list[tuple[Envelope, E]]:
        """Every event of a kind that was ever told, with its envelope, in order within each case. Junk is left out."""
        found: list[tuple[Envelope, E]] = []
        for record in await self.records(model.topic):
            with suppress(Undecodable):
                envelope = envelope_of(text_headers(record.headers))
                event = event_of(envelope, record.value or b"")
                if isinstance(event, model):
                    found.append((envelope, event))
        return found

    # telemetry and logs ----------------------------------------------------------------------------------------------

    async def spans(self, *, caller: str | None = None) -> list[dict[str, Any]]:
        """The spans of the trace that links to a caller's, or all the receiver keeps, in Zipkin's form."""
        query = {"links_to": caller} if caller else {}
        return list((await self.client.get(f"{self.urls['otlp']}/spans", params=query)).json())

    async def metrics(self) -> list[dict[str, Any]]:
        """The newest value of every metric."""
        return list((await self.client.get(f"{self.urls['otlp']}/metrics")).json())

    def logs(self) -> dict[str, str]:
        """Every log by file name."""
        return {path.name: path.read_text("utf-8", "replace") for path in self.log_files()}

    def log_files(self) -> list[Path]:
        """Every log, turned over ones too."""
        return sorted(self.stack.place.home.glob("*.log*"))


@asynccontextmanager
async def system_of(stack: Stack, *, ahead: timedelta = timedelta(0)) -> AsyncIterator[System]:
    """The stack with a client of the running test's own. `ahead`: how far its clocks are ahead of the world's."""
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx2.AsyncClient(timeout=30, trust_env=False, limits=limits) as client:
        yield System(stack, client, ahead)


def _inbox(url: str) -> list[bytes]:
    at = urlsplit(url)
    with imaplib.IMAP4(at.hostname or "", at.port or 143) as inbox:
        inbox.login(unquote(at.username or ""), unquote(at.password or ""))
        _, (count, *_) = inbox.select(readonly=True)
        if not int(count or b"0"):
            return []
        _, parts = inbox.fetch("1:*", "(RFC822)")
        return [part[1] for part in parts if isinstance(part, tuple)]


async def _ends(consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
    parts = [TopicPartition(topic, n) for topic in TOPICS for n in range(PARTITIONS)]
    return dict(await consumer.end_offsets(parts))


async def _heard(admin: AIOKafkaAdminClient, group: str, ends: Mapping[TopicPartition, int]) -> bool:
    committed = await admin.list_consumer_group_offsets(group)
    mine = {part: end for part, end in ends.items() if end and part.topic in HEARS[group]}
    return all(part in committed and committed[part].offset >= end for part, end in mine.items())


async def _everything(consumer: AIOKafkaConsumer, topics: Iterable[str]) -> AsyncIterator[ConsumerRecord]:
    parts = [TopicPartition(topic, n) for topic in topics for n in range(PARTITIONS)]
    consumer.assign(parts)
    ends = await consumer.end_offsets(parts)
    while any([await consumer.position(part) < ends[part] for part in parts]):
        for records in (await consumer.getmany(*parts, timeout_ms=200)).values():
            for record in records:
                yield record
