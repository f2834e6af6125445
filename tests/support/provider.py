"""A sign-in provider that says whatever the test wants, with a signature that holds."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ISSUER = "https://idp.example"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class Issuer:
    """`claims` changes what the next token says; None leaves a claim out. `metadata` and `keys` change the rest."""

    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[Any] | None = None
    fails: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def client(self) -> httpx2.AsyncClient:
        """The way to it."""
        paths = {"/.well-known/openid-configuration": self._metadata, "/jwks": self._jwks}
        routes = [Route(path, answer) for path, answer in paths.items()]
        app = Starlette(routes=[*routes, Route("/token", self._token, methods=["POST"])])
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app))

    def signed(self, **claims: Any) -> str:
        """A token of it."""
        said = {name: value for name, value in {**claims, **self.claims}.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "one"}, said, self.key, algorithms=["RS256"])

    async def _metadata(self, request: Request) -> Response:
        where = {f"{name}_endpoint": f"{ISSUER}/{name}" for name in ("authorization", "token", "end_session")}
        return self._told(request, {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks", **where, **self.metadata})

    async def _jwks(self, request: Request) -> Response:
        ours = [self.key.as_dict(private=False)]
        return self._told(request, {"keys": ours if self.keys is None else self.keys})

    async def _token(self, request: Request) -> Response:
        # The code is what the browser would have brought: the claims of the sign-in, as the test put them together.
        self.asked.append(parse_qs((await request.body()).decode())["code"][0])
        return self._told(request, {"id_token": self.asked[-1], "token_type": "Bearer", "access_token": "x"})

    def _told(self, request: Request, content: dict[str, Any]) -> Response:
        if request.url.path in self.fails:
            return Response(status_code=502)
        return JSONResponse(content)
