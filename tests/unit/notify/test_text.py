"""What a message says."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.text import due, has_text, render
from shared.calendar import local
from shared.events.codes import Template

ASKED = datetime(2026, 3, 10, 0, 58, 30, tzinfo=UTC)
URL = "https://vagt.example"


def test_a_page_says_that_something_waits_by_when_and_where_to_sign_in() -> None:
    text = render(Template.PAGE, answer_by=ASKED + timedelta(minutes=15), asked_at=ASKED, url=URL)
    assert text.subject == "Der venter noget på dig."
    assert text.body == "Der venter noget på dig. Svar senest kl. 02.15. Log ind: https://vagt.example"


@pytest.mark.parametrize(
    ("template", "first"),
    [(Template.DESK_PAGE, "Der venter noget på vagten."), (Template.REMINDER, "Der venter stadig noget på dig.")],
)
def test_desks_and_reminders_have_words_of_their_own_under_the_same_subject(template: Template, first: str) -> None:
    text = render(template, answer_by=ASKED, asked_at=ASKED, url=URL)
    assert text.body.startswith(first)
    assert text.subject == "Der venter noget på dig."


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
    (Template.PAGE, 1): "06c6785401e5f93019ce73f2df9c6901be253cdf30de14d7d204acae3c6f7e26",
    (Template.DESK_PAGE, 1): "e6611f0816ae2b053a944beac01a8e74c9dc4b2ff397d788f4955507dd240dde",
    (Template.REMINDER, 1): "8491a429f3e13d3f311f325f0dc6ad38fa70f2a53220d68398dd00351c1ea3f0",
}


@pytest.mark.parametrize("template", [template for template in Template if has_text(template)])
def test_a_changed_text_has_a_new_version(template: Template) -> None:
    text = render(template, answer_by=ASKED, asked_at=ASKED, url=URL)
    assert text.sha256 == TEXTS[template, text.version]
