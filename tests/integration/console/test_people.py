"""Somebody new among the people: a leader says who they are; where they are reached is theirs alone to say."""

import re

import pytest

from services.escalation.colleagues import Colleagues
from shared.auth.people import Role
from shared.ids import PersonId
from tests.integration.console.conftest import AASE, BO, DITTE, GORM, House

NEW = "0c9d3c52-6f0b-4b0e-9a51-1f6c1a0000ff"
HANNE = {"person_id": NEW, "name": "Hanne Ny", "role.consultant": "yes", "unit.noerrebro": "yes"}


async def test_a_leader_adds_somebody_who_can_be_put_on_the_rota_at_once(house: House) -> None:
    ditte = await house.browser(DITTE)
    form = await ditte.open("/people/new")
    added = await ditte.press(form, "/people/new", **HANNE)
    assert added.url.path == "/people"
    assert "Personen er tilføjet. Bed personen logge ind og vælge »Din adresse«." in added.text
    assert "Hanne Ny" in added.text
    assert f'<option value="{NEW}">Hanne Ny</option>' in (await ditte.open("/rota")).text
    [row] = await house.escalation.pool.fetch("SELECT * FROM people WHERE person_id = $1", NEW)
    assert (row["roles"], row["units"], row["active"], row["by"]) == (["consultant"], ["noerrebro"], True, DITTE)


async def test_where_somebody_new_is_reached_is_asked_of_nobody_but_them(house: House) -> None:
    ditte = await house.browser(DITTE)
    form = (await ditte.open("/people/new")).text
    assert "Personen skriver selv sin adresse." in form
    assert 'type="email"' not in form
    assert 'name="address"' not in form


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"person_id": "hanne"}, "Id er ikke skrevet rigtigt."),
        ({"person_id": str(BO)}, "Personen med det id er her allerede."),
        ({"person_id": str(BO).upper()}, "Personen med det id er her allerede."),
        ({"name": "  "}, "Skriv personens navn."),
        ({"name": "x" * 201}, "Skriv personens navn."),
        ({"role.consultant": ""}, "Vælg mindst én rolle."),
        ({"unit.noerrebro": ""}, "Vælg mindst én enhed. Ellers bliver personen aldrig tilkaldt."),
    ],
)
async def test_what_cannot_be_right_is_shown_again_with_what_was_written(
    house: House, wrong: dict[str, str], words: str
) -> None:
    ditte = await house.browser(DITTE)
    before = await house.escalation.pool.fetch("SELECT * FROM people ORDER BY person_id")
    sent = {name: value for name, value in {**HANNE, **wrong}.items() if value}
    refused = await ditte.press(await ditte.open("/people/new"), "/people/new", **sent)
    assert refused.status_code == 422
    assert refused.text.count("<li>") == 1
    assert words in refused.text
    assert all(f'value="{sent[name]}"' in refused.text for name in ("person_id", "name"))
    assert await house.escalation.pool.fetch("SELECT * FROM people ORDER BY person_id") == before


async def test_an_operator_serves_no_unit(house: House) -> None:
    ditte = await house.browser(DITTE)
    operator = {"person_id": NEW, "name": "Ivan Ny", "role.operator": "yes"}
    assert "Ivan Ny" in (await ditte.press(await ditte.open("/people/new"), "/people/new", **operator)).text


async def test_all_units_are_all_whichever_else_are_ticked(house: House) -> None:
    ditte = await house.browser(DITTE)
    await ditte.press(await ditte.open("/people/new"), "/people/new", **HANNE, **{"unit.*": "yes"})
    assert await house.escalation.pool.fetchval("SELECT units FROM people WHERE person_id = $1", NEW) == ["*"]


async def test_saving_somebody_as_they_stand_changes_nothing_of_them(house: House) -> None:
    pool, ditte = house.escalation.pool, await house.browser(DITTE)
    await pool.execute("UPDATE people SET units = '{noerrebro,nyt-distrikt}' WHERE person_id = $1", BO)
    screen = (await ditte.open("/people")).text
    for who in (BO, GORM):
        form = screen.partition(f'name="person_id" value="{who}"')[2].partition("</form>")[0]
        ticked = [each.rpartition('name="')[2].split('"')[0] for each in form.split(" checked")[:-1]]
        name = form.partition('name="name" value="')[2].split('"')[0]
        before = await pool.fetch("SELECT name, roles, units, active FROM people ORDER BY person_id")
        await ditte.client.post("/people", data={"person_id": str(who), "name": name, **dict.fromkeys(ticked, "yes")})
        assert await pool.fetchval("SELECT by FROM people WHERE person_id = $1", who) == DITTE
        assert await pool.fetch("SELECT name, roles, units, active FROM people ORDER BY person_id") == before


