"""The local stack's sign-in: OpenID Connect for the seeded people, one click each, no passwords.

`python -m deploy.local.sign_in PORT REDIRECT_URI…`. A thin wrapper round oidc-provider-mock: a page of our own, its
debugger off, only our own addresses to return to, and the moment of the sign-in (`auth_time`) in each token.
"""

import os
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import flask
import jinja2
import oidc_provider_mock
from oidc_provider_mock import User
from werkzeug.serving import make_server

from deploy.local.place import SEED_FILE

_PAGE = Path(__file__).with_name("sign_in_page")


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

    @app.before_request
    def guard() -> flask.Response | None:
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


def main() -> None:
    """Serve on a loopback port until told to stop."""
    app = provider(seeded_people(SEED_FILE), sys.argv[2:])
    make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True).serve_forever()


if __name__ == "__main__":
    main()
