"""The rules are open to everybody, as JSON and as a page that works without scripts."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx2
import pytest

from services.triage import web
from services.triage.rules import VERSIONS, newest, rule_set
from shared.settings import ScreenSettings
from shared.signs import SIGNS
from shared.web.application import application
from shared.web.screens import Screens

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async def ready() -> list[str]:
        return []

    settings = cast(ScreenSettings, SimpleNamespace(site="Beredskab", duty_phone="70 20 00 00", exit_url="/"))
    screens = Screens(Path(web.__file__).parent, settings)
    transport = httpx2.ASGITransport(application(web.routes(screens), ready=ready, screens=screens))
    async with httpx2.AsyncClient(transport=transport, base_url="http://triage") as opened:
        yield opened


async def test_the_versions_are_listed(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/rules")
    versions = [{"version": version, "url": f"/rules/{version}"} for version in VERSIONS]
    assert answer.json() == {"newest": VERSIONS[-1], "versions": versions}


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_version_is_published_whole(client: httpx2.AsyncClient, version: int) -> None:
    rules = (await client.get(f"/rules/{version}")).json()
    assert [rule["id"] for rule in rules["rules"]] == [rule.id for rule in rule_set(version).by_level]
    named = {
        name
        for rule in rules["rules"]
        for name in [
            *rule.get("unanswered", []),
            *(each["sign"] for group in rule.get("one_of_each", []) for each in group),
        ]
    }
    assert set(rules["signs"]) == named
    assert [each["version"] for each in rules["changes"]] == list(range(version, 0, -1))


async def test_a_source_that_was_wrong_is_shown_with_the_version_that_corrects_it(client: httpx2.AsyncClient) -> None:
    old = {rule["id"]: rule for rule in (await client.get("/rules/1")).json()["rules"]}
    assert old["acute_wedding_near"]["source_corrected_in"] == 2
    assert "source_corrected_in" not in old["acute_genital_mutilation"]
    assert "Kilden er rettet i regelsæt 2." in (await client.get("/rules/1", headers=BROWSER)).text
    newest_rules = (await client.get(f"/rules/{VERSIONS[-1]}")).json()["rules"]
    assert not any("source_corrected_in" in rule for rule in newest_rules)


async def test_a_browser_gets_a_page_that_names_every_rule_and_loads_no_script(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/rules", headers=BROWSER)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none';")
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    for rule in newest().rules:
        assert f'<article id="{rule.id}">' in answer.text
    assert SIGNS["travel.soon"].danish in answer.text
    for link in re.findall(r'<link rel="stylesheet" href="([^"]+)"', answer.text):
        assert (await client.get(link)).headers["content-type"].startswith("text/css")


async def test_the_page_can_be_read_in_english(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/rules?lang=en", headers=BROWSER)
    assert '<html lang="en"' in answer.text
    assert newest().rules[0].english in answer.text
    assert SIGNS["travel.soon"].english in answer.text


async def test_a_version_that_does_not_exist_is_a_problem(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/rules/99")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
