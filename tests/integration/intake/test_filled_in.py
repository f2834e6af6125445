"""Who is signed in finds their own fields filled in; nobody must be, and nothing that was written is lost to it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Route, expect
from structlog.testing import capture_logs

from services.intake.app import MIGRATIONS, site
from shared.auth import sessions
from shared.auth.people import Details, Person, Role
from shared.auth.sessions import Kept
from shared.ids import PersonId, new_id
from tests.conftest import OpenGround
from tests.e2e.test_accessibility import RULES
from tests.integration.attack.conftest import process_on
from tests.support.browser import NARROW, open_browser
from tests.support.intake import intake_settings
from tests.support.services import Ground

PAGE = {"Accept": "text/html", "Accept-Encoding": "identity"}


@asynccontextmanager
async def signed_in(
    ground: OpenGround, *, shared_devices: bool = False, role: Role = Role.REPORTER
) -> AsyncIterator[tuple[Ground, httpx2.AsyncClient]]:
    """The door, and a browser on which Gorm has just signed in, as a reporter unless said otherwise."""
    service = await ground("intake", MIGRATIONS)
    settings = intake_settings(service, shared_devices=shared_devices)
    now = service.clock.now()
    who = Person(PersonId(new_id()), frozenset({role}), frozenset(), now)
    kept = Kept(Details("Gorm <b>Eksempel", "gorm@skole.example", "Eksempelskolen"))
    at_most = timedelta(hours=12)
    word = await sessions.start(
        service.pool, who, provider_session=None, now=now, at_most=at_most, keys=service.keys, kept=kept
    )
    transport = httpx2.ASGITransport(site(process_on(service, settings), settings))
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    async with httpx2.AsyncClient(transport=transport, base_url="https://intake", headers=headers) as client:
        client.cookies.set("__Host-intake", word)
        yield service, client


def filled(form: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', form)
    assert found
    return found[1]


async def test_who_is_signed_in_finds_their_own_fields_filled_in(ground: OpenGround) -> None:
    async with signed_in(ground) as (_, client):
        form = (await client.get("/")).text
        assert filled(form, "reporter_name") == "Gorm &lt;b&gt;Eksempel"
        assert filled(form, "workplace") == "Eksempelskolen"
        assert "gorm@skole.example" not in form
        assert "Hentet fra dit login" in form
        assert "content-encoding" not in (await client.get("/", headers={"Accept-Encoding": "gzip"})).headers
        client.cookies.clear()
        nobody = (await client.get("/")).text
        assert (filled(nobody, "reporter_name"), filled(nobody, "workplace")) == ("", "")
        assert "Hentet fra dit login" not in nobody


async def test_what_was_written_is_never_overwritten_by_the_sign_in(ground: OpenGround) -> None:
    async with signed_in(ground) as (_, client):
        form = (await client.post("/", data={"reporter_name": "En anden", "workplace": "", "text": "Noget."})).text
        assert (filled(form, "reporter_name"), filled(form, "workplace")) == ("En anden", "")


async def test_on_shared_devices_nobody_is_filled_in(ground: OpenGround) -> None:
    async with signed_in(ground, shared_devices=True) as (_, client):
        assert filled((await client.get("/")).text, "reporter_name") == ""


@pytest.mark.parametrize(
    ("lang", "sign_in", "sign_out"),
    [("", "Arbejder du i kommunen? Log ind", "Log ud"), ("?lang=en", "Do you work for the municipality?", "Sign out")],
)
async def test_the_first_page_leads_staff_to_sign_in_and_out_again(
    ground: OpenGround, lang: str, sign_in: str, sign_out: str
) -> None:
    async with signed_in(ground) as (_, client):
        known = (await client.get(f"/{lang}")).text
        assert sign_out in known
        assert sign_in not in known
        assert '<form id="sign-out" method="post" action="/sign-out"' in known
        assert sign_out in (await client.post(f"/{lang}", data={"text": "Noget."})).text
        assert (await client.post("/sign-out")).status_code == 303
        nobody = (await client.get(f"/{lang}")).text
        assert sign_in in nobody
        assert 'href="/sign-in?to=/"' in nobody
        assert sign_out not in nobody


async def test_on_shared_devices_nobody_is_asked_to_sign_in_but_whoever_is_can_leave(ground: OpenGround) -> None:
    async with signed_in(ground, shared_devices=True) as (_, client):
        assert "Log ud" in (await client.get("/")).text
        await client.post("/sign-out")
        assert "/sign-in" not in (await client.get("/")).text


async def test_who_writes_a_call_down_can_sign_out(ground: OpenGround) -> None:
    async with signed_in(ground, role=Role.CONSULTANT) as (_, client):
        call = (await client.get("/phone")).text
        assert 'action="/sign-out"' in call
        assert (await client.post("/sign-out")).status_code == 303
        assert (await client.get("/phone")).status_code == 303


@asynccontextmanager
async def browser_of(client: httpx2.AsyncClient) -> AsyncIterator[Page]:
    """A page of a real browser, as the person of this one."""

    async def through(route: Route) -> None:
        asked = route.request
        answer = await client.request(asked.method, asked.url, content=asked.post_data_buffer, headers=PAGE)
        headers = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
        headers["content-type"] = answer.headers.get("content-type", "text/plain")
        await route.fulfill(status=answer.status_code, headers=headers, body=answer.content)

    async with open_browser() as chromium:
        page = await chromium.new_page(viewport=NARROW)
        await page.route("**/*", through)
        yield page


@pytest.mark.timeout(120)
async def test_axe_finds_nothing_on_the_pages_of_whoever_is_signed_in_and_of_who_could_be(ground: OpenGround) -> None:
    found = {}
    async with signed_in(ground, role=Role.CONSULTANT) as (_, client), browser_of(client) as page:
        for path in ("/", "/?lang=en", "/phone", "/phone?lang=en", "out", "/", "/?lang=en"):
            if path == "out":
                client.cookies.clear()
                continue
            await page.goto(f"https://intake{path}")
            seen = await Axe().run(page, options=RULES)
            found[path, len(client.cookies)] = [each["id"] for each in seen.response["violations"]]
    assert len(found) == 6
    assert {where: ids for where, ids in found.items() if ids} == {}


@pytest.mark.timeout(120)
async def test_a_scripted_form_lets_its_reporter_sign_out_by_keyboard(ground: OpenGround) -> None:
    async with signed_in(ground) as (_, client), browser_of(client) as page:
        client.follow_redirects = True
        await page.goto("https://intake/")
        await page.get_by_role("button", name="Log ud").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Du er logget ud.")).to_be_visible()
        await page.goto("https://intake/")
        await expect(page.get_by_role("link", name="Arbejder du i kommunen?")).to_be_visible()


@pytest.mark.timeout(120)
async def test_a_sign_in_halfway_fills_in_what_is_empty_and_nothing_else(ground: OpenGround) -> None:
    async with signed_in(ground) as (_, client), browser_of(client) as page:
        word = client.cookies["__Host-intake"]
        client.cookies.clear()
        await page.goto("https://intake/")
        for _ in range(9):
            await page.get_by_role("button", name="Videre").press("Enter")
        await page.locator("#reporter_name").fill("En anden")
        await page.locator("#phone").fill("12 34 56 78")
        async with asyncio.timeout(20):
            while await page.evaluate("sessionStorage.length") != 1:  # noqa: ASYNC110 the browser's, not ours
                await asyncio.sleep(0.05)
        client.cookies.set("__Host-intake", word)
        await page.goto("https://intake/")
        await expect(page.locator("#phone")).to_have_value("12 34 56 78")
        await expect(page.locator("#reporter_name")).to_have_value("En anden")
        await expect(page.locator("#workplace")).to_have_value("Eksempelskolen")


async def test_leaving_the_page_takes_our_own_cookies_along_and_no_other(ground: OpenGround) -> None:
    async with signed_in(ground) as (_, client):
        gone = (await client.get("/exit")).headers.get_list("set-cookie")
    assert sorted(each.partition("=")[0] for each in gone) == ["__Host-intake", "__Host-intake-sign-in"]
    assert all("Max-Age=0" in each and "Domain" not in each for each in gone)


async def test_the_log_of_the_service_that_takes_reports_never_names_who_was_signed_in(ground: OpenGround) -> None:
    async with signed_in(ground) as (service, client):
        who = str(await service.pool.fetchval("SELECT person_id FROM sessions"))
        with capture_logs() as logs:
            await client.post("/sign-out")
    assert who not in str(logs)


def told(who: UUID, *roles: str, active: bool = True) -> dict[str, list[dict[str, Any]]]:
    return {"people": [{"person_id": str(who), "roles": list(roles), "active": active}]}


async def test_whoever_has_left_is_signed_out_where_reports_are_written_down_too(ground: OpenGround) -> None:
    async with signed_in(ground, role=Role.CONSULTANT) as (service, client):
        who = await service.pool.fetchval("SELECT person_id FROM sessions")
        assert (await client.get("/phone")).status_code == 200
        by_escalation = {"Authorization": f"Bearer {service.tokens_of('escalation').token('intake')}"}
        left = told(who, "consultant", active=False)
        by_triage = {"Authorization": f"Bearer {service.tokens_of('triage').token('intake')}"}
        answer = await client.put("/internal/people", json=left, headers=by_triage)
        assert (answer.status_code, (await client.get("/phone")).status_code) == (401, 200)
        answer = await client.put("/internal/people", json=left, headers=by_escalation)
        assert (answer.status_code, (await client.get("/phone")).status_code) == (204, 303)
        bearer = service.bearer(who, "consultant")
        assert (await client.post("/v1/reports/phone", json={}, headers=bearer)).status_code == 401
        await client.put("/internal/people", json={"people": []}, headers=by_escalation)
        assert await service.pool.fetchval("SELECT count(*) FROM people") == 0


async def test_who_is_no_consultant_any_more_writes_no_calls_down_whatever_their_token_says(ground: OpenGround) -> None:
    async with signed_in(ground, role=Role.CONSULTANT) as (service, client):
        who = await service.pool.fetchval("SELECT person_id FROM sessions")
        by_escalation = {"Authorization": f"Bearer {service.tokens_of('escalation').token('intake')}"}
        said = {"text": "Noget.", "received_at": "2026-03-10T11:00:00Z"}
        for roles, page, written in ((["consultant"], 200, 201), (["operator", "reporter"], 403, 403)):
            await client.put("/internal/people", json=told(who, *roles), headers=by_escalation)
            assert (await client.get("/phone")).status_code == page
            assert (await client.post("/v1/reports/phone", json=said)).status_code == written
        assert (await client.get("/")).status_code == 200
