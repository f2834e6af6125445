"""What a person reads when their duty begins: each case by a moment and its short name, until they say they read it."""

from services.escalation.web.console.brief import MOST
from services.escalation.web.console.words import short
from shared.events.codes import Level
from tests.integration.console.conftest import AASE, BO, CARLA, DITTE, House
from tests.integration.console.test_console import BODY

TITLE = "Din vagt nu"
PLANTED = ("Planteret", "mit pas", "pas taget", "Rejse planlagt", "rejse planlagt")


def brief_in(screen: str) -> str:
    """The brief alone."""
    return screen.partition(TITLE)[2].partition("</section>")[0] if TITLE in screen else ""


def after(screen: str, heading: str) -> str:
    """What stands under one heading of the brief."""
    return brief_in(screen).partition(f"<h3>{heading}</h3>")[2].partition("</ul>")[0]


async def test_at_the_beginning_of_a_duty_it_is_shown_until_it_is_read(house: House) -> None:
    aase = await house.browser(AASE)
    screen = await aase.open("/work")
    assert "Intet venter, og ingen frist udløber de næste tre dage." in brief_in(screen.text)
    assert TITLE not in (await aase.press(screen, "/brief")).text
    assert TITLE not in (await aase.open("/work")).text
    [row] = await house.escalation.pool.fetch("SELECT * FROM briefs")
    assert (row["person_id"], row["read_at"]) == (AASE, house.escalation.clock.now())


async def test_the_next_duty_has_a_brief_of_its_own(house: House) -> None:
    aase = await house.browser(AASE)
    await aase.press(await aase.open("/work"), "/brief")
    house.escalation.clock.pass_by(hours=24)
    aase = await house.browser(AASE)
    assert TITLE in (await aase.open("/work")).text


async def test_each_reads_their_own_and_who_has_no_duty_has_none(house: House) -> None:
    aase, bo = await house.browser(AASE), await house.browser(BO)
    await aase.press(await aase.open("/work"), "/brief")
    assert TITLE in (await bo.open("/work")).text
    assert TITLE not in (await (await house.browser(DITTE)).open("/work")).text


async def test_a_case_that_asks_the_person_opens_before_any_brief(house: House) -> None:
    event = await house.report(**BODY)
    assert (await (await house.browser(AASE)).open("/")).url.path == f"/cases/{event.case_id}"


async def test_it_tells_what_waits_was_promised_and_runs_out(house: House) -> None:
    asks = await house.report(**BODY)
    taken = await house.report(**BODY, answers=[{"sign": "travel.planned", "answer": "said", "date": "2026-03-12"}])
    aase, carla = await house.browser(AASE), await house.browser(CARLA)
    await aase.press(await aase.into(taken.case_id), "/acknowledge")
    await carla.into(taken.case_id)
    await carla.press(await carla.open(f"/cases/{taken.case_id}/assessment"), "/assessment", level="low")
    lift = {"recipient": "mother", "action": "lift", "until": "2026-03-12T16:00", "reason": "Mor er tryg."}
    last = await carla.press(await carla.open(f"/cases/{taken.case_id}/hold"), "/hold", **lift)
    await carla.press(last, "/hold", sure="yes")
    screen = (await aase.open("/work")).text
    mine, theirs = f"sag {short(asks.case_id)}", f"sag {short(taken.case_id)}"
    assert mine in after(screen, "Venter på dig")
    assert theirs not in after(screen, "Venter på dig")
    assert f"{theirs}</a>: dit løfte gælder til kl. 14.00" in after(screen, "Løfter")
    assert f"{mine}</a>: vurdér underretningen senest onsdag kl. 13.00" in after(screen, "Frister")
    assert f"{theirs}</a>: handl før" in after(screen, "Rejser, bryllupper og andre datoer")
    assert f"{theirs}</a>: udløber torsdag kl. 16.00" in after(screen, "Tilladelser, der udløber")


async def test_a_case_is_named_by_no_person_and_no_theme(house: House) -> None:
    event = await house.report(**BODY, answers=[{"sign": "travel.planned", "answer": "said", "date": "2026-03-12"}])
    aase, bo = await house.browser(AASE), await house.browser(BO)
    await bo.press(await bo.into(event.case_id), "/acknowledge")
    told = brief_in((await aase.open("/work")).text)
    assert f"sag {short(event.case_id)}" in told
    assert "en kollegas løfte" in told
    assert not [word for word in (*PLANTED, "Bo Eksempel") if word in told]


async def test_a_case_that_is_not_theirs_is_not_in_it(house: House) -> None:
    event = await house.report(**BODY)
    other = await house.report(**BODY)
    aase = await house.browser(AASE)
    await aase.into(event.case_id)
    await aase.press(await aase.open(f"/cases/{event.case_id}/conflict"), "/conflict")
    told = brief_in((await aase.open("/work")).text)
    assert f"sag {short(other.case_id)}" in told
    assert f"sag {short(event.case_id)}" not in told


async def test_a_deadline_that_nobody_kept_is_told_again(house: House) -> None:
    event = await house.report(Level.LOW, **BODY)
    house.escalation.clock.pass_by(hours=25)
    await house.escalation.pool.execute("UPDATE deadlines SET state = 'missed', next_at = NULL WHERE state = 'running'")
    told = after((await (await house.browser(AASE)).open("/work")).text, "Frister")
    assert f"sag {short(event.case_id)}</a>: overskredet" in told


async def test_a_flood_buries_nothing_that_a_duty_begins_with(house: House) -> None:
    events = [await house.report(Level.LOW, **BODY) for _ in range(MOST + 5)]
    aase = await house.browser(AASE)
    screen = (await aase.open("/work")).text
    told = after(screen, "Frister")
    assert told.count("/cases/") == MOST
    assert f"og {len(events) - MOST} mere: se listen" in told
    assert after(screen, "Rejser, bryllupper og andre datoer").count("/cases/") <= MOST
