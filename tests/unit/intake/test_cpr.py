"""CPR numbers. All of these are invented; none is checked by mod 11."""

from datetime import date

import pytest

from services.intake.domain.cpr import NoCpr, age_band, cpr_of, read_cpr
from shared.events.codes import AgeBand


@pytest.mark.parametrize("written", ["0101129999", "010112-9999", " 010112 9999 ", "610112-9999"])
def test_a_number_is_read_however_it_is_written(written: str) -> None:
    cpr = cpr_of(written)
    assert cpr is not None
    assert len(cpr) == 10
    assert cpr.endswith("10112" + "9999")


@pytest.mark.parametrize(
    "written", ["", "123", "310212-9999", "01011299991", "010112-999x", "٠١٠١١٢٩٩٩٩", "990112-9999"]
)
def test_what_names_no_date_is_no_number(written: str) -> None:
    assert cpr_of(written) is None


PASTED = (
    *("010112–9999", "010112—9999", "010112\u20119999", "010112\u22129999", "0101\u00ad12-9999", "\ufeff010112-9999"),
    *(
        "０１０１１２-９９９９",
        "01.01.12-9999",
        "01 01 12 9999",
        "010112\u00a09999",
        "010112\u202f9999",
        "01/01/12-9999",
    ),
    *("CPR: 010112-9999", "cpr-nr. 0101129999", "CPR nummer 010112 9999", "Personnummer: 010112-9999"),
    *("01/01/12-9999", "01012012-9999", "01-01-2012-9999", "01.01.2012 9999", "010112-\u200b9999"),
)


@pytest.mark.parametrize("written", PASTED)
def test_a_number_is_read_however_it_was_pasted(written: str) -> None:
    assert read_cpr(written) == "0101129999"


@pytest.mark.parametrize("written", ["310212-9999", "990112-9999", "010012-9999", "01011912-9999", "CPR: 320112–9999"])
def test_a_day_that_does_not_exist_is_told_apart_from_what_is_no_number(written: str) -> None:
    assert read_cpr(written) is NoCpr.NO_SUCH_DAY
    assert read_cpr("12345") is NoCpr.NOT_TEN_DIGITS


def test_a_number_without_a_mod_11_check_digit_is_a_number() -> None:
    assert cpr_of("010112-9991") == "0101129991"


@pytest.mark.parametrize(
    ("cpr", "band"),
    [
        ("1003209999", AgeBand.SCHOOL),
        ("1103209999", AgeBand.DAY_CARE),
        ("1003139999", AgeBand.YOUTH),
        ("1003089999", AgeBand.ADULT),
        ("1103089999", AgeBand.YOUTH),
        ("7103089999", AgeBand.YOUTH),
    ],
)
def test_the_age_band_turns_on_the_birthday(cpr: str, band: AgeBand) -> None:
    read = cpr_of(cpr)
    assert read is not None
    assert age_band(read, date(2026, 3, 10)) is band
