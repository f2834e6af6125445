"""Signing in with a browser's cookies, at the local stack's own provider over HTTP."""

import asyncio
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from deploy.local.place import SEED_FILE
from deploy.local.probes import answers
from shared.auth import AUTH, sessions
from shared.auth.settings import SignInSettings
from shared.postgres.migrations import migrations_in
from tests.conftest import OpenGround
from tests.support.ports import free_port
from tests.support.sign_in import SITE, Site, listening, open_site

BEHIND = free_port()
"""Where the provider reaches the site."""
SESSION_COOKIE = "__Host-escalation"
PEOPLE = {each["name"].split()[0]: each["id"] for each in tomllib.loads(SEED_FILE.read_text("utf-8"))["people"]}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    port = free_port()
    sites = [f"{site}/sign-in/answer" for site in (SITE, f"http://127.0.0.1:{BEHIND}")]
    command = [sys.executable, "-m", "deploy.local.sign_in", str(port), *sites]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            asyncio.run(_answering(port))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


async def _answering(port: int) -> None:
    async with asyncio.timeout(30):
        while not await answers(port, "/.well-known/openid-configuration")():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def choose(address: str, who: str) -> str:
    """Sign in at the provider; the path with the answer that the browser is sent to."""
    async with httpx2.AsyncClient(trust_env=False) as browser:
        answer = await browser.post(address, data={"sub": PEOPLE[who]})
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"]).removeprefix(SITE)


async def sign_in(site: Site, who: str = "Aase", to: str = "/") -> httpx2.Response:
    return await site.client.get(await choose(await site.begin(to), who))


@pytest.fixture
async def site(ground: OpenGround, issuer: str) -> AsyncIterator[Site]:
    async with open_site(await ground("escalation", migrations_in(AUTH)), issuer) as opened:
        yield opened


async def test_one_sign_in_leads_to_the_screen_that_was_wanted(site: Site) -> None:
    answer = await sign_in(site, "Carla", to="/cases/4")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases/4")
    assert (await site.client.get("/me")).json()["id"] == PEOPLE["Carla"]


async def test_the_cookie_is_bound_to_this_host_and_hidden_from_scripts(site: Site) -> None:
    answer = await sign_in(site)
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith(SESSION_COOKIE))
    assert SESSION_COOKIE.startswith("__Host-")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"))
    assert "Domain" not in cookie


async def test_the_request_for_a_sign_in_carries_a_challenge_and_never_its_verifier(site: Site) -> None:
    asked = parse_qs(urlsplit(await site.begin()).query)
    assert asked["code_challenge_method"] == ["S256"]
    verifier = await site.ground.pool.fetchval("SELECT verifier FROM sign_ins")
    assert verifier not in str(asked)


async def test_the_answer_is_refused_in_a_browser_that_did_not_ask(site: Site) -> None:
    answer = await choose(await site.begin(), "Aase")
    stolen = await site.other.get(answer)
    assert stolen.status_code == 403
    assert (await site.other.get("/me")).status_code == 401


async def test_an_answer_counts_once(site: Site) -> None:
    answer = await choose(await site.begin(), "Aase")
    state = site.client.cookies["__Host-escalation-sign-in"]
    assert (await site.client.get(answer)).status_code == 303
    site.client.cookies.set("__Host-escalation-sign-in", state)
    assert (await site.client.get(answer)).status_code == 403


async def test_an_answer_that_comes_too_late_is_refused(site: Site) -> None:
    answer = await choose(await site.begin(), "Aase")
    site.ground.clock.pass_by(minutes=11)
    assert (await site.client.get(answer)).status_code == 403


async def test_a_token_made_for_another_sign_in_is_refused(site: Site) -> None:
    answer = await choose(await site.begin(), "Aase")
    await site.ground.pool.execute("UPDATE sign_ins SET nonce = 'another'")
    assert (await site.client.get(answer)).status_code == 403


@pytest.mark.parametrize(
    ("scope", "kept"),
    [("openid", ("", "")), ("openid profile email", ("Gorm Eksempel", "gorm.eksempel@skole.example"))],
)
async def test_name_and_mail_are_kept_only_where_the_service_asks_for_them(
    site: Site, scope: str, kept: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SignInSettings, "oidc_scope", scope)
    await sign_in(site, "Gorm")
    said = (await sessions.kept(site.ground.pool, site.ground.keys, site.client.cookies[SESSION_COOKIE])).details
    assert (said.name, said.email) == kept


@pytest.mark.parametrize(
    ("who", "works_at"),
    [("Gorm", "Eksempelskolen"), ("Aase", "Etnisk Konsulentteam"), ("Carla", "Den Sociale Døgnvagt")],
)
async def test_where_a_person_works_is_their_institution_or_their_unit(
    site: Site, who: str, works_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SignInSettings, "oidc_scope", "openid profile email")
    await sign_in(site, who)
    said = (await sessions.kept(site.ground.pool, site.ground.keys, site.client.cookies[SESSION_COOKIE])).details
    assert said.institution == works_at


