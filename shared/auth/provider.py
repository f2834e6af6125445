"""The sign-in provider, as a relying party sees it: OpenID Connect Core 1.0, code flow with PKCE (RFC 7636).

Nothing of a token is ever logged or repeated; what is wrong with one ends as `NotSignedIn`.
"""

import asyncio
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import httpx2
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from shared.auth import NotSignedIn
from shared.auth.claims import LEEWAY, person_of, require_short
from shared.auth.people import NEVER, Details, Person
from shared.auth.sessions import SignIn
from shared.auth.settings import SignInSettings
from shared.ids import PersonId
from shared.telemetry.logging import log

ALGORITHMS = ["RS256", "ES256", "EdDSA", "Ed25519"]
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_STAYS = 10.0
"""Seconds before the provider is asked again for its metadata or keys.

Made-up tokens cannot make us ask all the time, and nothing that was read wrongly once is kept.
"""
_FAILED_LATELY = 120.0
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderAway(Exception):
    """The provider does not answer; nobody can sign in until it does."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says it is, its own name for the session (`sid`), and what else it says of the person."""

    person: Person
    provider_session: str | None
    details: Details
    id_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """What a logout token names: one session of the provider's, or everything of a person."""

    provider_session: str | None
    person_id: PersonId | None


@dataclass(slots=True)
class Provider:
    """One provider. Its metadata and keys are asked for when they are needed and were not just now."""

    settings: SignInSettings
    client: httpx2.AsyncClient = field(
        default_factory=lambda: httpx2.AsyncClient(timeout=5, trust_env=False, follow_redirects=False)
    )
    _metadata: dict[str, Any] = field(default_factory=dict)
    _metadata_at: float = float("-inf")
    _keys: KeySet | None = None
    _keys_at: float = float("-inf")
    _failed_at: float = float("-inf")
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def address(self, sign_in: SignIn, *, fresh: bool) -> str:
        """Where the browser is sent. `fresh`: the person proves anew who they are (OpenID Connect Core § 3.1.2.1)."""
        acr = {"acr_values": self.settings.oidc_step_up_acr} if self.settings.oidc_step_up_acr else {}
        more = {"prompt": "login", "max_age": "0", **acr} if fresh else {}
        address: str = prepare_grant_uri(
            await self._endpoint("authorization_endpoint"),
            self.settings.oidc_client_id,
            "code",
            redirect_uri=self.redirect_uri,
            scope=self.settings.oidc_scope,
            state=sign_in.state,
            nonce=sign_in.nonce,
            code_challenge=create_s256_code_challenge(sign_in.verifier),
            code_challenge_method="S256",
            **more,
        )
        return address

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends the browser back to."""
        return f"{self.settings.public_url}/sign-in/answer"

    async def identity(self, code: str, sign_in: SignIn, *, now: datetime) -> Identity:
        """Who signed in, by the code the browser brought. Raises `NotSignedIn`, `ProviderAway`."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": sign_in.verifier,
        }
        secret = self.settings.oidc_client_secret.get_secret_value()
        try:
            answer = await self._asked(
                "POST", await self._endpoint("token_endpoint"), data=form, auth=(self.settings.oidc_client_id, secret)
            )
        except ProviderAway:
            self._failed_at = time.monotonic()
            raise
        id_token = str(answer.get("id_token", ""))
        claims = await self._claims(id_token, now=now)
        if claims.get("nonce") != sign_in.nonce:
            raise NotSignedIn("the token is not valid", "nonce")
        sid = claims.get("sid")
        return Identity(self._person(claims, now), str(sid) if sid else None, Details.of(claims), id_token)

    def _person(self, claims: dict[str, Any], now: datetime) -> Person:
        """The person, who has proved nothing for a step-up where the provider does not say when, or not well enough."""
        who = person_of({"auth_time": NEVER.timestamp(), **claims}, now=now)
        lacks = "no_auth_time" if "auth_time" not in claims else "" if self._is_sure(claims) else "acr"
        if lacks:
            log().warning("sign_in.no_step_up", reason=lacks)
        return replace(who, authenticated_at=NEVER) if lacks else who

    def _is_sure(self, claims: dict[str, Any]) -> bool:
        asked = self.settings.oidc_step_up_acr.split()
        return not asked or claims.get("acr") in asked

    async def logout_address(self, id_token: str) -> str | None:
        """Where the browser ends the provider's session (OpenID Connect RP-Initiated Logout 1.0 § 2).

        None where the provider has no such place. Raises `ProviderAway`.
        """
        self._metadata_at = float("-inf")  # a browser that is sent to a provider that is away sees nothing of ours
        if not (await self._read_metadata()).get("end_session_endpoint"):
            return None
        asked = {
            "id_token_hint": id_token,
            "client_id": self.settings.oidc_client_id,
            "post_logout_redirect_uri": f"{self.settings.public_url}/signed-out",
        }
        return f"{await self._endpoint('end_session_endpoint')}?{urlencode(asked)}"

    async def is_away(self) -> bool:
        """Whether nobody can sign in: the provider does not answer now, or failed at a sign-in a moment ago."""
        self._metadata_at = float("-inf")
        try:
            await self._read_metadata()
        except (ProviderAway, NotSignedIn):
            return True
        return time.monotonic() - self._failed_at < _FAILED_LATELY

    async def logged_out(self, logout_token: str, *, now: datetime) -> LoggedOut:
        """What a logout token ends (OpenID Connect Back-Channel Logout 1.0 § 2.6). Raises `NotSignedIn`."""
        claims = await self._claims(logout_token, now=now)
        events, sid, sub = claims.get("events"), claims.get("sid"), claims.get("sub")
        if "nonce" in claims or not isinstance(events, dict) or _LOGOUT_EVENT not in events or not (sid or sub):
            raise NotSignedIn("the token is not a logout token", "not_a_logout_token")
        try:
            return LoggedOut(str(sid) if sid else None, PersonId(UUID(sub)) if sub else None)
        except (ValueError, TypeError, AttributeError):
            raise NotSignedIn("the token does not name a person") from None

    async def _claims(self, token: str, *, now: datetime) -> dict[str, Any]:
        for again in (False, True):
            try:
                decoded = jwt.decode(token, await self._key_set(again=again), algorithms=ALGORITHMS)
                self._registry(now).validate(decoded.claims)
                break
            except (JoseError, ValueError, TypeError) as error:
                if again:
                    raise NotSignedIn("the token is not valid", type(error).__name__) from None
        self._require_ours(decoded.claims)
        require_short(decoded.claims)
        return dict(decoded.claims)

    def _require_ours(self, claims: dict[str, Any]) -> None:
        """Refuse a token that others may hold too (OpenID Connect Core § 3.1.3.7, 3 to 5)."""
        ours, audience = self.settings.oidc_client_id, claims["aud"]
        if audience not in (ours, [ours]):
            raise NotSignedIn("the token is not valid", "audience")
        if claims.get("azp", ours) != ours:
            raise NotSignedIn("the token is not valid", "azp")

    def _registry(self, now: datetime) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(now.astimezone(UTC).timestamp()),
            leeway=int(LEEWAY.total_seconds()),
            iss={"essential": True, "value": self.settings.oidc_issuer},
            aud={"essential": True, "value": self.settings.oidc_client_id},
            iat={"essential": True},
            exp={"essential": True},
        )

    async def _key_set(self, *, again: bool) -> KeySet:
        """The provider's keys; one of a kind that is not known here does not hide the others."""
        async with self._lock:
            if self._keys is None or (again and time.monotonic() - self._keys_at > _STAYS):
                found = await self._asked("GET", await self._endpoint("jwks_uri"))
                listed = found.get("keys")
                keys = [key for each in listed if (key := _key(each))] if isinstance(listed, list) else []
                if not keys:
                    raise ProviderAway("the provider shows no keys")
                self._keys, self._keys_at = KeySet(keys), time.monotonic()
            return self._keys

    async def _endpoint(self, name: str) -> str:
        return str((await self._read_metadata())[name])

    async def _read_metadata(self) -> dict[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery 1.0 § 4), kept only when it is whole."""
        if time.monotonic() - self._metadata_at > _STAYS:
            url = f"{self.settings.oidc_issuer}/.well-known/openid-configuration"
            found = await self._asked("GET", url)
            if found.get("issuer") != self.settings.oidc_issuer:
                raise ProviderAway("the provider calls itself by another name than `oidc_issuer`")
            if not all(_is_address(found.get(name)) for name in _ENDPOINTS):
                raise ProviderAway("the provider does not say where its endpoints are")
            self._metadata, self._metadata_at = found, time.monotonic()
        return self._metadata

    async def _asked(self, method: str, url: str, **request: Any) -> dict[str, Any]:
        try:
            answer = await self.client.request(method, url, **request)
        except httpx2.HTTPError:
            raise ProviderAway("the provider does not answer") from None
        if answer.status_code >= 500:
            raise ProviderAway("the provider fails")
        if not answer.is_success:
            raise NotSignedIn("the provider refused the code")
        try:
            found = answer.json()
        except ValueError:
            raise ProviderAway("the provider's answer is not JSON") from None
        return found if isinstance(found, dict) else {}


def _key(jwk: object) -> Key | None:
    try:
        return JWKRegistry.import_key(jwk) if isinstance(jwk, dict) else None
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _is_address(endpoint: object) -> bool:
    return isinstance(endpoint, str) and urlsplit(endpoint).scheme in ("http", "https")
