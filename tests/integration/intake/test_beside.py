"""However a body is made, reading it keeps nobody else waiting."""

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.intake.conftest import Intake
from tests.integration.intake.test_accept import received

SWOLLEN: dict[str, Any] = {
    "many objects": [{}] * 60_000,
    "many answers": {"answers": [{}] * 60_000},
    "many children": {"children": [{}] * 60_000},
    "many names": {f"{n:x}": 1 for n in range(24_000)},
    "numbers": [1e308] * 35_000,
}
FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}


class Held(ThreadPoolExecutor):
    """Threads that begin nothing before they are let go, and count what they were given."""

    def __init__(self) -> None:
        super().__init__(4)
        self.go = threading.Event()
        self.given = asyncio.Event()

    def submit(self, work: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        self.given.set()

        def held() -> Any:
            self.go.wait(60)
            return work(*args, **named)

        return super().submit(held)


@pytest.fixture
async def threads() -> Held:
    held = Held()
    asyncio.get_running_loop().set_default_executor(held)
    return held


async def answered_while_held(
    intake: Intake, threads: Held, path: str, content: bytes | None = None, **headers: str
) -> int:
    """The status of that request, behind which others were answered while it was being read."""
    method = "GET" if content is None else "POST"
    big = asyncio.create_task(intake.client.request(method, path, content=content, headers=headers))
    await threads.given.wait()
    assert (await intake.client.get("/live")).status_code == 200
    assert (await intake.client.post("/v1/reports", json={"text": "Kort."})).status_code == 201
    assert not big.done()
    threads.go.set()
    return (await big).status_code


@pytest.mark.parametrize("body", SWOLLEN)
async def test_others_are_answered_while_a_swollen_body_is_read(intake: Intake, threads: Held, body: str) -> None:
    content = json.dumps(SWOLLEN[body], separators=(",", ":")).encode()
    assert len(content) <= 256 * 1024
    assert await answered_while_held(intake, threads, "/v1/reports", content) == 201
    assert len(await received(intake)) == 2


async def test_others_are_answered_while_one_that_was_sent_before_is_recalled(intake: Intake, threads: Held) -> None:
    content = json.dumps(SWOLLEN["many names"], separators=(",", ":")).encode()
    threads.go.set()
    first = (await intake.client.post("/v1/reports", content=content, headers={"idempotency-key": "k"})).json()
    words = {"reference": first["reference"], "code": first["code"]}
    receipt = (await intake.client.post("/receipt", data=words, headers={"accept": "text/html"})).headers["location"]
    threads.go.clear()
    threads.given.clear()
    assert await answered_while_held(intake, threads, receipt, accept="text/html") == 200
    again = (await intake.client.post("/v1/reports", content=content, headers={"idempotency-key": "k"})).json()
    assert again == first


@pytest.mark.parametrize("path", ["/", "/check", "/send"])
async def test_others_are_answered_while_a_form_full_of_escapes_is_read(
    intake: Intake, threads: Held, path: str
) -> None:
    content = b"text=" + b"%C3%A6" * 80_000
    assert await answered_while_held(intake, threads, path, content, **FORM) in (200, 303)


async def test_what_people_usually_write_takes_no_thread(intake: Intake, threads: Held) -> None:
    body = {"text": "Hun skal giftes. " * 300, "answers": [{"sign": "violence.now", "answer": "said"}]}
    assert (await intake.client.post("/v1/reports", json=body)).status_code == 201
    assert not threads.given.is_set()
