"""The rota, the people and where they are reached: through escalation's doors, with notify behind them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest

from services.escalation import seed
from services.escalation.contacts import Contacts, Standing
from services.escalation.figures import Reach
from services.escalation.web.api import Api
from services.escalation.web.routes import routes
from services.notify import contacts as notify_contacts
from services.notify.app import MIGRATIONS as NOTIFY
from services.notify.web import Door
from services.notify.web import routes as notify_routes
from shared.events.codes import Level
from shared.ids import new_id
from shared.web.application import application
from tests.conftest import OpenGround
from tests.integration.escalation.conftest import (
    AASE,
    BO,
    CARLA,
    DITTE,
    DOEGNVAGT,
    FRIDA,
    GORM,
    ROLES,
    SEED,
    Service,
    asked,
)
from tests.support.services import Ground
from tests.support.sign_in import recognising

Json = dict[str, Any]
NEWCOMER = UUID("0c9d3c52-6f0b-4b0e-9a51-1f6c1a0000ff")


@dataclass(frozen=True)
class Both:
    """escalation's doors, and notify behind them."""

    service: Service
    notify: Ground
    contacts: Contacts
    client: httpx2.AsyncClient

    async def ask(self, who: UUID, method: str, path: str, body: Json | None = None) -> httpx2.Response:
        bearer = self.service.ground.bearer(who, ROLES[who])
        return await self.client.request(method, f"/v1/{path}", headers=bearer, json=body)

    async def told(self, who: UUID, method: str, path: str, body: Json | None = None) -> Json:
        answer = await self.ask(who, method, path, body)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found


async def _ready() -> list[str]:
    return []


@pytest.fixture
async def both(service: Service, ground: OpenGround) -> AsyncIterator[Both]:
    notify = await ground("notify", NOTIFY)
    addresses = notify_contacts.addresses_in(SEED)
    async with notify.pool.acquire() as conn:
        today = notify.clock.now().date()
        await notify_contacts.load(conn, addresses=addresses, keys=notify.keys, today=today)
    behind = application(notify_routes(Door(notify.transactions, notify.keys, notify.tokens)), ready=_ready)
    here = service.ground
    contacts = Contacts("http://notify", here.tokens, httpx2.ASGITransport(behind))
    app = recognising(application(routes(Api(here.transactions, here.keys, contacts)), ready=_ready), here)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://escalation") as client:
        yield Both(service, notify, contacts, client)
    await contacts.close()


def weekly(person: UUID, **changes: Any) -> Json:
    fields = {"days": [1, 2, 3, 4, 5, 6, 7], "starts": "00:00", "ends": "00:00", "first": "2026-01-01"}
    return {"person": str(person), **fields, **changes}


def span(both: Both, **length: float) -> Json:
    now = both.service.now
    return {"starts_at": now.isoformat(), "ends_at": (now + timedelta(**length)).isoformat()}


async def put(both: Both, **rota: Any) -> Json:
    version = (await both.told(DITTE, "GET", "rota"))["version"]
    return await both.told(DITTE, "PUT", "rota", {"version": version, **rota})


async def migrate(service: Service) -> None:
    """What `migrate` does with the seed file, again."""
    async with service.ground.pool.acquire() as conn:
        await seed.load(conn, seed.read(SEED))


async def test_the_rota_begins_as_the_seed_file_says(both: Both) -> None:
    told = await both.told(AASE, "GET", "rota")
    assert [each["person"] for each in told["shifts"]] == [str(AASE), str(BO)]
    assert (told["version"], told["gaps"], told["ladders"]["version"]) == (1, [], 1)


async def test_a_leader_changes_who_is_asked_and_the_next_page_goes_there(both: Both) -> None:
    await put(both, weekly=[weekly(BO)])
    case_id, _ = await both.service.opened(Level.ACUTE)
    assert asked(await both.service.case(case_id)) == [BO]


