"""The local stack's sign-in: OpenID Connect for the seeded people, one click each, no passwords.

`python -m deploy.local.sign_in PORT REDIRECT_URI…`. A thin wrapper round oidc-provider-mock: a page of our own, its
debugger off, only our own addresses to return to, and the moment of the sign-in (`auth_time`) in each token. It keeps
no session of its own. *Log ud* leads straight back, after both services were told (Back-Channel Logout 1.0).
"""

import os
import sys
import time
import tomllib
from pathlib import Path
from typing import Any
from uuid import UUID

import flask
import httpx2
import jinja2
import oidc_provider_mock
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from oidc_provider_mock import User
from werkzeug.serving import make_server

from deploy.local.place import SEED_FILE

_PAGE = Path(__file__).with_name("sign_in_page")
_ANSWER = "/sign-in/answer"
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


def seeded_people(seed_file: Path) -> list[dict[str, Any]]:
    """The people of the seed file."""
    found: list[dict[str, Any]] = tomllib.loads(seed_file.read_text(encoding="utf-8"))["people"]
    return found


def provider(people: list[dict[str, Any]], redirect_uris: list[str]) -> flask.Flask:
    """The provider's application."""
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # it serves loopback alone
    app: flask.Flask = oidc_provider_mock.app(require_nonce=True, issue_refresh_token=False)
    app.debug = False
    app.wsgi_app = app.wsgi_app.app  # type: ignore[method-assign, attr-defined]  # without its debugger
    app.jinja_loader = jinja2.FileSystemLoader(_PAGE)
    known = {person["id"]: person for person in people}

    sites = [uri.removesuffix(_ANSWER) for uri in redirect_uris]

    @app.before_request
    def guard() -> flask.typing.ResponseReturnValue | None:
        if flask.request.endpoint == "oidc-provider-mock.end_session":
            return _end_session(sites)
        if flask.request.endpoint != "oidc-provider-mock.authorize":
            return None
        if flask.request.args.get("redirect_uri") not in redirect_uris:
            return flask.Response("That address to return to is not ours.", 400)
        person = known.get(flask.request.form.get("sub", ""))
        if flask.request.method == "POST" and person is None:
            return flask.Response("Choose one of the people shown.", 400)
        if person is not None:
            claims = {"roles": person["roles"], "units": person["units"], "auth_time": int(time.time())}
            claims |= {name: person[name] for name in ("name", "email", "institution", "unit") if name in person}
            flask.g.oidc_provider_mock_storage.store_user(User(sub=person["id"], claims=claims))
        return None

    @app.context_processor
    def shown() -> dict[str, Any]:
        return {"people": people}

    return app


def _end_session(sites: list[str]) -> flask.typing.ResponseReturnValue:
    """End the person's sessions at every site, then go back to the one that asked."""
    back, hint = (flask.request.values.get(name, "") for name in ("post_logout_redirect_uri", "id_token_hint"))
    key = RSAKey.import_key(flask.g.oidc_provider_mock_storage.jwk.as_dict(is_private=True))
    try:
        said = jwt.decode(hint, key, algorithms=["RS256"]).claims
        person, client = str(UUID(said["sub"])), said["aud"]
    except (JoseError, ValueError, KeyError, TypeError):
        return flask.Response("That token is not ours.", 400)
    if back not in [f"{site}/signed-out" for site in sites]:
        return flask.Response("That address to return to is not ours.", 400)
    now, issuer = int(time.time()), flask.request.host_url.rstrip("/")
    claims = {"iss": issuer, "aud": client, "sub": person, "iat": now, "exp": now + 120, "events": {_LOGOUT_EVENT: {}}}
    token = jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key, algorithms=["RS256"])
    for site in sites:
        try:
            httpx2.post(f"{site}/sign-out/back-channel", data={"logout_token": token}, timeout=2, trust_env=False)
        except httpx2.HTTPError:
            print(f"{site} was not told of a sign-out: it does not answer.", file=sys.stderr)
    return flask.redirect(back)


def main() -> None:
    """Serve on a loopback port until told to stop."""
    app = provider(seeded_people(SEED_FILE), sys.argv[2:])
    make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True).serve_forever()


if __name__ == "__main__":
    main()
