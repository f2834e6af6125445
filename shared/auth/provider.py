"""The sign-in provider, as a relying party sees it: OpenID Connect Core 1.0, code flow with PKCE (RFC 7636).

Nothing of a token is ever logged or repeated; what is wrong with one ends as `NotSignedIn`.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.auth import NotSignedIn
from shared.auth.people import Details, Person, person_of
from shared.auth.sessions import SignIn
from shared.auth.settings import SignInSettings
from shared.ids import PersonId

ALGORITHMS = ["RS256", "ES256", "EdDSA", "Ed25519"]
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LEEWAY = 30
_KEYS_STAY = 10.0
"""Seconds before the provider's keys are asked for again, so that made-up tokens cannot make us ask all the time."""


class ProviderAway(Exception):
    """The provider does not answer; nobody can sign in until it does."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says it is, its own name for the session (`sid`), and what else it says of the person."""

    person: Person
    provider_session: str | None
    details: Details


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """What a logout token names: one session of the provider's, or everything of a person."""

    provider_session: str | None
    person_id: PersonId | None


@dataclass(slots=True)
class Provider:
    """One provider. Its metadata are fetched once, its keys again when a token names one that is not known."""

    settings: SignInSettings
    client: httpx2.AsyncClient = field(
        default_factory=lambda: httpx2.AsyncClient(timeout=5, trust_env=False, follow_redirects=False)
    )
    _metadata: dict[str, Any] = field(default_factory=dict)
    _keys: KeySet | None = None
    _keys_at: float = float("-inf")
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def address(self, sign_in: SignIn, *, fresh: bool) -> str:
        """Where the browser is sent. `fresh`: the person proves anew who they are (OpenID Connect Core § 3.1.2.1)."""
        more = {"prompt": "login", "max_age": "0"} if fresh else {}
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
        answer = await self._asked(
            "POST", await self._endpoint("token_endpoint"), data=form, auth=(self.settings.oidc_client_id, secret)
        )
        claims = await self._claims(str(answer.get("id_token", "")), now=now)
        if claims.get("nonce") != sign_in.nonce or "exp" not in claims:
            raise NotSignedIn("the token is not valid")
        when = claims.get("auth_time", claims.get("iat"))
        sid = claims.get("sid")
        return Identity(person_of({**claims, "auth_time": when}), str(sid) if sid else None, Details.of(claims))

    async def logged_out(self, logout_token: str, *, now: datetime) -> LoggedOut:
        """What a logout token ends (OpenID Connect Back-Channel Logout 1.0 § 2.6). Raises `NotSignedIn`."""
        claims = await self._claims(logout_token, now=now)
        events, sid, sub = claims.get("events"), claims.get("sid"), claims.get("sub")
        if "nonce" in claims or not isinstance(events, dict) or _LOGOUT_EVENT not in events or not (sid or sub):
            raise NotSignedIn("the token is not a logout token")
        try:
            return LoggedOut(str(sid) if sid else None, PersonId(UUID(sub)) if sub else None)
        except (ValueError, TypeError, AttributeError):
            raise NotSignedIn("the token does not name a person") from None

    async def _claims(self, token: str, *, now: datetime) -> dict[str, Any]:
        for again in (False, True):
            try:
                decoded = jwt.decode(token, await self._key_set(again=again), algorithms=ALGORITHMS)
                self._registry(now).validate(decoded.claims)
                return dict(decoded.claims)
            except (JoseError, ValueError, TypeError):
                if again:
                    raise NotSignedIn("the token is not valid") from None
        raise NotSignedIn("the token is not valid")

    def _registry(self, now: datetime) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(now.astimezone(UTC).timestamp()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": self.settings.oidc_issuer},
            aud={"essential": True, "value": self.settings.oidc_client_id},
            iat={"essential": True},
        )

    async def _key_set(self, *, again: bool) -> KeySet:
        async with self._lock:
            if self._keys is None or (again and time.monotonic() - self._keys_at > _KEYS_STAY):
                found = await self._asked("GET", await self._endpoint("jwks_uri"))
                self._keys, self._keys_at = KeySet.import_key_set(found), time.monotonic()  # type: ignore[arg-type]
            return self._keys

    async def _endpoint(self, name: str) -> str:
        if not self._metadata:
            url = f"{self.settings.oidc_issuer}/.well-known/openid-configuration"
            found = await self._asked("GET", url)
            if found.get("issuer") != self.settings.oidc_issuer:
                raise ProviderAway("the provider calls itself by another name than `oidc_issuer`")
            self._metadata = found
        return str(self._metadata[name])

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