async def test_a_swap_and_two_on_leave_change_who_is_asked(both: Both) -> None:
    day = span(both, hours=8)
    both_weekly = [weekly(AASE), weekly(BO)]
    await put(both, weekly=both_weekly, swaps=[{"off": str(AASE), "on": str(CARLA), "span": day}])
    case_id, _ = await both.service.opened(Level.ACUTE)
    assert asked(await both.service.case(case_id)) == [CARLA]
    await put(both, weekly=both_weekly, absences=[{"person": str(each), "span": day} for each in (AASE, BO)])
    other, _ = await both.service.opened(Level.ACUTE)
    assert asked(await both.service.case(other)) == [DOEGNVAGT]


async def test_a_rota_without_anybody_shows_its_gap_first(both: Both) -> None:
    told = await put(both, weekly=[weekly(AASE, days=[2])])
    assert next(iter(told)) == "gaps"
    assert told["gaps"][0]["starts_at"] == "2026-03-10T23:00:00+00:00"


async def test_what_a_leader_changed_survives_the_next_migrate(both: Both) -> None:
    await put(both, weekly=[weekly(BO)])
    people = [
        {"person_id": str(AASE), "name": "Aase Ny", "roles": ["consultant"], "units": ["amager"]},
        {"person_id": str(BO), "name": "Bo", "roles": ["consultant"], "units": ["*"], "active": False},
        {"person_id": str(NEWCOMER), "name": "Ny", "roles": ["authority"], "units": ["*"]},
    ]
    await both.told(DITTE, "PUT", "people", {"people": people})
    ladders = (await both.told(DITTE, "GET", "rota"))["ladders"]
    ladders["ladders"][0]["rung_wait_minutes"] = 2
    await both.told(DITTE, "PUT", "ladders", ladders)
    before = [await both.told(DITTE, "GET", path) for path in ("rota", "people")]
    await migrate(both.service)
    assert [await both.told(DITTE, "GET", path) for path in ("rota", "people")] == before


async def test_the_seed_file_again_changes_nothing(both: Both) -> None:
    before = await both.told(DITTE, "GET", "rota")
    await migrate(both.service)
    assert await both.told(DITTE, "GET", "rota") == before


async def test_a_running_escalation_keeps_the_version_of_its_ladder(both: Both) -> None:
    case_id, _ = await both.service.opened(Level.ACUTE)
    ladders = (await both.told(DITTE, "GET", "rota"))["ladders"]
    ladders["ladders"] = [{**each, "rungs": ["doegnvagt"]} for each in ladders["ladders"]]
    assert (await both.told(DITTE, "PUT", "ladders", ladders))["ladders"]["version"] == 2
    other, _ = await both.service.opened(Level.ACUTE)
    assert asked(await both.service.case(other)) == [DOEGNVAGT]
    await both.service.tick(minutes=3)
    assert asked(await both.service.case(case_id)) == [BO]


async def test_a_unit_may_have_a_ladder_of_its_own(both: Both) -> None:
    ladders = (await both.told(DITTE, "GET", "rota"))["ladders"]
    acute = next(each for each in ladders["ladders"] if each["level"] == "acute")
    ladders["ladders"].append({**acute, "unit": "noerrebro", "rungs": ["doegnvagt"]})
    await both.told(DITTE, "PUT", "ladders", ladders)
    here, _ = await both.service.opened(Level.ACUTE, unit="noerrebro")
    there, _ = await both.service.opened(Level.ACUTE, unit="amager")
    assert asked(await both.service.case(here)) == [DOEGNVAGT]
    assert asked(await both.service.case(there)) == [AASE]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("rota", {"version": 1, "weekly": [{"person": str(AASE), "days": [9], "starts": "x", "ends": "08:00"}]}),
        ("rota", {"version": 1, "weekly": [weekly(NEWCOMER)]}),
        ("rota", {}),
        ("ladders", {"version": 1, "ladders": [], "duty_hours": []}),
        ("people", {"people": [{"person_id": str(AASE), "name": "", "roles": ["king"], "units": []}]}),
    ],
)
async def test_what_means_nothing_is_refused_and_not_repeated(both: Both, path: str, body: Json) -> None:
    answer = await both.ask(DITTE, "PUT", path, body)
    assert answer.status_code == 422, answer.text
    assert "king" not in answer.text


