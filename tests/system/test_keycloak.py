"""Signing in at a real Keycloak with the realm that `deploy/identity` ships: what the light provider cannot show."""

import asyncio
import html
import re
from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx2
import pytest
import uvicorn

from shared.auth import AUTH
from shared.auth.settings import SignInSettings
from shared.postgres.migrations import migrations_in
from tests.conftest import OpenGround
from tests.support.keycloak import PASSWORD, SECRET, keycloak
from tests.support.ports import free_port
from tests.support.sign_in import ANSWER, Site, open_site

pytestmark = pytest.mark.timeout(300)
DOOR = free_port()
URL = f"http://127.0.0.1:{DOOR}"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with keycloak(tmp_path_factory.mktemp("keycloak"), URL) as running:
        yield running


@pytest.fixture
async def site(ground: OpenGround, issuer: str) -> AsyncIterator[Site]:
    service = await ground("escalation", migrations_in(AUTH))
    async with open_site(service, issuer, secret=SECRET, url=URL) as opened:
        # Keycloak ends sessions by calling us, so the same site also listens on a real port.
        config = uvicorn.Config(opened.app, port=DOOR, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        yield opened
        server.should_exit = True
        await serving


@pytest.fixture
async def person() -> AsyncIterator[httpx2.AsyncClient]:
    """A browser at Keycloak. Like a browser's, its cookies marked `Secure` go to a loopback address without TLS too."""

    async def keep(answer: httpx2.Response) -> None:
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            client.headers["cookie"] = f"{client.headers.get('cookie', '')}; {name}={value}".lstrip("; ")

    async with httpx2.AsyncClient(trust_env=False, timeout=30, event_hooks={"response": [keep]}) as client:
        yield client


async def sign_in(person: httpx2.AsyncClient, address: str, who: str) -> str:
    """Give name and password; the path with the answer."""
    page = await person.get(address)
    found = re.search(r'action="([^"]+)"', page.text)
    assert found, page.text
    answer = await person.post(html.unescape(found[1]), data={"username": who, "password": PASSWORD})
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"]).removeprefix(URL)


async def test_roles_units_and_the_moment_of_the_sign_in_come_from_the_realm(
    site: Site, person: httpx2.AsyncClient
) -> None:
    answer = await site.client.get(await sign_in(person, await site.begin("/cases/7"), "carla"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases/7")
    me = (await site.client.get("/me")).json()
    assert (me["id"][-6:], me["roles"], me["units"]) == ("000003", ["authority"], ["*"])
    assert abs(me["authenticated_at"] - site.ground.clock.now().timestamp()) < 120


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("gorm", ("Gorm Eksempel", "gorm.eksempel@skole.example", "Eksempelskolen")),
        ("aase", ("Aase Eksempel", "aase.eksempel@ekt.example", "Etnisk Konsulentteam")),
    ],
)
async def test_name_mail_and_where_they_work_come_from_the_realm(
    site: Site, person: httpx2.AsyncClient, who: str, said: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SignInSettings, "oidc_scope", "openid profile email")
    await site.client.get(await sign_in(person, await site.begin(), who))
    assert tuple(await site.ground.pool.fetchrow("SELECT name, email, institution FROM sessions")) == said


async def test_a_request_without_a_challenge_is_refused(site: Site, person: httpx2.AsyncClient) -> None:
    address = urlsplit(await site.begin())
    without = [(name, value) for name, value in parse_qsl(address.query) if not name.startswith("code_challenge")]
    answer = await person.get(address._replace(query=urlencode(without)).geturl())
    assert "error=invalid_request" in answer.headers["location"]


async def test_a_code_is_no_use_without_its_verifier(site: Site, person: httpx2.AsyncClient) -> None:
    answer = await sign_in(person, await site.begin(), "aase")
    await site.ground.pool.execute("UPDATE sign_ins SET verifier = repeat('a', 64)")
    assert (await site.client.get(answer)).status_code == 403


async def test_another_address_to_return_to_is_refused(site: Site, person: httpx2.AsyncClient) -> None:
    address = await site.begin()
    elsewhere = address.replace(urlencode({"r": URL + ANSWER})[2:], urlencode({"r": "http://evil.example"})[2:])
    assert elsewhere != address
    assert (await person.get(elsewhere)).status_code == 400


async def test_a_step_up_asks_for_the_password_again(site: Site, person: httpx2.AsyncClient) -> None:
    await site.client.get(await sign_in(person, await site.begin(), "carla"))
    again = await person.get(await site.begin())
    assert again.status_code == 302  # Keycloak still knows her
    fresh = await person.get(await site.begin(fresh="1"))
    assert fresh.status_code == 200
    assert 'name="password"' in fresh.text


async def test_signing_out_at_keycloak_ends_the_session_here(site: Site, person: httpx2.AsyncClient) -> None:
    await site.client.get(await sign_in(person, await site.begin(), "aase"))
    assert (await site.client.get("/me")).status_code == 200
    page = await person.get(f"{site.desk.settings.oidc_issuer}/protocol/openid-connect/logout")
    found = re.search(r'action="([^"]+)"', page.text)
    assert found, page.text
    fields = dict(re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', page.text))
    await person.post(urljoin(site.desk.settings.oidc_issuer, html.unescape(found[1])), data=fields)
    async with asyncio.timeout(20):
        while (await site.client.get("/me")).status_code == 200:  # noqa: ASYNC110 - Keycloak calls in its own time
            await asyncio.sleep(0.1)
