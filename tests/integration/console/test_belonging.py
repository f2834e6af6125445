"""Where a case belongs, on the screens, over both services: move it, settle who is named with it, part and split it."""

from typing import Any

from services.escalation.domain.search import code_of
from shared.events.codes import Level
from shared.events.intake import LinkDecided, ReportsSplit
from tests.integration.console.conftest import AASE, House

ANNA, BENT = {"name": "Anna", "cpr": "010112-9999"}, {"name": "Bent", "cpr": "020212-9999", "relation": "sibling"}
WHY = {"reason": "Skolen har bekræftet det."}


async def heard(house: House, kind: Any) -> Any:
    """What intake told last of the kind, heard by escalation."""
    told = (await house.intake.published(kind))[-1]
    await house.hear(told)
    return told


async def test_who_is_named_with_a_child_is_settled_and_parted_again_on_the_screen(house: House) -> None:
    other = await house.report(children=[BENT], text="Om Bent.")
    event = await house.report(children=[ANNA, BENT], text="Om Anna.")
    aase = await house.browser(AASE)
    screen = await aase.into(event.case_id)
    assert "Er det søskende?" in screen.text
    assert "020212" in screen.text
    proposal = f"/proposals/{event.proposed[0].child_id}"
    saved = await aase.press(screen, proposal, joins="true", **WHY)
    assert saved.status_code == 200
    assert "hører til sagen" in saved.text
    assert (await heard(house, LinkDecided)).other_case_id == other.case_id
    form = await aase.open(f"/cases/{event.case_id}/unlink")
    assert str(other.case_id) in form.text
    assert (await aase.press(form, "/unlink", case_id=str(other.case_id), **WHY)).status_code == 200
    assert not (await heard(house, LinkDecided)).linked
    assert "Ingen, du kan se." in (await aase.open(f"/cases/{event.case_id}/unlink")).text


async def test_two_cases_are_linked_by_hand_on_the_screen_with_evidence_in_both(house: House) -> None:
    event, other = [await house.report(children=[child], text="Noget.") for child in (ANNA, BENT)]
    aase = await house.browser(AASE)
    await aase.into(event.case_id)
    form = await aase.open(f"/cases/{event.case_id}/link")
    for code in (code_of(event.case_id), "ZZZZ", "ikke en kode", ""):
        again = await aase.press(form, "/link", other=code, **WHY)
        assert again.status_code == 422
        assert "Der er ingen anden sag med den kode" in again.text
        assert WHY["reason"] in again.text
    saved = await aase.press(form, "/link", other=code_of(other.case_id).lower(), **WHY)
    assert "Sagerne er forbundet." in saved.text
    link = await heard(house, LinkDecided)
    assert (link.case_id, link.other_case_id, link.linked, link.by) == (event.case_id, other.case_id, True, AASE)
    for ground in (house.intake, house.escalation):
        acts = "SELECT count(DISTINCT case_id) FROM evidence WHERE act = 'link_decided' AND actor = $1"
        assert await ground.pool.fetchval(acts, AASE) == 2
    assert str(other.case_id) in (await aase.open(f"/cases/{event.case_id}/unlink")).text


async def test_a_case_of_another_unit_is_no_case_to_link_with(house: House) -> None:
    event, other = [await house.report(children=[child], text="Noget.") for child in (ANNA, BENT)]
    await house.escalation.pool.execute("UPDATE people SET units = '{noerrebro}' WHERE person_id = $1", AASE)
    await house.escalation.pool.execute("UPDATE cases SET unit = 'amager' WHERE case_id = $1", other.case_id)
    aase = await house.browser(AASE)
    form = await aase.open(f"/cases/{event.case_id}/link")
    told = [(await aase.press(form, "/link", other=code, **WHY)) for code in (code_of(other.case_id), "ZZZZ")]
    assert [each.status_code for each in told] == [422, 422]
    assert told[0].text.replace(code_of(other.case_id), "ZZZZ") == told[1].text
    assert await house.intake.published(LinkDecided) == []


async def test_a_report_is_split_off_on_the_screen_and_read_in_its_own_case(house: House) -> None:
    await house.report(children=[ANNA], text="Om Anna.")
    event = await house.report(Level.HIGH, children=[ANNA], text="Om en anden.")
    aase = await house.browser(AASE)
    await aase.into(event.case_id)
    form = await aase.open(f"/cases/{event.case_id}/split?lang=en")
    assert "Split off" in form.text
    saved = await aase.press(form, "/split", **{f"report.{event.report_id}": "yes"}, **WHY)
    assert saved.status_code == 200
    split = await heard(house, ReportsSplit)
    screen = await aase.into(split.new_case_id)
    assert "Om en anden." in screen.text
    assert "Om Anna." not in screen.text


async def test_a_child_is_split_off_on_the_screen_with_what_is_about_it_alone(house: House) -> None:
    await house.report(children=[ANNA], text="Om Anna.")
    both = await house.report(Level.HIGH, children=[ANNA, BENT], text="Om dem.")
    aase = await house.browser(AASE)
    await aase.press(await aase.into(both.case_id), f"/proposals/{both.proposed[0].child_id}", joins="true", **WHY)
    only = await house.report(Level.HIGH, children=[BENT], text="Om Bent.")
    assert only.case_id == both.case_id
    screen = await aase.into(both.case_id)
    assert "Et af børnene hører ikke til her" in screen.text
    saved = await aase.press(screen, "/split", child=str(only.children[0].child_id), **WHY)
    assert saved.status_code == 200
    split, link = await heard(house, ReportsSplit), await heard(house, LinkDecided)
    assert [each.report_id for each in split.reports] == [only.report_id]
    assert (link.other_case_id, link.linked) == (split.new_case_id, True)
    assert "Om Bent." in (await aase.into(split.new_case_id)).text
    version = str((await aase.open(f"/v1/cases/{both.case_id}")).json()["version"])
    last = {"version": version, "child": str(both.children[0].child_id), **WHY}
    refused = await aase.client.post(f"/cases/{both.case_id}/split", data=last)
    assert refused.status_code == 409
    assert "ét barn skal blive i sagen" in refused.text


async def test_a_case_is_moved_on_the_screen_and_says_which_unit_has_it(house: House) -> None:
    event = await house.report(text="Noget.")
    aase = await house.browser(AASE)
    assert "ingen enhed endnu" in (await aase.into(event.case_id)).text
    form = await aase.open(f"/cases/{event.case_id}/unit")
    moved = await aase.press(form, "/unit", unit="amager", **WHY)
    assert "Sagen er flyttet" in moved.text
    assert "Amager" in moved.text
