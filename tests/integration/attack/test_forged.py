"""Acts that another site has a browser send: none of them reaches a door while somebody is signed in."""

from urllib.parse import quote

import pytest

from tests.integration.attack.conftest import Doors

FROM_ELSEWHERE = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://vagt.kommune.example"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {},
)
"""What a browser says of a form that another site holds; old ones say the origin alone, or nothing."""


async def taken_from_elsewhere(doors: Doors) -> list[str]:
    """The endpoints that take an act which another site has sent in the name of who is signed in."""
    shown = await doors.cookie("leader")
    taken = []
    for endpoint in sorted(each for each in doors.there if not each.startswith("GET ")):
        method, path = endpoint.split()
        path = path.replace("{id}", "0c9d3c52-6f0b-4b0e-9a51-1f6c1a009999")
        for said in FROM_ELSEWHERE:
            doors.client.headers.pop("Sec-Fetch-Site", None)
            answer = await doors.client.request(method, path, data={"text": "x", "version": "0"}, headers=shown | said)
            taken += [endpoint] if answer.status_code != 403 or b"forged" not in answer.content else []
    return taken


async def test_a_form_of_another_site_is_refused_at_every_endpoint(intake: Doors, escalation: Doors) -> None:
    for doors in (intake, escalation):
        before = await everything(doors)
        assert await taken_from_elsewhere(doors) == []
        assert [count - was for count, was in zip(await everything(doors), before, strict=True) if count != was] == [1]


async def everything(doors: Doors) -> list[int]:
    """How many rows each table has. (One more afterwards: the session itself.)"""
    tables = await doors.ground.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [await doors.ground.pool.fetchval(f"SELECT count(*) FROM {each['tablename']}") for each in tables]


@pytest.mark.parametrize("word", ["", "x", "x" * 43, "' OR 1=1 --", "%00"])
async def test_a_session_that_somebody_else_chose_is_none(escalation: Doors, word: str) -> None:
    shown = {"Cookie": f"__Host-escalation={word}", "Accept": "text/html"}
    answer = await escalation.client.get("/work", headers=shown)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?to=/work")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("word", ["a\r\nSet-Cookie: x=y", "<b>", "{{ 7 * 7 }}", "\u202eabc", "//evil.example"])
async def test_what_stands_in_an_address_gets_into_no_header_and_is_no_markup(escalation: Doors, word: str) -> None:
    for who in ("nobody", "leader"):
        shown = {**await escalation.cookie(who), "Accept": "text/html"}
        for path, query in (("/cases/0", {"to": word}), ("/sign-in", {"to": word}), (f"/cases/{quote(word)}", {})):
            answer = await escalation.client.get(path, params=query, headers=shown)
            assert answer.status_code in (303, 404, 503)
            assert "x" not in {name for name, _ in answer.cookies.items()}
            assert all("\r" not in value and "\n" not in value for value in answer.headers.values())
            assert answer.headers.get("location", "/").startswith("/")
            assert "<b>" not in answer.text
            assert "\u202e" not in answer.text
