"""Too much and too often: bodies without end, and words guessed by the hundred."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx2
import pytest

from services.intake.web.fields import FORM_LIMIT
from tests.integration.attack.conftest import SETTINGS, Doors, is_screen
from tests.integration.attack.test_intake import reported
from tests.support.sign_in import OURS

CHUNK = 64 * 1024
ADDRESS = "203.0.113.77"


@pytest.mark.parametrize("who", ["nobody", "authority"])
async def test_no_endpoint_reads_a_body_that_has_no_end(intake: Doors, escalation: Doors, who: str) -> None:
    taken = []
    for doors in (intake, escalation):
        for endpoint in sorted(each for each in doors.there if not each.startswith("GET ")):
            method, path = endpoint.split()
            shown = await (doors.cookie(who) if is_screen(path) else doors.bearer(who))
            kind = "application/x-www-form-urlencoded" if is_screen(path) else "application/json"
            read = 0

            async def flood() -> AsyncIterator[bytes]:
                nonlocal read
                for _ in range(200):
                    read += CHUNK
                    yield b"x" * CHUNK

            path = path.replace("{id}", "0c9d3c52-6f0b-4b0e-9a51-1f6c1a009999")
            answer = await doors.client.request(method, path, content=flood(), headers={**shown, "Content-Type": kind})
            if answer.status_code not in (303, 401, 403, 404, 413) or read > FORM_LIMIT + 2 * CHUNK:
                taken.append(f"{endpoint}: {answer.status_code} after {read} bytes")
    assert not taken, "\n".join(taken)


async def test_who_is_guessed_at_is_answered_at_once_and_nobodys_address_is_kept(
    intake: Doors, capfd: pytest.CaptureFixture[str]
) -> None:
    own = await reported(intake)
    transport = httpx2.ASGITransport(intake.app, client=(ADDRESS, 4711))
    said = {**OURS, "X-Forwarded-For": ADDRESS, "Forwarded": f"for={ADDRESS}", "X-Real-IP": ADDRESS}
    async with httpx2.AsyncClient(transport=transport, base_url=str(SETTINGS["public_url"]), headers=said) as thief:
        guesses = [asyncio.ensure_future(thief.post("/v1/receipt", json=own | {"code": f"{n:08}"})) for n in range(200)]
        await asyncio.sleep(0)
        begun = time.monotonic()
        assert (await intake.client.post("/v1/receipt", json=own)).status_code == 200
        assert time.monotonic() - begun < 10
        assert {(await each).status_code for each in guesses} <= {404, 503}
    assert (await intake.client.post("/v1/receipt", json=own)).status_code == 200
    for table in await intake.ground.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        rows = await intake.ground.pool.fetch(f"SELECT t::text FROM {table['tablename']} t")
        assert not [row for row in rows if ADDRESS in row["t"]]
    assert ADDRESS not in "".join(capfd.readouterr())
