"""Reading as a whole: places, dates, other languages, and what must change nothing."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.reading import read_by_patterns
from tests.unit.intake.reading.quality import OWN, RECEIVED_AT, marked

TEXTS = [each["text"] for each in marked(OWN)]
TEMPLATES = (
    "{name} fortæller, at hendes far slår hende. De rejser til {country} på fredag, og {name} skal giftes med {other}.",
    "{name} er bange for {other}. Familien er {faith}, og de skal til {country} i sommerferien.",
    "Hendes bror {name} står uden for klassen. Der er ingen vold, siger {other}. Alle i familien er {faith}.",
    "Han hader folk, der er {faith}. Han hedder {name}. {name} og {other} kommer fra {country}.",
)
NAMES = ("Amina", "Mads", "Fatima", "Kim", "Ruth", "Omar", "Ida", "Josef", "Yasmin", "Emil")
COUNTRIES = ("Libanon", "Polen", "Somalia", "Italien", "Pakistan", "Tyrkiet", "Japan", "Norge")
FAITHS = ("muslimer", "kristne", "jøder", "hinduer", "buddhister")


def codes(text: str) -> list[tuple[object, ...]]:
    read = read_by_patterns(text, received_at=RECEIVED_AT).found
    return sorted((one.sign, one.answer, one.when or "", str(one.date)) for one in read)


@given(
    template=st.sampled_from(TEMPLATES),
    one=st.tuples(*(st.sampled_from(each) for each in (NAMES, NAMES, COUNTRIES, FAITHS))),
    other=st.tuples(*(st.sampled_from(each) for each in (NAMES, NAMES, COUNTRIES, FAITHS))),
)
@settings(max_examples=60, deadline=None)
def test_names_countries_and_faiths_change_nothing(
    template: str, one: tuple[str, str, str, str], other: tuple[str, str, str, str]
) -> None:
    keys = ("name", "other", "country", "faith")
    first, second = (codes(template.format(**dict(zip(keys, each, strict=True)))) for each in (one, other))
    assert first == second
    assert first


@pytest.mark.parametrize("text", TEXTS)
def test_a_place_is_inside_the_text_and_shows_words(text: str) -> None:
    for one in read_by_patterns(text, received_at=RECEIVED_AT).found:
        assert 0 <= one.start < one.end <= len(text)
        assert text[one.start : one.end].strip()


@given(st.text(max_size=300))
@settings(max_examples=80, deadline=None)
def test_any_text_can_be_read(text: str) -> None:
    for one in read_by_patterns(text, received_at=RECEIVED_AT).found:
        assert 0 <= one.start < one.end <= len(text)


def test_a_text_reads_the_same_in_every_process() -> None:
    code = (
        "from datetime import UTC, datetime; from services.intake.reading import read_by_patterns; import sys; "
        "print(read_by_patterns(sys.argv[1], received_at=datetime(2026, 3, 10, 13, 0, tzinfo=UTC)))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code, " ".join(TEXTS[:40])],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("på fredag", date(2026, 3, 13)),
        ("på tirsdag", date(2026, 3, 17)),
        ("paa fredag", date(2026, 3, 13)),
        ("i morgen", date(2026, 3, 11)),
        ("i overmorgen", date(2026, 3, 12)),
        ("om 14 dage", date(2026, 3, 24)),
        ("om to uger", date(2026, 3, 24)),
        ("om en uge", date(2026, 3, 17)),
        ("i næste uge", date(2026, 3, 16)),
        ("d. 18.", date(2026, 3, 18)),
        ("den 2.", date(2026, 4, 2)),
        ("d. 18/12", date(2026, 12, 18)),
        ("den 20. december", date(2026, 12, 20)),
        ("d. 1. juli", date(2026, 7, 1)),
        ("til sommer", date(2026, 6, 27)),
        ("i efterårsferien", date(2026, 10, 12)),
        ("i uge 26", date(2026, 6, 22)),
        ("i august", date(2026, 8, 1)),
        ("lørdag morgen", date(2026, 3, 14)),
        ("lørdag", date(2026, 3, 14)),
        ("på\u00a0lørdag", date(2026, 3, 14)),
        ("på  lørdag", date(2026, 3, 14)),
        ("på\nlørdag", date(2026, 3, 14)),
        ("på lør\u00addag", date(2026, 3, 14)),
        ("på lør-\ndag", date(2026, 3, 14)),
        ("idag", date(2026, 3, 10)),
        ("imorgen", date(2026, 3, 11)),
        ("iaften", date(2026, 3, 10)),
        ("uge 12", date(2026, 3, 16)),
        ("i uge 53", date(2026, 12, 28)),
        ("uge\u00a012", date(2026, 3, 16)),
        ("2026-04-07", date(2026, 4, 7)),
        ("den 2026-04-07", date(2026, 4, 7)),
        ("2027/03/07", date(2027, 3, 7)),
        ("d. 7. marts 2027", date(2027, 3, 7)),
        ("d. 07.04.2027", date(2027, 4, 7)),
        ("den\n18. december", date(2026, 12, 18)),
    ],
)
def test_a_date_counts_from_the_day_of_receipt_in_copenhagen(written: str, day: date) -> None:
    (planned,) = [
        one
        for one in read_by_patterns(f"Hun skal giftes {written}.", received_at=RECEIVED_AT).found
        if one.sign == "marriage.planned"
    ]
    assert planned.date == day


def test_the_day_of_receipt_is_copenhagens() -> None:
    late = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    (planned,) = read_by_patterns("Hun skal giftes i morgen.", received_at=late).found
    assert planned.date == date(2026, 3, 12)


@pytest.mark.parametrize(
    "written",
    [
        *("den 31. februar", "d. 99.", "i uge 77", "i uge 0", "den 0. maj", "40/40", "2025-04-07", "d. 7. marts 2024"),
        *("2026-13-41", "om 999 måneder", "hver lørdag", "d. 18/12-2025"),
    ],
)
def test_a_date_that_is_none_is_left_out(written: str) -> None:
    read = read_by_patterns(f"Hun skal giftes {written}.", received_at=RECEIVED_AT)
    assert [one.date for one in read.found] == [None]


SAID = "Hendes far har truet med at slå hende ihjel, og hun skal giftes på lørdag."
UNSEEN = {
    "soft hyphens": ("truet", "tru\u00adet"),
    "byte order mark": ("truet", "\ufefftruet"),
    "zero width": ("ihjel", "ih\u200bjel"),
    "ligature": ("giftes", "gi\ufb05es".replace("\ufb05", "ft")),
    "cyrillic": ("hende ihjel", "h\u0435nd\u0435 ihj\u0435l"),
    "broken line": ("giftes på lørdag", "gif-\ntes på\nlørdag"),
    "no-break spaces": ("på lørdag", "på\u00a0\u00a0lørdag"),
    "decomposed": ("slå", "sla\u030a"),
    "full width": ("truet", "ｔｒｕｅｔ"),
}


@pytest.mark.parametrize("name", UNSEEN)
def test_what_cannot_be_seen_costs_no_sign_and_the_quote_is_what_stands_there(name: str) -> None:
    plain, pasted = UNSEEN[name]
    text = SAID.replace(plain, pasted)
    assert codes(text) == codes(SAID)
    assert "threat.concrete" in {sign for sign, *_ in codes(text)}
    both = (read_by_patterns(each, received_at=RECEIVED_AT).found for each in (SAID, text))
    for one, other in zip(*both, strict=True):
        assert text[other.start : other.end] in (
            SAID[one.start : one.end],
            SAID[one.start : one.end].replace(plain, pasted),
        )


def test_a_forced_journey_within_days_is_imminent_and_a_far_one_is_not() -> None:
    near = codes("De vil sende hende til udlandet på fredag.")
    far = codes("De vil sende hende til udlandet d. 18. december.")
    assert "travel.soon" in {sign for sign, *_ in near}
    assert "travel.soon" not in {sign for sign, *_ in far}


@pytest.mark.parametrize(
    "text",
    [
        "She told me that her father hits her every day and she wants to run away.",
        "Babam beni dövüyor ve eve gitmek istemiyorum çünkü çok korkuyorum.",
        "Aabahay wuu i garaacaa maalin walba mana doonayo inaan guriga ku noqdo.",
        "Mein Vater schlägt mich jeden Tag und ich habe große Angst nach Hause zu gehen.",
        "والدي يضربني كل يوم ولا أريد العودة إلى المنزل",
        "Тато б'є мене щодня, і я боюся йти додому.",
        "Hun er 12 år. My brother said that he will kill me when we get home.",
    ],
)
def test_another_language_is_told_as_unread(text: str) -> None:
    assert read_by_patterns(text, received_at=RECEIVED_AT).language_unread


@pytest.mark.parametrize(
    "text",
    [
        "Hun sagde wallah det er rigtigt, og så grinede hun.",
        "Hendes mor råbte hooyo efter hende, og hun gik.",
        "Fatima Al-Hassan Mohammed Ibrahim og Yusuf Abdirahman er søskende.",
        "ok thanks",
        "hun sir at han slaar hende og hun ka ik komme me te fest",
        "Han skrev ‘محمد’ på tavlen og smilede til os andre.",
        "Tlf. 12 34 56 78, mail anna@example.org",
        "",
    ],
)
def test_names_and_quoted_words_do_not_make_a_text_unread(text: str) -> None:
    assert not read_by_patterns(text, received_at=RECEIVED_AT).language_unread


@pytest.mark.parametrize("text", TEXTS)
def test_danish_is_read_as_danish(text: str) -> None:
    assert not read_by_patterns(text, received_at=RECEIVED_AT).language_unread


@pytest.mark.parametrize(
    ("typed", "sign"),
    [
        ("hun maa ik komme med til svoemning", "control.activities"),
        ("hendes far slaar hende", "violence.now"),
        ("hun skal giftes vaek", "marriage.planned"),
        ("hun skal foorloves paa loerdag", "marriage.planned"),
        ("de har taget hendes tlf", "control.phone_or_money"),
        ("hendes soester blev gift da hun var 16", "family.sibling_married_or_fled"),
        ("hun har taenkt på selvmorrd", "life.self_harm"),
        ("Hun bliver sla\u030aet af sin far", "violence.now"),
    ],
)
def test_phone_danish_and_mistyped_words_are_read(typed: str, sign: str) -> None:
    assert sign in {found for found, *_ in codes(typed)}
