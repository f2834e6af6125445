"""Break-glass: while nobody can sign in, a unit's sealed code lets one person in, once, for an hour, and rings."""

import asyncio
import re
from datetime import timedelta

import httpx2
import pytest
from structlog.testing import capture_logs

from services.escalation.domain.break_glass import ALPHABET, code_of, digest
from services.escalation.figures import found
from shared.events.codes import Level
from tests.integration.console.conftest import AASE, CONSOLE, DITTE, Browser, House, answered_by
from tests.support.browser import open_browser
from tests.support.provider import Issuer
from tests.support.sign_in import OURS

CODE = re.compile(r"<code class=\"code\">([0-9A-Z-]{29})</code>")
NARROW = {"width": 360, "height": 740}


async def made(house: House, unit: str = "noerrebro") -> str:
    """A code of the unit, as a leader is shown it."""
    ditte = await house.browser(DITTE)
    screen = await ditte.client.post("/break-glass", data={"unit": unit})
    shown = CODE.search(screen.text)
    assert shown, screen.text
    return shown[1]


async def stranger(house: House) -> Browser:
    """A browser on which nobody is signed in."""
    transport = httpx2.ASGITransport(house.app)
    client = httpx2.AsyncClient(
        transport=transport, base_url=CONSOLE, headers={**OURS, "Accept": "text/html"}, follow_redirects=True
    )
    return Browser(await house.stack.enter_async_context(client))


async def come_in(house: House, code: str, name: str = "Bo Natvagt") -> tuple[Browser, httpx2.Response]:
    """Somebody tries a code."""
    browser = await stranger(house)
    return browser, await browser.client.post("/sign-in/break-glass", data={"code": code, "name": name})


def provider_answers(house: House) -> None:
    issuer = Issuer(metadata={"issuer": "http://127.0.0.1:1"})
    house.app._desk.provider.client = issuer.client()


def test_a_code_is_120_bits_and_is_known_however_it_is_typed() -> None:
    code = code_of(bytes(range(15)))
    assert len(code.replace("-", "")) == 24
    assert set(code) <= set(ALPHABET) | {"-"}
    assert code_of(b"\xff" * 15) == "-".join(["ZZZZ"] * 6)
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert digest(typed) == digest(code)
    assert digest(code[:-1]) != digest(code)
    assert digest("\ud800") != digest(code)


async def test_who_has_the_code_comes_in_while_nobody_can_sign_in(house: House) -> None:
    report = await house.report(Level.ACUTE, reporter={"unit": "noerrebro"}, text="Hjælp.")
    code = await made(house)
    assert "Har du enhedens nødkode?" in (await (await stranger(house)).open("/sign-in")).text
    with capture_logs() as logs:
        browser, screen = await come_in(house, code)
    assert (screen.status_code, screen.url.path) == (200, "/work")
    case = await browser.into(report.case_id)
    assert "Hjælp." in case.text
    taken = await browser.press(case, "/acknowledge")
    assert taken.status_code == 200
    row = await house.escalation.pool.fetchrow("SELECT * FROM people WHERE name = 'Bo Natvagt (nødadgang)'")
    assert (row["roles"], row["units"], row["active"]) == (["consultant"], ["noerrebro"], False)
    acts = "SELECT act FROM evidence WHERE actor = $1"
    assert "acknowledged" in {each["act"] for each in await house.escalation.pool.fetch(acts, row["person_id"])}
    critical = [each for each in logs if each["event"] == "break_glass.used"]
    assert [(each["log_level"], each["person_id"]) for each in critical] == [("critical", row["person_id"])]
    assert code not in str(logs)


async def test_a_code_works_once_even_for_two_at_the_same_moment(house: House) -> None:
    code = await made(house)
    came = await asyncio.gather(*(come_in(house, code) for _ in range(4)))
    assert sorted(screen.status_code for _, screen in came) == [200, 403, 403, 403]
    _, again = await come_in(house, code)
    assert "Du kom ikke ind." in again.text


async def test_while_people_can_sign_in_no_code_works_and_none_is_used(house: House) -> None:
    code = await made(house)
    provider = house.app._desk.provider
    away = provider.client
    provider_answers(house)
    assert "nødkode" not in (await (await stranger(house)).client.get("/sign-in", follow_redirects=False)).text
    _, refused = await come_in(house, code)
    assert refused.status_code == 403
    assert "Du kan logge ind som ellers." in refused.text
    provider.client = away
    _, screen = await come_in(house, code)
    assert screen.status_code == 200


async def test_another_units_case_does_not_exist_for_them(house: House) -> None:
    elsewhere = await house.report(Level.ACUTE, reporter={"unit": "amager"}, text="Andetsteds.")
    browser, _ = await come_in(house, await made(house, "noerrebro"))
    assert (await browser.open(f"/cases/{elsewhere.case_id}")).status_code == 404