async def test_a_ladder_that_ends_anywhere_but_at_doegnvagt_is_refused(both: Both) -> None:
    ladders = (await both.told(DITTE, "GET", "rota"))["ladders"]
    ladders["ladders"][0]["rungs"] = ["on_call"]
    assert (await both.ask(DITTE, "PUT", "ladders", ladders)).status_code == 422


async def test_a_rota_changed_meanwhile_is_told_and_not_overwritten(both: Both) -> None:
    await put(both, weekly=[weekly(BO)])
    answer = await both.ask(DITTE, "PUT", "rota", {"version": 1, "weekly": [weekly(AASE)]})
    assert (answer.status_code, answer.json()["rota"]["version"]) == (409, 2)


@pytest.mark.parametrize("path", ["rota", "ladders", "people"])
@pytest.mark.parametrize("who", [AASE, CARLA, FRIDA, GORM])
async def test_leaders_alone_change_it(both: Both, who: UUID, path: str) -> None:
    assert (await both.ask(who, "PUT", path, {"version": 1})).status_code == 403


async def test_who_has_left_is_not_asked(both: Both) -> None:
    gone = {"person_id": str(AASE), "name": "Aase", "roles": ["consultant"], "units": ["*"], "active": False}
    await both.told(DITTE, "PUT", "people", {"people": [gone]})
    case_id, _ = await both.service.opened(Level.ACUTE)
    assert asked(await both.service.case(case_id, BO)) == [BO]


async def test_where_a_person_is_reached_goes_to_notify_sealed_and_only_whether_comes_back(both: Both) -> None:
    await put(both, weekly=[weekly(AASE)])
    person = {"person_id": str(NEWCOMER), "name": "Ny", "roles": ["consultant"], "units": ["*"]}
    told = await both.told(DITTE, "PUT", "people", {"people": [person]})
    assert {each["person_id"]: each["reachable"] for each in told["people"]}[str(NEWCOMER)] is False
    bearer = both.service.ground.bearer(NEWCOMER, "consultant")
    answer = await both.client.put("/v1/me/contact", headers=bearer, json={"address": "ny@ekt.example"})
    assert answer.status_code == 204, answer.text
    row = await both.notify.pool.fetchrow("SELECT * FROM contacts WHERE person_id = $1", NEWCOMER)
    assert (row["verified_by"], row["verified_on"]) == (str(NEWCOMER), both.service.now.date())
    assert notify_contacts.unseal(both.notify.keys, NEWCOMER, row["sealed"]) == "ny@ekt.example"
    told = await both.told(DITTE, "GET", "people")
    assert {each["person_id"]: each["reachable"] for each in told["people"]}[str(NEWCOMER)] is True
    assert "ny@ekt" not in str(told)


async def test_where_a_person_is_reached_takes_a_fresh_sign_in(both: Both) -> None:
    bearer = both.service.ground.bearer(AASE, "consultant")
    both.service.ground.clock.pass_by(minutes=11)
    answer = await both.client.put("/v1/me/contact", headers=bearer, json={"address": "ny@ekt.example"})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:beredskab:problem:step_up_needed")
    sealed = await both.notify.pool.fetchval("SELECT sealed FROM contacts WHERE person_id = $1", AASE)
    assert notify_contacts.unseal(both.notify.keys, AASE, sealed) != "ny@ekt.example"


async def test_an_address_that_is_none_is_refused(both: Both) -> None:
    answer = await both.ask(AASE, "PUT", "me/contact", {"address": "ingen adresse"})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:beredskab:problem:unusable_address")
    assert "ingen" not in answer.text


