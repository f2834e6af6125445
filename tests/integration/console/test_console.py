"""The consultant at two in the morning: one sign-in, one screen, three buttons. All of it works without scripts."""

import json
import re
from uuid import uuid4

import pytest
from asyncpg.exceptions import RaiseError

from deploy.cli.evidence import unmatched_reads
from shared.auth.grants import Grant, ReadPart, ReadPurpose
from shared.events.codes import Level, Verification
from shared.events.escalation import ReporterVerified
from shared.events.intake import ReportReceived
from shared.ids import PersonId, new_id
from tests.integration.console.conftest import AASE, BO, CARLA, DITTE, FRIDA, GORM, House
from tests.support.services import Ground

VERSION = re.compile(r'name="version" value="(\d+)"')
TEXT = "Hun siger: <b>mit pas</b> er væk {{ 7*7 }} \u202eog vendt"
BODY = {
    "text": TEXT,
    "children": [{"name": "Ida Planteret", "age_band": "13-17"}],
    "reporter": {"name": "Gorm Planteret", "kind": "teacher", "institution": "Planteretskolen", "phone": "12 34 56 78"},
}


JUDGED = {"acute": "true", "started": "true", "reason": "Hun er bange for i aften."}


async def evidence(ground: Ground, act: str) -> list[dict[str, str]]:
    rows = await ground.pool.fetch("SELECT facts FROM evidence WHERE act = $1 ORDER BY at, n", act)
    return [json.loads(row["facts"]) for row in rows]


async def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(house: House) -> None:
    event = await house.report(**BODY)
    browser = await house.browser(AASE)
    browser.client.cookies.clear()
    browser.client.follow_redirects = False
    answer = await browser.open(f"/cases/{event.case_id}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?to=/cases/{event.case_id}")


async def test_from_the_page_to_i_take_it_is_two_taps(house: House) -> None:
    event = await house.report(**BODY)
    browser = await house.browser(AASE)
    first = await browser.open("/")
    assert first.url.path == f"/cases/{event.case_id}"
    assert "Kender du nogen af dem?" in first.text
    case = await browser.press(first, "/known")
    taken = await browser.press(case, "/acknowledge")
    assert "Du har sagen. Meld tilbage senest kl. 14.00." in taken.text


async def test_before_the_text_come_the_names_alone(house: House) -> None:
    event = await house.report(**BODY)
    screen = (await (await house.browser(AASE)).open(f"/cases/{event.case_id}")).text
    assert all(name in screen for name in ("Ida Planteret", "Gorm Planteret", "Planteretskolen"))
    assert "mit pas" not in screen
    assert "12 34 56 78" not in screen


async def test_a_report_is_shown_literally(house: House) -> None:
    event = await house.report(**BODY)
    screen = (await (await house.browser(AASE)).into(event.case_id)).text
    assert "&lt;b&gt;mit pas&lt;/b&gt; er væk {{ 7*7 }} ‹U+202E›og vendt" in screen
    assert "\u202e" not in screen


async def test_every_reading_stands_in_both_chains_of_evidence(house: House) -> None:
    event = await house.report(**BODY)
    await (await house.browser(AASE)).into(event.case_id)
    asked, told = await evidence(house.escalation, "report_read"), await evidence(house.intake, "report_read")
    assert [(each["part"], each["purpose"]) for each in asked] == [("names", "page"), ("all", "page")]
    assert asked == told


async def test_a_reading_that_was_never_granted_is_found(house: House) -> None:
    event = await house.report(**BODY)
    await (await house.browser(AASE)).into(event.case_id)
    urls = {"intake": house.intake.url, "escalation": house.escalation.url}
    assert await unmatched_reads(**urls) == []
    grant = Grant(uuid4(), event.report_id, PersonId(AASE), ReadPurpose.PAGE, ReadPart.ALL)
    headers = {"Authorization": f"Bearer {house.escalation.tokens.token('intake', grant.claims())}"}
    path = f"/internal/reports/{event.report_id}/read"
    assert (await house.door.post(path, headers=headers)).status_code == 200
    assert await unmatched_reads(**urls) == [str(grant.grant_id)]
    assert (await house.door.post(path, headers=headers)).status_code == 404  # a grant is good once


