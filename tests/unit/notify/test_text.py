"""What a message says."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.text import Way, due, has_text, render
from shared.calendar import local
from shared.events.codes import Template

ASKED = datetime(2026, 3, 10, 0, 58, 30, tzinfo=UTC)
WAY = Way("https://vagt.example", "12 34 56 78")


def test_a_page_says_that_something_waits_by_when_and_where_to_sign_in() -> None:
    text = render(Template.PAGE, answer_by=ASKED + timedelta(minutes=15), asked_at=ASKED, way=WAY)
    assert text.subject == "Der venter noget på dig."
    assert text.body.split("\n\n")[0] == "Der venter noget på dig. Svar senest kl. 02.15. Log ind: https://vagt.example"


@pytest.mark.parametrize(
    ("template", "first"),
    [(Template.DESK_PAGE, "Der venter noget på vagten."), (Template.REMINDER, "Der venter stadig noget på dig.")],
)
def test_desks_and_reminders_have_words_of_their_own_under_the_same_subject(template: Template, first: str) -> None:
    text = render(template, answer_by=ASKED, asked_at=ASKED, way=WAY)
    assert text.body.startswith(first)
    assert text.subject == "Der venter noget på dig."


def test_a_mail_about_several_says_how_many() -> None:
    text = render(Template.BUNDLE, answer_by=ASKED, asked_at=ASKED, way=WAY, n=12)
    assert text.body.startswith("Der venter 12 ting på dig. Svar senest kl. 02.00. Log ind: https://vagt.example")
    desk = render(Template.DESK_BUNDLE, answer_by=ASKED, asked_at=ASKED, way=WAY, n=3)
    assert desk.body.startswith("Der venter 3 ting på vagten.")


@pytest.mark.parametrize("template", [template for template in Template if has_text(template)])
def test_every_mail_says_whom_to_ring_where_signing_in_fails(template: Template) -> None:
    text = render(template, answer_by=ASKED, asked_at=ASKED, way=WAY)
    assert text.body.endswith("\n\nKan du ikke logge ind, så ring 12 34 56 78.")


def test_there_are_no_words_for_the_reporter() -> None:
    assert not has_text(Template.REPORTER_NEWS)


@pytest.mark.parametrize(
    ("answer_by", "said"),
    [
        (datetime(2026, 3, 10, 1, 15, tzinfo=UTC), "kl. 02.15"),
        (datetime(2026, 3, 10, 1, 15, 0, 1, tzinfo=UTC), "kl. 02.20"),
        (datetime(2026, 3, 10, 22, 57, tzinfo=UTC), "onsdag 11. marts kl. 00.00"),
        (datetime(2026, 3, 14, 8, 0, tzinfo=UTC), "lørdag 14. marts kl. 09.00"),
        (datetime(2026, 3, 30, 7, 0, tzinfo=UTC), "mandag 30. marts kl. 09.00"),  # summer time began on the 29th
    ],
)
def test_the_time_is_copenhagen_wall_time_rounded_up_with_its_day_when_that_is_another(
    answer_by: datetime, said: str
) -> None:
    assert due(answer_by, asked_at=ASKED) == said


@given(st.timedeltas(timedelta(0), timedelta(days=1500)))
def test_the_time_told_is_a_full_five_minutes_and_never_earlier_than_meant(later: timedelta) -> None:
    answer_by = ASKED + later
    hour, minute = map(int, due(answer_by, asked_at=answer_by).rpartition(" ")[2].split("."))
    meant = local(answer_by).replace(second=0, microsecond=0)
    told = meant.replace(hour=hour, minute=minute, fold=1)  # 02.00 may be told in the hour before it comes again
    assert minute % 5 == 0
    assert told.astimezone(UTC) >= meant.astimezone(UTC) or (hour, minute) == (0, 0)


# Evidence names version and hash: whoever changes a text raises its version and adds a line here.
TEXTS = {
    (Template.PAGE, 2): "4019375f7ad616fda75e92d31bad258a6836133af28ed44912a60d8424074ff2",
    (Template.DESK_PAGE, 2): "e1214c5aefb8f1a73dea2aef66ae3706df9b38e1e4f3d898c68bca334d8807fa",
    (Template.REMINDER, 2): "690f7eb3aa536dcd5bbd0b46179a89c3a6fdc8de6666d31226007e43b003736d",
    (Template.BUNDLE, 1): "0fe30affc463255325274bd2e09987f0e3b45975632e9a2834955a12ad56775a",
    (Template.DESK_BUNDLE, 1): "18b10e400108a5d57f221b0fc7d8e56b80343f84bf203dd08aafdd2825201509",
}


@pytest.mark.parametrize("template", [template for template in Template if has_text(template)])
def test_a_changed_text_has_a_new_version(template: Template) -> None:
    text = render(template, answer_by=ASKED, asked_at=ASKED, way=WAY)
    assert text.sha256 == TEXTS[template, text.version]