async def test_without_notify_the_contact_is_not_stored_and_nobody_can_say_who_is_reached(service: Service) -> None:
    bearer = service.ground.bearer(AASE, "consultant")
    answer = await service.client.put("/v1/me/contact", headers=bearer, json={"address": "a@b.example"})
    assert answer.status_code == 503
    told = (await service.ask(DITTE, "people")).json()
    assert {each["reachable"] for each in told["people"]} == {None}


async def test_notify_tells_escalation_alone(both: Both) -> None:
    behind = application(
        notify_routes(Door(both.notify.transactions, both.notify.keys, both.notify.tokens)), ready=_ready
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(behind), base_url="http://notify") as client:
        assert (await client.get(f"/reachable/{AASE}")).status_code == 401
        person = both.service.ground.bearer(AASE, "leader")
        assert (await client.get(f"/reachable/{AASE}", headers=person)).status_code == 401
        own = {"Authorization": f"Bearer {both.notify.tokens.token('notify')}"}
        assert (await client.get(f"/reachable/{AASE}", headers=own)).status_code == 403


async def test_a_contact_point_that_nobody_vouched_for_in_a_year_is_none(both: Both) -> None:
    both.notify.clock.pass_by(days=364)
    both.service.ground.clock.pass_by(days=364)
    assert {each["reachable"] for each in (await both.told(DITTE, "GET", "people"))["people"]} == {True}
    both.notify.clock.pass_by(days=1)
    both.service.ground.clock.pass_by(days=1)
    assert {each["reachable"] for each in (await both.told(DITTE, "GET", "people"))["people"]} == {False}


async def test_reach_tells_every_quarter_hour_whom_each_level_pages_and_whether_they_are_reached(both: Both) -> None:
    told = await both.told(FRIDA, "GET", "reach?hours=72")
    assert len(told["quarters"]) == 288
    assert set(told["quarters"][0]["levels"]) == {"acute", "high", "elevated", "low"}
    assert told["quarters"][0]["levels"]["acute"][0] == [str(AASE)]
    assert told["people"][str(AASE)] == {"name": "Aase Eksempel", "reachable": True, "proved": True}
    assert (told["gaps"], told["now"]) == ([], {"reached": 3})


async def test_reach_is_a_figure_that_falls_when_contact_points_are_lost(both: Both) -> None:
    here = both.service.ground

    async def figures() -> tuple[float, float]:
        watched = Reach(here.transactions, both.contacts)
        await watched.run_once()
        return watched.look.values["beredskab.reach.now"], watched.look.values["beredskab.reach.gap"]

    day, reached = timedelta(days=1).total_seconds(), 4
    assert await figures() == (reached, 3 * day)
    await put(both, weekly=[weekly(AASE, starts="08:00", ends="16:00")])
    assert (await figures())[1] == 3 * day, "where nobody is on call Døgnvagt is asked at once"
    await both.notify.pool.execute("DELETE FROM contacts WHERE person_id = $1", AASE)
    both.service.ground.clock.pass_by(hours=3)
    both.notify.clock.pass_by(hours=3)
    assert (await figures())[1] == timedelta(hours=16).total_seconds()
    await both.notify.pool.execute("DELETE FROM contacts")
    assert await figures() == (0, 0)


async def test_reach_puts_gaps_first(both: Both) -> None:
    await put(both, weekly=[weekly(AASE, starts="08:00", ends="16:00")])
    await both.notify.pool.execute("DELETE FROM contacts WHERE person_id = $1", AASE)
    told = await both.told(DITTE, "GET", "reach?hours=24")
    assert next(iter(told)) == "now"
    assert list(told)[1] == "gaps"
    lacks = [each["lack"] for each in told["gaps"]]
    assert lacks == ["first_unreachable", "first_unreachable", "nobody_on_call"]


async def test_nothing_in_reach_tells_that_somebody_is_excluded_from_a_case(both: Both) -> None:
    before = [await both.told(DITTE, "GET", path) for path in ("reach?hours=4", "who-would-be-paged?level=acute")]
    case_id, _ = await both.service.opened(Level.ACUTE)
    await both.service.act(AASE, f"cases/{case_id}/conflict")
    after = [await both.told(DITTE, "GET", path) for path in ("reach?hours=4", "who-would-be-paged?level=acute")]
    assert before == after