async def test_intake_shows_a_report_by_escalations_grant_alone(house: House) -> None:
    event = await house.report(**BODY)
    grant = Grant(uuid4(), event.report_id, PersonId(AASE), ReadPurpose.PAGE, ReadPart.ALL)
    path = f"/internal/reports/{event.report_id}/read"
    forged = house.intake.tokens.token("intake", grant.claims())
    late = house.escalation.tokens.token("intake", grant.claims())
    bare = house.escalation.tokens.token("intake")
    for token in (forged, bare, "x"):
        answer = await house.door.post(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
    elsewhere = path.replace(str(event.report_id), str(uuid4()))
    assert (await house.door.post(elsewhere, headers={"Authorization": f"Bearer {late}"})).status_code == 401
    house.intake.clock.pass_by(seconds=61)
    assert (await house.door.post(path, headers={"Authorization": f"Bearer {late}"})).status_code == 401


async def test_nothing_of_a_report_is_stored_at_escalation(house: House) -> None:
    event = await house.report(**BODY)
    await (await house.browser(AASE)).into(event.case_id)
    tables = await house.escalation.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in tables:
        rows = await house.escalation.pool.fetch(f'SELECT t::text FROM "{table["tablename"]}" t')
        assert not [row for row in rows if "Planteret" in row["t"] or "mit pas" in row["t"]]


async def test_who_was_not_asked_says_why_and_is_asked_once(house: House) -> None:
    event = await house.report(**BODY)
    browser = await house.browser(DITTE)
    screen = await browser.open(f"/cases/{event.case_id}")
    assert "Hvorfor ser du på sagen?" in screen.text
    screen = await browser.press(screen, "/purpose", purpose="supervision")
    await browser.press(screen, "/known")
    assert "SPÆRRET" in (await browser.open(f"/cases/{event.case_id}")).text
    assert await evidence(house.escalation, "purpose_said") == [{"purpose": "supervision"}]


@pytest.mark.parametrize(
    ("who", "role", "home"), [(FRIDA, "operator", "Drift"), (GORM, "reporter", "Ingen venter på dig.")]
)
async def test_who_answers_no_cases_sees_none(house: House, who: str, role: str, home: str) -> None:
    event = await house.report(**BODY)
    browser = await house.browser(who, role)  # type: ignore[arg-type]
    assert (await browser.open(f"/cases/{event.case_id}")).status_code == 404
    screen = (await browser.open("/work")).text
    assert home in screen
    assert str(event.case_id) not in screen


async def test_a_page_to_who_has_judged_the_child_before_is_shown_as_what_it_is(house: House) -> None:
    child = {"name": "Ida Planteret", "cpr": "010112-9999"}
    first = await house.report(**BODY | {"children": [child]})
    for n, who in enumerate((AASE, BO), start=1):
        row = (first.report_id, n, False, False, who, house.escalation.clock.now())
        await house.escalation.pool.execute("INSERT INTO judgements VALUES ($1, $2, $3, $4, $5, $6)", *row)
    breach = "har vurderet barnet før: ingen anden var på vagt (barnets lov § 137, stk. 1)"
    browser = await house.browser(AASE)
    case = await browser.into(first.case_id)
    assert breach not in case.text
    await browser.press(case, "/acknowledge")
    again = await house.report(**BODY | {"children": [child], "text": "Nu igen."})
    assert again.case_id == first.case_id
    assert breach in (await browser.into(first.case_id)).text


async def test_a_conflict_of_interest_closes_the_case_to_the_person_at_once(house: House) -> None:
    event = await house.report(**BODY)
    browser = await house.browser(AASE)
    case = await browser.into(event.case_id)
    confirm = await browser.open(f"/cases/{event.case_id}/conflict")
    assert "Du mister adgangen nu" in confirm.text
    after = await browser.press(confirm, "/conflict")
    assert after.url.path == "/work"
    assert "Ingen venter på dig." in after.text
    assert case.status_code == 200
    unknown = await browser.open("/cases/0c9d3c52-6f0b-4b0e-9a51-1f6c1a009999")
    gone = await browser.open(f"/cases/{event.case_id}")
    assert gone.status_code == unknown.status_code == 404
    assert gone.text.replace(str(event.case_id), "") == unknown.text.replace("0c9d3c52-6f0b-4b0e-9a51-1f6c1a009999", "")


async def test_judged_closed_and_countersigned_by_three_people(house: House) -> None:
    event = await house.report(**BODY)
    aase, carla, ditte = [await house.browser(who) for who in (AASE, CARLA, DITTE)]
    await aase.press(await aase.into(event.case_id), "/acknowledge")
    await carla.into(event.case_id)
    form = await carla.open(f"/cases/{event.case_id}/judgement")
    judged = await carla.press(form, "/judgement", **JUDGED)
    assert "Din vurdering er gemt." in judged.text
    form = await aase.open(f"/cases/{event.case_id}/close")
    closing = await aase.press(form, "/close", outcome="support_started", reason="Støtte er i gang.")
    assert "Venter på medunderskrift" in closing.text
    screen = await ditte.into(event.case_id)
    assert "Støtte er i gang." in screen.text
    closed = await ditte.press(screen, "/countersign/", agree="true", reason="Enig.")
    assert "er lukket" in closed.text


async def test_closing_too_early_says_why_and_keeps_what_was_written(house: House) -> None:
    event = await house.report(**BODY)
    browser = await house.browser(AASE)
    await browser.press(await browser.into(event.case_id), "/acknowledge")
    form = await browser.open(f"/cases/{event.case_id}/close")
    assert "Du kan ikke lukke endnu. Ikke vurderet: 1." in form.text
    refused = await browser.press(form, "/close", outcome="advised", reason="Vi talte længe.")
    assert refused.status_code == 409
    assert "ikke er vurderet" in refused.text
    assert "Vi talte længe.</textarea>" in refused.text


async def test_what_was_written_survives_that_the_case_has_changed(house: House) -> None:
    event = await house.report(**BODY)
    aase, carla = await house.browser(AASE), await house.browser(CARLA)
    await aase.press(await aase.into(event.case_id), "/acknowledge")
    form = await aase.open(f"/cases/{event.case_id}/close")
    await carla.into(event.case_id)
    await carla.press(await carla.open(f"/cases/{event.case_id}/judgement"), "/judgement", **JUDGED)
    long = "Alt er talt igennem med den unge og med skolen, og der er lagt en plan for ugen."
    stale = await aase.press(form, "/close", outcome="advised", reason=long)
    assert stale.status_code == 409
    assert "Det, du skrev, er her stadig" in stale.text
    assert long in stale.text
    again = await aase.press(stale, "/close", reason=long)
    assert "Venter på medunderskrift" in again.text


async def test_what_was_written_survives_that_the_session_has_ended(house: House) -> None:
    event = await house.report(Level.HIGH, **BODY)
    aase = await house.browser(AASE)
    await aase.into(event.case_id)
    form = await aase.open(f"/cases/{event.case_id}/raise")
    word = aase.client.cookies.pop("__Host-escalation")
    out = await aase.press(form, "/raise", level="acute", reason="Hun er bange <nu>.")
    assert out.status_code == 401
    assert "Hun er bange &lt;nu&gt;.</textarea>" in out.text
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    forged = await aase.client.post(f"/cases/{event.case_id}/raise", data={"reason": "Falsk."}, headers=elsewhere)
    assert "Falsk." not in forged.text
    aase.client.cookies.set("__Host-escalation", word)
    again = await aase.press(out, "/raise", reason="Hun er bange <nu>.")
    assert "Hastegraden er hævet." in again.text


async def test_the_assessment_keeps_a_draft_and_is_recorded_once(house: House) -> None:
    event = await house.report(**BODY)
    browser = await house.browser(AASE)
    await browser.press(await browser.into(event.case_id), "/acknowledge")
    form = await browser.open(f"/cases/{event.case_id}/assessment")
    address = f"/cases/{event.case_id}/assessment/draft"
    await browser.client.post(address, data={"exact_words": "Hun sagde: jeg skal rejse", "who_knows.parents": "yes"})
    form = await browser.open(f"/cases/{event.case_id}/assessment")
    assert "Hun sagde: jeg skal rejse" in form.text
    assert "Kladde gemt kl. 13.00" in form.text
    done = await browser.press(form, "/assessment", exact_words="Hun sagde: jeg skal rejse", level="high")
    assert "Risikovurderingen er gemt." in done.text
    assert done.url.path == f"/cases/{event.case_id}"
    sealed = await house.escalation.pool.fetchval("SELECT answers FROM assessments")
    assert b"rejse" not in sealed


async def test_authority_lifts_the_hold_for_one_and_the_rest_stays(house: House) -> None:
    event = await house.report(**BODY)
    carla = await house.browser(CARLA)
    await carla.into(event.case_id)
    form = await carla.open(f"/cases/{event.case_id}/hold")
    assert "Ingen risikovurdering dækker underretning 1." in form.text
    form = await carla.open(f"/cases/{event.case_id}/assessment")
    await carla.press(form, "/assessment", level="low")
    form = await carla.open(f"/cases/{event.case_id}/hold")
    fields = {"recipient": "mother", "action": "lift", "until": "2026-03-12T16:00", "reason": "Mor er tryg."}
    lifted = await carla.press(await carla.press(form, "/hold", **fields), "/hold", sure="yes")
    assert "Mor må kontaktes indtil torsdag kl. 16.00." in lifted.text
    assert "SPÆRRET. Kontakt ikke far." in lifted.text


async def test_a_lift_asks_for_a_fresh_sign_in(house: House) -> None:
    event = await house.report(**BODY)
    carla = await house.browser(CARLA)
    await carla.into(event.case_id)
    await carla.press(await carla.open(f"/cases/{event.case_id}/assessment"), "/assessment", level="low")
    house.escalation.clock.pass_by(minutes=11)
    form = await carla.open(f"/cases/{event.case_id}/hold")
    fields = {"recipient": "mother", "action": "lift", "until": "2026-03-12T16:00", "reason": "Mor er tryg."}
    refused = await carla.press(form, "/hold", **fields)
    assert refused.status_code == 403
    assert f"/sign-in?to=/cases/{event.case_id}/hold&amp;fresh=1" in refused.text


async def test_news_are_told_in_their_own_place(house: House) -> None:
    event = await house.report(Level.HIGH, **BODY)
    browser = await house.browser(AASE)
    await browser.into(event.case_id)
    had = f"/cases/{event.case_id}/news?version=0&reports=1&level=high"
    await house.hear(house.rating(Level.ACUTE, event, no=2))
    assert "Hastegraden er nu: akut." in (await browser.open(had)).text


async def test_the_screen_says_so_when_intake_does_not_answer(house: House) -> None:
    event = await house.report(**BODY)
    aase = await house.browser(AASE)
    house.disclosures.intake_url = "http://intake/nowhere"
    screen = await aase.open(f"/cases/{event.case_id}")
    assert "Navnene kan ikke vises lige nu." in screen.text
    case = await aase.press(screen, "/known")
    assert "Teksten kan ikke vises her lige nu. Alt andet gælder." in case.text
    assert "Jeg tager den" in case.text


async def test_no_address_title_or_header_tells_of_the_case(house: House) -> None:
    event = await house.report(**BODY)
    screen = await (await house.browser(AASE)).into(event.case_id)
    assert "<title>Beredskab: detaljer</title>" in screen.text
    assert screen.headers["cache-control"] == "no-store"
    assert screen.headers["referrer-policy"] == "no-referrer"
    assert "script-src 'self'" in screen.headers["content-security-policy"]


async def test_raised_by_one_and_lowered_by_two(house: House) -> None:
    event = await house.report(Level.ELEVATED, **BODY)
    aase, ditte = await house.browser(AASE), await house.browser(DITTE)
    await aase.into(event.case_id)
    form = await aase.open(f"/cases/{event.case_id}/raise")
    raised = await aase.press(form, "/raise", level="acute", reason="Hun er bange nu.")
    assert "Hastegraden er hævet." in raised.text
    assert 'value="low"' not in form.text
    assert "Den kan ikke komme længere." in (await aase.open(f"/cases/{event.case_id}/raise")).text
    await aase.press(raised, "/acknowledge")
    form = await aase.open(f"/cases/{event.case_id}/lower")
    asked = await aase.press(form, "/lower", level="high", reason="Talt med skolen.")
    assert "Venter på medunderskrift. Hastegraden er uændret indtil da." in asked.text
    assert "AKUT" in asked.text
    lowered = await ditte.press(await ditte.into(event.case_id), "/countersign/", agree="true", reason="Enig.")
    assert "HØJ" in lowered.text


async def test_a_case_is_handed_over_when_the_other_takes_it(house: House) -> None:
    event = await house.report(**BODY)
    aase, bo = await house.browser(AASE), await house.browser(BO)
    await aase.press(await aase.into(event.case_id), "/acknowledge")
    await house.escalation.pool.execute("UPDATE people SET active = false WHERE person_id = $1", CARLA)
    form = await aase.open(f"/cases/{event.case_id}/handover")
    assert "Bo Eksempel" in form.text
    assert "Carla Eksempel" not in form.text, "who has left never looks"
    offered = await aase.press(form, "/handover", to=str(BO), note="Ring til hende kl. 15.")
    assert "Du har sagen, indtil den, du valgte, tager den." in offered.text
    screen = await bo.into(event.case_id)
    assert "Ring til hende kl. 15." in screen.text
    assert "Du har sagen." in (await bo.press(screen, "/acknowledge")).text


async def test_a_leader_keeps_a_person_out(house: House) -> None:
    event = await house.report(**BODY)
    ditte, bo = await house.browser(DITTE), await house.browser(BO)
    assert (await bo.open(f"/cases/{event.case_id}")).status_code == 200
    await ditte.into(event.case_id)
    form = await ditte.open(f"/cases/{event.case_id}/exclusion")
    done = await ditte.press(form, "/exclusions", person_id=str(BO), reason="Nabo.")
    assert "Personen er holdt uden for sagen." in done.text
    assert (await bo.open(f"/cases/{event.case_id}")).status_code == 404
    assert "Bo Eksempel" not in (await ditte.open(f"/cases/{event.case_id}/handover")).text


async def test_a_leader_adds_and_takes_away_a_shift(house: House) -> None:
    ditte = await house.browser(DITTE)
    screen = await ditte.open("/rota")
    hidden = {"version": VERSION.search(screen.text)[1], "kind": "shifts"}  # type: ignore[index]
    shift = {"person": str(BO), "starts": "2026-03-14T16:00", "ends": "2026-03-15T08:00"}
    added = await ditte.client.post("/rota", data={**hidden, **shift})
    assert "Gemt." in added.text
    assert "Bo Eksempel: lørdag kl. 16.00 – søndag kl. 8.00" in added.text.replace("kl. 08.00", "kl. 8.00")
    stale = await ditte.client.post("/rota", data={**hidden, **shift})
    assert "En anden har ændret den imens" in stale.text
    wrong = {**hidden, "version": VERSION.search(added.text)[1], **shift, "ends": "2026-03-14T15:00"}  # type: ignore[index]
    refused = (await ditte.client.post("/rota", data=wrong)).text
    assert "Det kunne ikke gemmes" in refused
    assert 'name="ends" value="2026-03-14T15:00"' in refused
    assert refused.count(f'value="{BO}" selected') == 1
    assert refused.count("<details open>") == 1


async def test_a_leader_changes_a_person(house: House) -> None:
    ditte = await house.browser(DITTE)
    fields = {"person_id": str(BO), "name": "Bo Nyt Navn", "role.consultant": "yes", "unit.*": "yes", "active": "yes"}
    assert "Bo Nyt Navn" in (await ditte.client.post("/people", data=fields)).text
    refused = (await ditte.client.post("/people", data={**fields, "name": " ", "role.leader": "yes"})).text
    assert "Det kunne ikke gemmes" in refused
    opened = refused.partition('<details class="panel" open>')[2].partition("</details>")[0]
    assert [f'name="role.{role}" value="yes" checked' in opened for role in ("leader", "consultant", "auditor")] == [
        True,
        True,
        False,
    ]


async def test_reach_says_in_one_line_whether_somebody_answers(house: House) -> None:
    assert "Ja, 3 personer." in (await (await house.browser(AASE)).open("/reach")).text


@pytest.mark.parametrize(
    "lang", [("", "Siden findes ikke.", "Til din liste"), ("?lang=en", "There is no such page.", "To your list")]
)
async def test_what_is_not_there_leads_back_to_the_list(house: House, lang: tuple[str, str, str]) -> None:
    suffix, says, leads = lang
    event = await house.report(**BODY)
    aase = await house.browser(AASE)
    for path in ("/nowhere", f"/cases/{uuid4()}", f"/cases/{event.case_id}/anything"):
        screen = await aase.open(f"{path}{suffix}")
        assert screen.status_code == 404
        assert says in screen.text
        assert re.search(rf'href="/work{re.escape(suffix)}">{leads}</a>', screen.text)
    assert (await aase.open(f"/work{suffix}")).status_code == 200


async def test_what_a_leader_filled_in_is_kept_when_the_session_has_ended(house: House) -> None:
    ditte = await house.browser(DITTE)
    form = await ditte.open("/rota")
    ditte.client.cookies.clear()
    kept = await ditte.client.post("/rota", data={"kind": "shifts", "person": str(BO), "starts": "2026-03-14T16:00"})
    assert (form.status_code, kept.status_code) == (200, 401)
    assert 'name="starts" value="2026-03-14T16:00"' in kept.text


async def test_english_says_by_when_without_at(house: House) -> None:
    await house.report(**BODY)
    aase = await house.browser(AASE)
    list_and_brief = (await aase.open("/work?lang=en")).text
    assert "Answer by 13:03" in list_and_brief
    assert "answer by 13:03" in list_and_brief
    assert "by at" not in list_and_brief


@pytest.mark.parametrize("path", ["/rota", "/people"])
async def test_only_a_leader_sees_who_is_who(house: House, path: str) -> None:
    assert (await (await house.browser(AASE)).open(path)).status_code == 403


async def test_what_is_said_in_a_call_becomes_a_report_with_the_calls_time(house: House) -> None:
    event = await house.report(**BODY)
    aase = await house.browser(AASE)
    await aase.into(event.case_id)
    form = await aase.open(f"/cases/{event.case_id}/phone")
    assert "Bliver vedkommende udsat for vold i denne tid?" in form.text
    assert 'value="2026-03-10T13:00"' in form.text
    answers = {"received_at": "2026-03-10T12:40", "sign.violence.now": "denied", "text": "Nej, ikke slået."}
    done = await aase.press(form, "/phone-report", **answers)
    assert "Det, der blev sagt, er gemt. Du har sagen." in done.text
    *_, told = await house.intake.published(ReportReceived)
    assert isinstance(told, ReportReceived)
    assert (told.case_id, told.report_no, told.received_at.minute) == (event.case_id, 2, 40)
    assert [(fact.sign, fact.answer) for fact in told.signs] == [("violence.now", "denied")]


async def test_ones_own_address_asks_for_a_fresh_sign_in(house: House) -> None:
    aase = await house.browser(AASE)
    form = await aase.open("/me")
    assert 'name="address"' in form.text
    house.escalation.clock.pass_by(minutes=11)
    refused = await aase.press(form, "/me", address="ny@ekt.example")
    assert "Log ind igen. Adressen er ikke gemt." in refused.text
    assert "/sign-in?to=/me&amp;fresh=1" in refused.text
    assert 'name="address"' not in refused.text


async def test_what_a_leader_changes_of_a_person_is_kept_as_it_was(house: House) -> None:
    ditte = await house.browser(DITTE)
    fields = {"person_id": str(BO), "name": "Bo Nyt Navn", "role.consultant": "yes", "unit.*": "yes", "active": "yes"}
    for _again in range(2):
        await ditte.client.post("/people", data=fields)
    await ditte.client.post("/people", data={**fields, "name": "Bo Igen"})
    pool = house.escalation.pool
    rows = await pool.fetch("SELECT n, name, by FROM people_history WHERE person_id = $1 ORDER BY n", BO)
    kept = [(row["n"], row["name"], row["by"]) for row in rows]
    assert kept == [(1, "Bo Eksempel", None), (2, "Bo Nyt Navn", DITTE), (3, "Bo Igen", DITTE)]
    with pytest.raises(RaiseError):
        await pool.execute("DELETE FROM people_history")


async def test_the_page_that_opens_says_how_many_others_wait(house: House) -> None:
    first = await house.report(**BODY)
    aase = await house.browser(AASE)
    assert "venter</a>" not in (await aase.open("/")).text
    await house.report(**BODY)
    assert "1 anden venter" in (await aase.open("/")).text
    await house.report(**BODY)
    assert "2 andre venter" in (await aase.into(first.case_id)).text
    assert "venter</a>" not in (await (await house.browser(BO)).open(f"/cases/{first.case_id}")).text


async def test_who_said_that_they_cannot_can_after_all(house: House) -> None:
    event = await house.report(**BODY)
    aase = await house.browser(AASE)
    after = await aase.press(await aase.into(event.case_id), "/cannot")
    assert "Tak. Den næste er tilkaldt." in after.text
    assert "Jeg kan alligevel" in after.text
    assert "Du har sagen." in (await aase.press(after, "/acknowledge")).text


@pytest.mark.parametrize(
    ("bands", "lang", "question"),
    [
        (["13-17"], "", "Bliver den unge udsat for vold i denne tid?"),
        (["18+"], "?lang=en", "Is the person being subjected to violence these days?"),
        (["0-5", "13-17"], "", "Bliver vedkommende udsat for vold i denne tid?"),
    ],
)
async def test_the_console_asks_in_the_words_of_the_form(
    house: House, bands: list[str], lang: str, question: str
) -> None:
    event = await house.report(**BODY | {"children": [{"name": f"Ida {band}", "age_band": band} for band in bands]})
    browser = await house.browser(AASE)
    await browser.into(event.case_id)
    assert question in (await browser.open(f"/cases/{event.case_id}{lang}")).text


async def test_a_call_back_on_the_main_number_is_one_button_and_is_told_to_intake_once(house: House) -> None:
    event = await house.report(reporter={"kind": "teacher", "name": "Lone", "phone": "70123456"}, text="Noget.")
    browser = await house.browser(AASE)
    screen = await browser.into(event.case_id)
    assert "Ikke bekræftet" in screen.text
    done = await browser.press(screen, "/reporter-verified")
    assert "Det er gemt, at du har ringet tilbage." in done.text
    assert "Ringet tilbage på arbejdspladsens hovednummer." in done.text
    assert "Ikke bekræftet" not in done.text
    path = f"/v1/reports/{event.report_id}/reporter-verified"
    for how, status in (("called_back_main_number", 200), ("called_the_number_in_the_report", 422)):
        assert (await browser.client.post(path, json={"how": how})).status_code == status
    (told,) = await house.escalation.published(ReporterVerified)
    assert (told.report_id, told.how) == (event.report_id, Verification.CALLED_BACK)  # type: ignore[attr-defined]
    acts = await house.escalation.pool.fetch("SELECT actor FROM evidence WHERE act = 'reporter_verified'")
    assert [row["actor"] for row in acts] == [AASE]


async def test_who_was_signed_in_at_send_need_not_be_called_back(house: House) -> None:
    event = await house.report(reporter={"kind": "teacher"}, text="Noget.")
    signed_in = event.model_copy(update={"report_id": new_id(), "report_no": 2, "reporter_verified": "signed_in"})
    await house.hear(signed_in)
    told = await (await house.browser(AASE)).client.get(f"/v1/cases/{event.case_id}")
    assert [each["reporter_verified"] for each in told.json()["reports"]] == [None, "signed_in"]


async def test_what_is_mine_stands_before_what_others_have_with_who_has_it_and_since_when(house: House) -> None:
    theirs = await house.report(Level.HIGH, text="Han slår hende.")
    browser = await house.browser(BO)
    await browser.press(await browser.into(theirs.case_id), "/acknowledge")
    mine = await house.report(Level.HIGH, text="Han slår hende.")
    screen = (await (await house.browser(AASE)).open("/work")).text
    assert screen.index(f"row-{mine.case_id}") < screen.index(f"row-{theirs.case_id}")
    assert "er taget: Bo Eksempel" in screen
    assert "kom kl. 13.00" in screen


async def test_an_empty_list_says_what_will_come_and_how_to_try_it(house: House) -> None:
    screen = (await (await house.browser(AASE)).open("/work")).text
    assert "Når en underretning kommer, står den her med sin frist" in screen
    assert "beredskab demo --open" in screen
