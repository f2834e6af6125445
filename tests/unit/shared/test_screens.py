"""The base of all screens: literal words, two languages, what comes from us alone, problems a person can read."""

import hashlib
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest
from starlette.requests import Request
from starlette.routing import Route

from shared.settings import ScreenSettings
from shared.web.application import application
from shared.web.assets import Assets
from shared.web.language import Language
from shared.web.problems import Problem
from shared.web.screens import Screens, same_origin
from tests.support.services import NOON

STATIC = Path(__file__).parents[3] / "shared" / "web" / "static"
SETTINGS = cast(ScreenSettings, SimpleNamespace(site="Beredskab", duty_phone="70 20 00 00", exit_url="/"))
HOSTILE = "<script>alert(1)</script> {{ 7 * 7 }} {% include 'x' %} \u202egnp"


@pytest.fixture
def screens(tmp_path: Path) -> Screens:
    """Screens with one page of the test's."""
    (tmp_path / "templates").mkdir()
    main = '{{ say("Ring {duty}: {what}", "Call: {what}", what=what) }}'
    page = '{% extends "page.html" %}{% block main %}' + main + "{% endblock %}"
    (tmp_path / "templates" / "own.html").write_text(page, encoding="utf-8")
    return Screens(tmp_path, SETTINGS)


async def answer(screens: Screens, path: str, **headers: str) -> httpx2.Response:
    async def own(request: Request) -> Any:
        return screens.page(request, "own.html", what=HOSTILE)

    async def refused(_request: Request) -> Any:
        raise Problem(403, "foreign", "No.")

    async def ready() -> list[str]:
        return []

    app = application([Route("/own", own), Route("/refused", refused)], ready=ready, screens=screens)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://screens") as client:
        return await client.get(path, headers=headers)


async def test_what_people_wrote_is_shown_as_they_wrote_it(screens: Screens) -> None:
    page = (await answer(screens, "/own")).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7 * 7 }} {% include &#39;x&#39; %} \u202egnp" in page
    assert "<script>alert" not in page


async def test_a_page_speaks_danish_unless_its_address_asks_for_english(screens: Screens) -> None:
    danish, english = [(await answer(screens, path)).text for path in ("/own", "/own?lang=en")]
    assert '<html lang="da"' in danish
    assert "Ring <a" in danish
    assert 'href="/own?lang=en"' in danish
    assert '<html lang="en"' in english
    assert "Call: " in english
    assert 'href="/own"' in english


async def test_a_page_runs_and_loads_nothing_but_our_own_and_is_kept_nowhere(screens: Screens) -> None:
    page = await answer(screens, "/own")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert not re.search(r"""<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style|https?://(?!www\.w3\.org)""", page.text)


async def test_a_browser_gets_a_problem_as_a_page_and_a_program_as_data(screens: Screens) -> None:
    for path, status in (("/nowhere", 404), ("/refused", 403)):
        page = await answer(screens, path, Accept="text/html,*/*")
        assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert "70 20 00 00" in page.text
        assert "No." not in page.text
        assert (await answer(screens, path)).headers["content-type"] == "application/problem+json"


async def test_the_language_switch_leads_nowhere_else(screens: Screens) -> None:
    page = (await answer(screens, "http://screens//elsewhere.example/%5Cx", Accept="text/html")).text
    assert 'href="/elsewhere.example/%5Cx?lang=en"' in page


async def test_a_file_is_kept_under_its_mark_and_asked_for_again_without(screens: Screens) -> None:
    url = screens.assets.url("screens.css")
    marked, bare = await answer(screens, url), await answer(screens, "/static/screens.css")
    assert "immutable" in marked.headers["cache-control"]
    assert marked.headers["content-encoding"] == "gzip"
    assert marked.headers["content-type"] == "text/css; charset=utf-8"
    assert bare.headers["cache-control"] == "no-cache"
    again = await answer(screens, "/static/screens.css", **{"If-None-Match": bare.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await answer(screens, "/static/../screens.py")).status_code == 404


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://console"}, False),
        ({"origin": "http://console"}, True),
        ({"origin": "http://elsewhere"}, False),
        ({"origin": "null"}, False),
        ({}, False),
    ],
)
def test_only_a_page_of_ours_acts(headers: dict[str, str], ours: bool) -> None:
    raw = [(name.encode(), value.encode()) for name, value in (headers | {"host": "console"}).items()]
    scope = {"type": "http", "scheme": "http", "path": "/", "query_string": b"", "headers": raw, "server": ("x", 80)}
    assert same_origin(Request(scope)) is ours


def test_what_others_made_is_what_was_looked_at() -> None:
    noted = dict(re.findall(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", (STATIC / "VENDORED.md").read_text(), re.M))
    assert {path: hashlib.sha256((STATIC / path).read_bytes()).hexdigest() for path in noted} == noted
    own = {"VENDORED.md", "screens.css", "mark.svg", "dkfds/fonts/OFL-1.1.txt", "dkfds/img/Apache-2.0.txt"}
    assert {file.relative_to(STATIC).as_posix() for file in STATIC.rglob("*") if file.is_file()} - own == set(noted)


def test_every_file_a_style_sheet_names_is_there() -> None:
    known = Assets()
    for sheet in STATIC.rglob("*.css"):
        for named in re.findall(r"url\(\"?([^\")]+)", sheet.read_text(encoding="utf-8")):
            known.url((sheet.parent / named).resolve().relative_to(STATIC).as_posix())


def test_moments_are_said_in_words() -> None:
    assert Language.DANISH.moment(NOON) == "tirsdag 10. marts kl. 13.00"
    assert Language.ENGLISH.moment(NOON) == "Tuesday 10 March at 13:00"
    assert Language.DANISH.day_time(NOON) == "tirsdag kl. 13.00"
