"""What a person looks for is told by its length; a case's code leads back to it, however it is typed."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.escalation.domain.search import Sought, cases_between, code_of, sought


@given(st.uuids(version=4))
def test_the_code_of_a_case_leads_back_to_it(case_id: UUID) -> None:
    code = code_of(case_id)
    assert sought(code) is Sought.CODE
    for typed in (code, code.lower(), f" {code[:2]} {code[2:]}", code.replace("0", "O").replace("1", "l")):
        between = cases_between(typed)
        assert between is not None
        assert between[0] <= case_id <= between[1]


@given(st.uuids(version=4), st.uuids(version=4))
def test_a_code_leads_to_no_case_of_another_code(one: UUID, other: UUID) -> None:
    between = cases_between(code_of(one))
    assert between is not None
    assert (between[0] <= other <= between[1]) == (code_of(one) == code_of(other))


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("K7MX 4PQR", Sought.REFERENCE),
        ("k7mx-4pqr", Sought.REFERENCE),
        ("12345678", Sought.REFERENCE),
        ("8F2K", Sought.CODE),
        ("010112-9999", Sought.CHILD),
        ("0101129999", Sought.CHILD),
        ("CPR 01 01 2012 9999", Sought.CHILD),
        ("", None),
        ("Amal Eksempel", None),
        ("010112", None),
        ("01011299990", None),
    ],
)
def test_what_is_looked_for_is_told_by_how_it_is_written(written: str, kind: Sought | None) -> None:
    assert sought(written) is kind


@given(st.text(max_size=30))
def test_anything_may_be_typed(written: str) -> None:
    if sought(written) is Sought.CODE:
        cases_between(written)