async def test_signing_in_again_makes_another_session_and_ends_the_first(site: Site) -> None:
    await sign_in(site, "Aase")
    first = site.client.cookies[SESSION_COOKIE]
    await sign_in(site, "Bo")
    assert site.client.cookies[SESSION_COOKIE] != first
    site.other.cookies.set(SESSION_COOKIE, first)
    assert (await site.other.get("/me")).status_code == 401


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\n/evil", "\\\\evil"]
)
async def test_nobody_is_sent_to_another_site(site: Site, to: str) -> None:
    answer = await sign_in(site, to=to)
    assert answer.headers["location"] == "/"


async def test_a_session_ends_after_an_idle_hour(site: Site) -> None:
    await sign_in(site)
    site.ground.clock.pass_by(minutes=59)
    assert (await site.client.get("/me")).status_code == 200
    site.ground.clock.pass_by(minutes=61)
    assert (await site.client.get("/me")).status_code == 401


async def test_what_a_screen_asks_for_by_itself_keeps_no_session_awake(site: Site) -> None:
    await sign_in(site)
    for _ in range(6):
        site.ground.clock.pass_by(minutes=10)
        assert (await site.client.get("/me", headers={"X-Poll": "1"})).status_code == 200
    site.ground.clock.pass_by(minutes=1)
    assert (await site.client.get("/me", headers={"X-Poll": "1"})).status_code == 401
    assert (await site.client.get("/me")).status_code == 401


async def test_a_session_ends_after_twelve_hours_however_busy(site: Site) -> None:
    await sign_in(site)
    for _ in range(13):
        site.ground.clock.pass_by(minutes=55)
        assert (await site.client.get("/me")).status_code == 200
    site.ground.clock.pass_by(minutes=10)
    assert (await site.client.get("/me")).status_code == 401


@pytest.mark.parametrize("site_says", ["cross-site", "same-site"])
async def test_another_site_cannot_act_with_the_session(site: Site, site_says: str) -> None:
    await sign_in(site)
    assert (await site.client.post("/me")).status_code == 200
    assert (await site.client.post("/me", headers={"Sec-Fetch-Site": site_says})).status_code == 403
    assert (await site.client.get("/me", headers={"Sec-Fetch-Site": site_says})).status_code == 200


async def test_signing_out_ends_the_session_on_every_device(site: Site) -> None:
    await sign_in(site, "Aase")
    site.client, site.other = site.other, site.client
    await sign_in(site, "Aase")
    answer = await site.client.post("/sign-out")
    assert (answer.status_code, "refresh" in answer.headers) == (200, True)
    assert (await site.client.get("/me")).status_code == 401
    assert (await site.other.get("/me")).status_code == 401


async def test_log_ud_at_the_local_provider_leads_straight_back_and_ends_the_sessions_at_every_site(site: Site) -> None:
    await sign_in(site, "Aase")
    kept = await sessions.kept(site.ground.pool, site.ground.keys, site.client.cookies[SESSION_COOKIE])
    address = await site.desk.provider.logout_address(kept.id_token)
    assert address
    async with listening(site, BEHIND), httpx2.AsyncClient(trust_env=False) as browser:
        forged = [address.replace(kept.id_token, "x.y.z"), address.replace("signed-out", "elsewhere")]
        assert [(await browser.get(each)).status_code for each in forged] == [400, 400]
        assert (await site.client.get("/me")).status_code == 200
        answer = await browser.get(address)
    assert (answer.status_code, answer.headers["location"]) == (302, f"{SITE}/signed-out")
    assert (await site.client.get("/me")).status_code == 401


async def test_a_logout_token_that_the_provider_did_not_sign_ends_nothing(site: Site) -> None:
    await sign_in(site, "Aase")
    event = {"http://schemas.openid.net/event/backchannel-logout": {}}
    now = int(site.ground.clock.now().timestamp())
    settings = site.desk.settings
    claims = {"iss": settings.oidc_issuer, "aud": "beredskab", "iat": now, "sub": PEOPLE["Aase"], "events": event}
    forged = jwt.encode({"alg": "Ed25519"}, claims, OKPKey.generate_key(), algorithms=["Ed25519"])
    for token in (forged, "", "x.y.z"):
        assert (await site.client.post("/sign-out/back-channel", data={"logout_token": token})).status_code == 400
    assert (await site.client.get("/me")).status_code == 200


async def test_no_word_of_a_session_is_stored(site: Site) -> None:
    await sign_in(site)
    word = site.client.cookies[SESSION_COOKIE]
    rows = await site.ground.pool.fetch("SELECT * FROM sessions")
    assert re.search(re.escape(word), str([dict(row) for row in rows])) is None


async def test_a_logout_that_cannot_be_checked_is_to_come_again(site: Site) -> None:
    site.desk.provider._metadata = {"jwks_uri": "http://127.0.0.1:1/"}
    site.desk.provider._metadata_at = time.monotonic()
    site.desk.provider._keys = None
    answer = await site.client.post("/sign-out/back-channel", data={"logout_token": "x.y.z"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


async def test_nobody_can_sign_in_while_the_provider_is_away(site: Site) -> None:
    site.desk.provider._metadata = {
        "authorization_endpoint": "http://127.0.0.1:1/",
        "token_endpoint": "http://127.0.0.1:1/",
    }
    site.desk.provider._metadata_at = time.monotonic()
    await site.begin()
    state = site.client.cookies["__Host-escalation-sign-in"]
    answer = await site.client.get("/sign-in/answer", params={"state": state, "code": "x"})
    assert answer.status_code == 503
