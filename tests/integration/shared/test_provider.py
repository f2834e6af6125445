"""What a provider may say of a person and what it may not: each token holds its signature, its content is at fault."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from structlog.testing import capture_logs

from shared.auth import AUTH, provider
from shared.ids import new_id
from shared.postgres.migrations import migrations_in
from tests.conftest import OpenGround
from tests.support.provider import ISSUER, LOGOUT_EVENT, Issuer
from tests.support.sign_in import Site, open_site

PERSON = str(new_id())


@dataclass
class Stage:
    """A site and the provider behind it."""

    site: Site
    issuer: Issuer

    async def sign_in(self, **query: str) -> httpx2.Response:
        """Sign in as a consultant, with what the issuer's `claims` change."""
        asked = parse_qs(urlsplit(await self.site.begin(**query)).query)
        now = int(self.site.ground.clock.now().timestamp())
        said = {"sub": PERSON, "roles": ["consultant"], "units": ["noerrebro"], "auth_time": now}
        kept = {"iss": ISSUER, "aud": "beredskab", "iat": now, "exp": now + 300, "nonce": asked["nonce"][0]}
        code = self.issuer.signed(**kept, **said)
        return await self.site.client.get("/sign-in/answer", params={"state": asked["state"][0], "code": code})

    async def me(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.site.client.get("/me")).json()
        return found


@pytest.fixture
async def stage(ground: OpenGround) -> AsyncIterator[Stage]:
    issuer = Issuer()
    async with open_site(await ground("escalation", migrations_in(AUTH)), ISSUER) as site:
        await site.desk.provider.client.aclose()
        site.desk.provider.client = issuer.client()
        yield Stage(site, issuer)


async def test_an_honest_token_signs_in(stage: Stage) -> None:
    assert (await stage.sign_in()).status_code == 303
    assert (await stage.me())["units"] == ["noerrebro"]


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"units": "*-team"}, "units_not_a_list"),
        ({"roles": "consultant"}, "roles_not_a_list"),
        ({"auth_time": 99_999_999_999}, "auth_time"),
        ({"auth_time": "yesterday"}, "auth_time"),
        ({"aud": ["beredskab", "another"]}, "audience"),
        ({"aud": "another"}, "InvalidClaimError"),
        ({"azp": "another"}, "azp"),
        ({"exp": 99_999_999_999}, "lifetime"),
        ({"exp": None}, "MissingClaimError"),
        ({"iat": 99_999_999_000, "exp": 99_999_999_300}, "InvalidClaimError"),
        ({"iss": "https://other.example"}, "InvalidClaimError"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"sub": "carla"}, "sub"),
    ],
)
async def test_a_token_that_says_too_much_signs_nobody_in_and_the_log_says_why(
    stage: Stage, claims: dict[str, Any], reason: str
) -> None:
    stage.issuer.claims = claims
    with capture_logs() as logs:
        assert (await stage.sign_in()).status_code == 403
    assert [entry["reason"] for entry in logs if entry["event"] == "sign_in.failed"] == [reason]
    assert (await stage.site.client.get("/me")).status_code == 401


async def test_an_unknown_role_locks_nobody_out(stage: Stage) -> None:
    stage.issuer.claims = {"roles": ["consultant", "offline_access"]}
    assert (await stage.sign_in()).status_code == 303
    assert (await stage.me())["roles"] == ["consultant"]


async def test_without_a_moment_of_the_sign_in_there_is_no_step_up(stage: Stage) -> None:
    stage.issuer.claims = {"auth_time": None}
    assert (await stage.sign_in(fresh="1")).status_code == 303
    assert (await stage.me())["authenticated_at"] == 0