async def test_who_would_be_paged_at_a_moment_is_who_is_paged_then(both: Both) -> None:
    hours = [weekly(AASE, starts="08:00", ends="20:00"), weekly(BO, starts="20:00", ends="08:00")]
    await put(both, weekly=hours)
    night = "2026-03-10T21:10:00%2B00:00"
    told = await both.told(DITTE, "GET", f"who-would-be-paged?at={night}&level=high")
    whom = [step["recipients"][0]["id"] for step in told["steps"]]
    both.service.ground.clock.pass_by(hours=9, minutes=10)
    case_id, _ = await both.service.opened(Level.HIGH)
    paged = [asked(await both.service.case(case_id))[-1]]
    for _ in range(3):
        await both.service.tick(minutes=10)
        paged.append(asked(await both.service.case(case_id))[-1])
    assert [str(each) for each in paged] == whom
    assert whom[0] == str(BO)


@pytest.mark.parametrize("query", ["hours=0", "hours=9999", "unit=mars"])
async def test_what_reach_cannot_look_at_is_refused(both: Both, query: str) -> None:
    assert (await both.ask(DITTE, "GET", f"reach?{query}")).status_code == 422


async def test_reporters_and_auditors_are_not_told_who_is_on_call(both: Both) -> None:
    for path in ("reach", "rota", "people", "who-would-be-paged?level=high"):
        assert (await both.ask(GORM, "GET", path)).status_code == 403


async def test_a_rota_is_kept_in_all_its_versions(both: Both) -> None:
    await put(both, weekly=[weekly(BO)])
    rows = await both.service.ground.pool.fetch("SELECT version, by FROM rotas ORDER BY version")
    assert [(row["version"], row["by"]) for row in rows] == [(1, None), (2, DITTE)]
    with pytest.raises(Exception, match="append-only"):
        await both.service.ground.pool.execute("UPDATE rotas SET version = 9")


async def test_an_unknown_person_is_reached_by_nobody(both: Both) -> None:
    here = both.service.ground
    behind = application(
        notify_routes(Door(both.notify.transactions, both.notify.keys, both.notify.tokens)), ready=_ready
    )
    contacts = Contacts("http://notify", here.tokens, httpx2.ASGITransport(behind))
    stranger = new_id()
    assert await contacts.standing([stranger]) == {stranger: Standing(reachable=False, proved=True)}
    await contacts.close()


async def sent_a_test(both: Both, *named: UUID, days: float = 0) -> None:
    """The mail server took a test that day; all is said by notify's own table."""
    began = both.notify.clock.now() - timedelta(days=days)
    query = "UPDATE contacts SET tried_at = $2, asked_at = $2, unanswered_since = $2 WHERE person_id = ANY($1::uuid[])"
    await both.notify.pool.execute(query, named, began)


async def unproved(both: Both) -> list[str]:
    told = await both.told(DITTE, "GET", "reach?hours=4")
    return [named for named, each in told["people"].items() if each["proved"] is False]


async def test_who_answers_no_test_is_listed_at_reach_and_is_asked_all_the_same(both: Both) -> None:
    before = await both.told(DITTE, "GET", "reach?hours=4")
    await sent_a_test(both, AASE, days=3.01)
    assert await unproved(both) == [str(AASE)]
    after = await both.told(DITTE, "GET", "reach?hours=4")
    assert (after["now"], after["gaps"]) == (before["now"], before["gaps"])
    assert after["people"][str(AASE)]["reachable"] is True
    people = {each["person_id"]: each["proved"] for each in (await both.told(DITTE, "GET", "people"))["people"]}
    assert (people[str(AASE)], people[str(BO)]) == (False, True)
    assert (await both.ask(AASE, "POST", "me/contact/confirm")).status_code == 204
    assert await unproved(both) == []


