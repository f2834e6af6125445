"""Signing in at a real Keycloak with the realm that `deploy/identity` ships: what the light provider cannot show."""

import asyncio
import html
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx2
import pytest

from shared.auth import AUTH, sessions
from shared.auth.settings import SignInSettings
from shared.postgres.migrations import migrations_in
from tests.conftest import OpenGround
from tests.support.keycloak import PASSWORD, SECRETS, keycloak
from tests.support.ports import free_port
from tests.support.sign_in import ANSWER, Site, listening, open_site

pytestmark = pytest.mark.timeout(300)
URLS = {client: f"http://127.0.0.1:{free_port()}" for client in SECRETS}
URL = URLS["beredskab"]


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("keycloak")
    with keycloak(folder, escalation=URL, intake=URLS["beredskab-intake"]) as running:
        yield running


@asynccontextmanager
async def served(ground: OpenGround, name: str, issuer: str, client: str) -> AsyncIterator[Site]:
    """A site that also listens on a real port: Keycloak ends sessions by calling it."""
    service, url = await ground(name, migrations_in(AUTH)), URLS[client]
    async with (
        open_site(service, issuer, client=client, secret=SECRETS[client], url=url) as opened,
        listening(opened, int(url.rpartition(":")[2])),
    ):
        yield opened


@pytest.fixture
async def site(ground: OpenGround, issuer: str) -> AsyncIterator[Site]:
    async with served(ground, "escalation", issuer, "beredskab") as opened:
        yield opened


@pytest.fixture
async def form(ground: OpenGround, issuer: str) -> AsyncIterator[Site]:
    """The other site: where reports are sent."""
    async with served(ground, "intake", issuer, "beredskab-intake") as opened:
        yield opened


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
    word = site.client.cookies["__Host-escalation"]
    details = (await sessions.kept(site.ground.pool, site.ground.keys, word)).details
    assert (details.name, details.email, details.institution) == said


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


async def signed_out(site: Site) -> None:
    """Wait until the browser's session has ended: Keycloak calls in its own time."""
    async with asyncio.timeout(20):
        while (await site.client.get("/me")).status_code == 200:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


async def test_signing_out_at_keycloak_ends_the_session_here(site: Site, person: httpx2.AsyncClient) -> None:
    await site.client.get(await sign_in(person, await site.begin(), "aase"))
    assert (await site.client.get("/me")).status_code == 200
    page = await person.get(f"{site.desk.settings.oidc_issuer}/protocol/openid-connect/logout")
    found = re.search(r'action="([^"]+)"', page.text)
    assert found, page.text
    fields = dict(re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', page.text))
    await person.post(urljoin(site.desk.settings.oidc_issuer, html.unescape(found[1])), data=fields)
    await signed_out(site)


@pytest.mark.parametrize("leaves", ["site", "form"])
async def test_log_ud_ends_the_session_everywhere_and_the_next_click_asks_again(
    site: Site, form: Site, person: httpx2.AsyncClient, leaves: str
) -> None:
    await site.client.get(await sign_in(person, await site.begin(), "carla"))
    known = await person.get(await form.begin())  # Keycloak knows her: nothing is asked
    await form.client.get(str(known.headers["location"]).removeprefix(URLS["beredskab-intake"]))
    assert [(await each.client.get("/me")).status_code for each in (site, form)] == [200, 200]
    left, other = (site, form) if leaves == "site" else (form, site)
    goodbye = await left.client.post("/sign-out")
    onward = await person.get(goodbye.headers["refresh"].partition("url=")[2])
    assert (onward.status_code, onward.headers["location"]) == (302, f"{left.desk.settings.public_url}/signed-out")
    assert (await left.client.get("/me")).status_code == 401
    await signed_out(other)
    for each in (left, other):
        assert 'name="password"' in (await person.get(await each.begin())).text


@pytest.mark.parametrize(("client", "other"), [tuple(SECRETS), tuple(SECRETS)[::-1]])
async def test_a_service_is_known_by_its_own_name_secret_and_address_alone(
    issuer: str, person: httpx2.AsyncClient, client: str, other: str
) -> None:
    code = {"grant_type": "authorization_code", "code": "x", "redirect_uri": URLS[client] + ANSWER}
    at = f"{issuer}/protocol/openid-connect"
    wrong = await person.post(f"{at}/token", data=code, auth=(client, SECRETS[other]))
    right = await person.post(f"{at}/token", data=code, auth=(client, SECRETS[client]))
    assert [each.json()["error"] for each in (wrong, right)] == ["unauthorized_client", "invalid_grant"]
    asked = {"client_id": client, "response_type": "code", "scope": "openid", "redirect_uri": URLS[other] + ANSWER}
    assert (await person.get(f"{at}/auth", params=asked)).status_code == 400