@pytest.mark.parametrize(("acr", "fresh"), [(None, False), ("low", False), ("high", True), ("highest", True)])
async def test_a_step_up_takes_the_level_of_assurance_that_is_set(
    stage: Stage, acr: str | None, fresh: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = stage.site.desk.settings.model_copy(update={"oidc_step_up_acr": "high highest"})
    monkeypatch.setattr(stage.site.desk.provider, "settings", settings)
    assert parse_qs(urlsplit(await stage.site.begin(fresh="1")).query)["acr_values"] == ["high highest"]
    stage.issuer.claims = {"acr": acr}
    assert (await stage.sign_in()).status_code == 303
    assert ((await stage.me())["authenticated_at"] > 0) is fresh


@pytest.mark.parametrize(
    "half",
    [
        {"token_endpoint": None},
        {"jwks_uri": "nonsense"},
        {"authorization_endpoint": 7},
        {"issuer": "https://x.example"},
    ],
)
async def test_metadata_that_were_read_half_heal(stage: Stage, half: dict[str, Any]) -> None:
    stage.issuer.metadata = half
    assert (await stage.site.client.get("/sign-in")).status_code == 503
    stage.issuer.metadata = {}
    assert (await stage.sign_in()).status_code == 303


async def test_an_endpoint_that_moves_is_found_again_within_ten_seconds(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.issuer.metadata = {"token_endpoint": f"{ISSUER}/gone"}
    assert (await stage.sign_in()).status_code == 403
    stage.issuer.metadata = {}
    assert (await stage.sign_in()).status_code == 403
    passed = provider.time.monotonic() + 10.5
    monkeypatch.setattr(provider.time, "monotonic", lambda: passed)
    assert (await stage.sign_in()).status_code == 303


async def test_a_key_of_an_unknown_kind_does_not_hide_the_others(stage: Stage) -> None:
    stage.issuer.keys = [{"kty": "PQC", "kid": "new"}, "nonsense", stage.issuer.key.as_dict(private=False)]
    assert (await stage.sign_in()).status_code == 303


async def test_keys_that_were_read_half_heal(stage: Stage) -> None:
    for half in ([], [{"kty": "RSA"}]):
        stage.issuer.keys = half
        assert (await stage.sign_in()).status_code == 503
    stage.issuer.keys = None
    assert (await stage.sign_in()).status_code == 303


async def test_signing_out_leads_on_to_the_provider_from_a_page_of_ours(stage: Stage) -> None:
    await stage.sign_in()
    answer = await stage.site.client.post("/sign-out")
    assert answer.status_code == 200
    assert "Du er logget ud." in answer.text
    seconds, _, address = answer.headers["refresh"].partition("; url=")
    asked = parse_qs(urlsplit(address).query)
    assert (seconds, address.partition("?")[0]) == ("0", f"{ISSUER}/end_session")
    assert asked["id_token_hint"] == [stage.issuer.asked[-1]]
    assert asked["post_logout_redirect_uri"] == [f"{stage.site.desk.settings.public_url}/signed-out"]
    assert (await stage.site.client.get("/me")).status_code == 401
    assert "Du er logget ud." in (await stage.site.client.get("/signed-out")).text


async def test_signing_out_works_while_the_provider_is_away(stage: Stage) -> None:
    await stage.sign_in()
    stage.issuer.fails = {"/.well-known/openid-configuration"}
    answer = await stage.site.client.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/signed-out")
    assert (await stage.site.client.get("/me")).status_code == 401


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"sid": "s1"}, 200),
        ({"sub": PERSON}, 200),
        ({"sid": "s2"}, 202),
        ({"sid": "s1", "nonce": "n"}, 400),
        ({"sid": "s1", "events": None}, 400),
        ({"sid": "s1", "aud": "another"}, 400),
        ({"sid": "s1", "exp": 99_999_999_999}, 400),
    ],
)
async def test_the_provider_ends_the_sessions_that_it_names(stage: Stage, claims: dict[str, Any], status: int) -> None:
    stage.issuer.claims = {"sid": "s1"}
    await stage.sign_in()
    now = int(stage.site.ground.clock.now().timestamp())
    stage.issuer.claims = claims
    token = stage.issuer.signed(iss=ISSUER, aud="beredskab", iat=now, exp=now + 120, events={LOGOUT_EVENT: {}})
    answer = await stage.site.other.post("/sign-out/back-channel", data={"logout_token": token})
    ends = status == 200
    assert answer.status_code == (200 if status < 300 else status)
    assert ((await stage.site.client.get("/me")).status_code == 401) is ends


async def test_nothing_of_a_person_stands_in_the_sessions_in_clear(stage: Stage) -> None:
    stage.issuer.claims = {"name": "Aase Eksempel", "email": "aase@ekt.example", "institution": "Skolen"}
    await stage.sign_in()
    row = dict(await stage.site.ground.pool.fetchrow("SELECT * FROM sessions"))
    clear = repr(row)
    assert all(word not in clear for word in ("Aase", "ekt.example", "Skolen", stage.issuer.asked[-1]))