async def test_the_unproved_are_a_figure_of_those_whom_the_rota_names(both: Both) -> None:
    here = both.service.ground

    async def figure() -> float:
        watched = Reach(here.transactions, both.contacts)
        await watched.run_once()
        return watched.look.values["beredskab.contacts.unproved"]

    assert await figure() == 0
    await sent_a_test(both, AASE, DOEGNVAGT, FRIDA, days=3.01)
    assert await figure() == 2, "Frida is on no rota, so nobody waits for her"
    away = Contacts("http://127.0.0.1:1", here.tokens)
    assert {each.proved for each in (await away.standing([AASE])).values()} == {None}
    await away.close()


async def test_nobody_answers_the_test_of_another(both: Both) -> None:
    await sent_a_test(both, AASE, BO, DOEGNVAGT)
    assert (await both.ask(AASE, "POST", "me/contact/confirm", {"person_id": str(BO)})).status_code == 204
    assert (await both.ask(AASE, "POST", "me/contact/confirm", {"desk_id": str(DOEGNVAGT)})).status_code == 403
    for leader_names in (BO, NEWCOMER):
        answer = await both.ask(DITTE, "POST", "me/contact/confirm", {"desk_id": str(leader_names)})
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:beredskab:problem:no_desk")
    query = "SELECT person_id FROM contacts WHERE unanswered_since IS NOT NULL ORDER BY person_id"
    assert [row["person_id"] for row in await both.notify.pool.fetch(query)] == [BO, DOEGNVAGT]


async def test_a_leader_answers_the_test_of_a_desk(both: Both) -> None:
    await sent_a_test(both, DOEGNVAGT, days=4)
    assert (await both.ask(DITTE, "POST", "me/contact/confirm", {"desk_id": str(DOEGNVAGT)})).status_code == 204
    told = await both.told(DITTE, "GET", "me/contact")
    (desk,) = (each for each in told["contacts"] if each["desk_id"] == str(DOEGNVAGT))
    assert (desk["contact"]["waits"], desk["contact"]["proved"]) == (False, True)


async def test_without_an_open_test_there_is_nothing_to_answer(both: Both) -> None:
    answer = await both.ask(AASE, "POST", "me/contact/confirm")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:beredskab:problem:no_test")


async def test_everybody_sees_their_own_address_masked_and_leaders_those_of_the_desks(both: Both) -> None:
    told = await both.told(AASE, "GET", "me/contact")
    (own,) = told["contacts"]
    assert own["contact"] == {
        "address": "a…@ekt.example",
        "waits": False,
        "proved": True,
        "verified_on": "2026-03-10",
        "asked_at": None,
        "proved_at": None,
    }
    leader = (await both.told(DITTE, "GET", "me/contact"))["contacts"]
    assert [each["desk_id"] for each in leader].count(None) == 1
    assert str(DOEGNVAGT) in [each["desk_id"] for each in leader]
    await both.notify.pool.execute("DELETE FROM contacts WHERE person_id = $1", AASE)
    assert (await both.told(AASE, "GET", "me/contact"))["contacts"][0]["contact"] is None


async def test_a_test_is_asked_for_once_in_ten_minutes(both: Both) -> None:
    assert (await both.ask(AASE, "POST", "me/contact/proof")).status_code == 202
    refused = await both.ask(AASE, "POST", "me/contact/proof")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "600")
    assert (await both.ask(BO, "POST", "me/contact/proof")).status_code == 202
    await both.notify.pool.execute("DELETE FROM contacts WHERE person_id = $1", CARLA)
    answer = await both.ask(CARLA, "POST", "me/contact/proof")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:beredskab:problem:no_contact")


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/confirm"), ("POST", "/proof")])
async def test_without_notify_nothing_is_said_of_tests(service: Service, method: str, path: str) -> None:
    bearer = service.ground.bearer(AASE, "consultant")
    assert (await service.client.request(method, f"/v1/me/contact{path}", headers=bearer)).status_code == 503