async def test_what_takes_a_fresh_sign_in_or_another_role_stays_closed(house: House) -> None:
    browser, _ = await come_in(house, await made(house))
    for path in ("/rota", "/people", "/break-glass"):
        assert (await browser.open(path)).status_code == 403
    accept = {"Accept": "application/json"}
    answer = await browser.client.put("/v1/me/contact", json={"address": "x@ekt.example"}, headers=accept)
    assert answer.status_code == 403
    assert "step_up_needed" in answer.text


async def test_their_session_lasts_an_hour_however_busy_and_ends_when_they_sign_out(house: House) -> None:
    browser, _ = await come_in(house, await made(house))
    pool = house.escalation.pool
    lasts = await pool.fetchval("SELECT max(ends_at - started_at) FROM sessions WHERE authenticated_at < '2000-01-01'")
    assert lasts == timedelta(minutes=60)
    await pool.execute(
        "UPDATE sessions SET ends_at = $1 WHERE authenticated_at < '2000-01-01'", house.escalation.clock.now()
    )
    assert (await browser.open("/work")).url.path == "/sign-in"
    other, _ = await come_in(house, await made(house))
    gone = await other.client.post("/sign-out")
    assert "Du er logget ud." in gone.text
    assert (await other.open("/work")).url.path == "/sign-in"


async def test_a_new_code_takes_the_place_of_the_one_that_was_not_used(house: House) -> None:
    first, second = await made(house), await made(house)
    assert first != second
    assert (await come_in(house, first))[1].status_code == 403
    assert (await come_in(house, second))[1].status_code == 200
    kept = await house.escalation.pool.fetch("SELECT * FROM break_glass")
    assert second not in str([dict(row) for row in kept])


async def test_a_used_code_rings_until_there_is_a_new_one_and_so_do_wrong_ones(house: House) -> None:
    async def figures() -> tuple[float, float]:
        latest = await found(house.escalation.pool, house.escalation.clock.now(), usual=100)
        return latest["beredskab.break_glass.used"], latest["beredskab.break_glass.refused"]

    code = await made(house)
    assert await figures() == (0, 0)
    await come_in(house, "0000-0000-0000-0000-0000-0000")
    assert await figures() == (0, 1)
    await come_in(house, code)
    assert await figures() == (1, 1)
    assert "koden er brugt" in (await (await house.browser(DITTE)).open("/break-glass")).text
    await made(house)
    assert await figures() == (0, 1)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "Bo\x00"])
async def test_nobody_comes_in_without_a_name_and_no_code_is_used_by_it(house: House, name: str) -> None:
    code = await made(house)
    _, refused = await come_in(house, code, name)
    assert refused.status_code == 403
    assert code not in refused.text
    assert (await come_in(house, code))[1].status_code == 200


async def test_another_site_cannot_bring_anybody_in(house: House) -> None:
    code, browser = await made(house), await stranger(house)
    answer = await browser.client.post(
        "/sign-in/break-glass", data={"code": code, "name": "Bo"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert (await come_in(house, code))[1].status_code == 200


async def test_only_leaders_who_have_just_signed_in_make_codes(house: House) -> None:
    aase = await house.browser(AASE)
    assert (await aase.client.post("/break-glass", data={"unit": "noerrebro"})).status_code == 403
    ditte = await house.browser(DITTE)
    refused = await ditte.client.post("/break-glass", data={"unit": "nowhere"})
    assert "Koden blev ikke lavet. Vælg en enhed." in refused.text
    await house.escalation.pool.execute("UPDATE sessions SET authenticated_at = authenticated_at - interval '1 hour'")
    late = await ditte.client.post("/break-glass", data={"unit": "noerrebro"})
    assert late.status_code == 403
    assert "Log ind igen" in late.text
    assert not await house.escalation.pool.fetchval("SELECT count(*) FROM break_glass")


async def test_the_code_is_typed_by_keyboard_alone_on_a_phone(house: House) -> None:
    await house.report(Level.ACUTE, reporter={"unit": "noerrebro"}, text="Hjælp.")
    code, browser = await made(house), await stranger(house)
    async with open_browser() as chromium:
        page = await chromium.new_page(viewport=NARROW)
        await page.route("**/*", answered_by(browser))
        await page.goto(f"{CONSOLE}/sign-in")
        assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
        await page.get_by_label("Dit navn").focus()
        await page.keyboard.type("Bo Natvagt")
        await page.keyboard.press("Tab")
        await page.keyboard.type(code.lower().replace("-", " "))
        await page.keyboard.press("Enter")
        await page.get_by_text("Log ud").first.wait_for()