async def test_the_form_is_a_leaders(house: House) -> None:
    for role in (Role.CONSULTANT, Role.AUTHORITY, Role.OPERATOR):
        browser = await house.browser(AASE, role)
        assert (await browser.open("/people/new")).status_code == 403
        assert (await browser.client.post("/people/new", data=HANNE)).status_code == 403
    assert await house.escalation.pool.fetchval("SELECT count(*) FROM people WHERE person_id = $1", PersonId(BO)) == 1
    assert await house.escalation.pool.fetchval("SELECT count(*) FROM people WHERE person_id = $1", NEW) == 0


async def test_who_was_signed_out_meanwhile_loses_nothing_they_wrote(house: House) -> None:
    ditte = await house.browser(DITTE)
    form = await ditte.open("/people/new?lang=en")
    ditte.client.cookies.clear()
    kept = await ditte.press(form, "/people/new", **HANNE)
    assert kept.status_code == 401
    words = {name for name, value in HANNE.items() if " " in value}  # shown, so that they can be copied too
    assert all(f'name="{name}" value="{value}"' in kept.text for name, value in HANNE.items() if name not in words)
    assert all(re.search(rf'<textarea[^>]* name="{name}"[^>]*>\n{HANNE[name]}</textarea>', kept.text) for name in words)


async def test_whoever_is_made_inactive_is_signed_out_at_once(house: House) -> None:
    leader, bo = await house.browser(DITTE), await house.browser(BO)
    assert (await bo.open("/work")).status_code == 200
    fields = {"person_id": str(BO), "name": "Bo", "role.consultant": "yes", "unit.*": "yes"}
    await leader.client.post("/people", data=fields)
    bo.client.follow_redirects = False
    assert (await bo.open("/work")).status_code == 303
    bearer = house.escalation.bearer(BO, "consultant")
    assert (await bo.client.get("/v1/work", headers=bearer)).status_code == 401
    assert await house.escalation.pool.fetchval("SELECT count(*) FROM sessions WHERE person_id = $1", BO) == 0


async def test_a_token_gives_no_role_that_the_people_table_does_not(house: House) -> None:
    bo = await house.browser(BO, "leader", "consultant")
    await house.escalation.pool.execute("UPDATE people SET roles = '{consultant}' WHERE person_id = $1", BO)
    assert (await bo.open("/people")).status_code == 403
    assert (await bo.open("/work")).status_code == 200
    await house.escalation.pool.execute("UPDATE people SET roles = '{operator}' WHERE person_id = $1", BO)
    assert "Ingen venter på dig" in (await bo.open("/work")).text


async def test_intake_hears_who_has_left_or_lost_a_role_and_is_told_again_only_of_what_is_new(house: House) -> None:
    colleagues = Colleagues(house.escalation.pool, house.escalation.tokens, "http://intake", house.door)
    roles = "SELECT roles FROM people WHERE person_id = $1"
    for sql, told in (
        ("UPDATE people SET roles = '{operator}' WHERE person_id = $1", ["operator"]),
        ("UPDATE people SET active = false WHERE person_id = $1", []),
        ("UPDATE people SET active = true, roles = '{consultant}' WHERE person_id = $1", ["consultant"]),
    ):
        await house.escalation.pool.execute(sql, BO)
        for _ in range(2):
            await colleagues.run_once()
            assert await house.intake.pool.fetchval(roles, BO) == told
    await house.intake.pool.execute("DELETE FROM people")
    await colleagues.run_once()
    assert await house.intake.pool.fetchval("SELECT count(*) FROM people") == 0


async def test_the_last_leader_cannot_remove_herself(house: House) -> None:
    ditte = await house.browser(DITTE)
    leaders = "SELECT count(*) FROM people WHERE active AND 'leader' = ANY (roles)"
    before = await house.escalation.pool.fetchval(leaders)
    others = await house.escalation.pool.fetch(
        "SELECT person_id FROM people WHERE active AND 'leader' = ANY (roles) AND person_id <> $1", DITTE
    )
    for row in others:
        await house.escalation.pool.execute("UPDATE people SET active = false WHERE person_id = $1", row["person_id"])
    me = {"person_id": str(DITTE), "name": "Ditte Eksempel", "role.consultant": "yes", "unit.noerrebro": "yes"}
    refused = await ditte.client.post("/people", data=me)
    assert "Der skal være mindst én leder. Gør først en anden til leder." in refused.text
    assert await house.escalation.pool.fetchval(leaders) == before - len(others)


async def test_the_rota_offers_only_those_who_can_be_on_duty(house: House) -> None:
    offered = (await (await house.browser(DITTE)).open("/rota")).text
    assert f'<option value="{AASE}">' in offered
    row = await house.escalation.pool.fetchrow(
        "SELECT person_id FROM people WHERE active AND NOT roles && '{consultant,authority}' LIMIT 1"
    )
    assert row is not None
    assert f'<option value="{row["person_id"]}">' not in offered


async def test_whoever_gives_somebody_a_role_is_told_what_it_may_do(house: House) -> None:
    form = (await (await house.browser(DITTE)).open("/people/new")).text
    for role in Role:
        assert f'aria-describedby="new-may-{role}"' in form
        assert re.search(rf'id="new-may-{role}">[^<]{{20,}}</p>', form)
