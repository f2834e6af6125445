"""Reading a body: what can be read becomes codes, the rest is named, nothing is refused."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.draft import MOST_CHILDREN, NotJson, parse, read_draft
from shared.events.codes import AgeBand, Answer, LegalKind, ReceiptRoute, ReporterKind, Unit, When
from shared.events.intake import SignFact
from shared.signs import SignId

DAY = date(2026, 3, 10)
NAMES = [
    *("legal_kind", "reporter", "children", "text", "parents_know", "answers", "conflict", "already_supported"),
    *("name", "kind", "cpr", "age_band", "sign", "answer", "when", "date", "declared", "about", "anything"),
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["said", "travel.soon", "yes"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=6),
    max_leaves=30,
)


def test_a_whole_report_is_read_as_codes() -> None:
    draft = read_draft(
        {
            "legal_kind": "section_133",
            "reporter": {"kind": "teacher", "unit": "noerrebro", "receipt_route": "work_email", "name": "Eksempel"},
            "children": [{"age_band": "13-17", "relation": "subject"}],
            "text": "Hun sagde noget.",
            "parents_know": "no",
            "answers": [
                {"sign": "travel.planned", "answer": "said", "when": "now", "date": "2026-12-18", "quote": "…"}
            ],
            "conflict": {"declared": True, "about": "Eksempel"},
            "already_supported": True,
        },
        on=DAY,
    )
    assert (draft.legal_kind, draft.reporter_kind) == (LegalKind.SECTION_133, ReporterKind.TEACHER)
    assert (draft.unit, draft.receipt_route) == (Unit.NOERREBRO, ReceiptRoute.WORK_EMAIL)
    assert [child.age_band for child in draft.children] == [AgeBand.YOUTH]
    assert draft.signs == (
        SignFact(sign=SignId("travel.planned"), answer=Answer.SAID, when=When.NOW, date=date(2026, 12, 18)),
        SignFact(sign=SignId("disclosure.family_knows"), answer=Answer.DENIED),
    )
    assert (draft.has_text, draft.conflict_declared, draft.already_supported) == (True, True, True)
    assert draft.unread == ()


@given(JSON)
def test_whatever_is_json_can_be_read(body: Any) -> None:
    draft = read_draft(parse(json.dumps(body).encode()), on=DAY)
    assert len(draft.unread) <= 60


@pytest.mark.parametrize("wrong", [7, "x" * 90, True, [], {}, [[]], {"Anna": 1}, [None], "\x00"])
@pytest.mark.parametrize("field", NAMES[:8])
def test_a_wrong_type_in_a_field_is_named_or_harmless(field: str, wrong: object) -> None:
    draft = read_draft({field: wrong}, on=DAY)
    assert all("Anna" not in path for path in draft.unread)


@pytest.mark.parametrize(
    ("body", "unread"),
    [
        ({"received_at": "2026-01-01"}, "received_at"),
        ({"Anna Eksempel": 1}, "?"),
        ({"children": [{"cpr": "310299-9999"}]}, "children[0].cpr"),
        ({"answers": [{"sign": "no.such"}]}, "answers[0].sign"),
        ({"answers": [{"sign": "travel.soon", "answer": "perhaps"}]}, "answers[0].answer"),
        ({"reporter": {"unit": "Mars"}}, "reporter.unit"),
        ({"parents_know": ["yes"]}, "parents_know"),
        ([1, 2], "body"),
    ],
)
def test_what_cannot_be_read_is_named(body: object, unread: str) -> None:
    assert read_draft(body, on=DAY).unread == (unread,)


def test_a_sign_whose_answer_cannot_be_read_is_unknown_and_not_dropped() -> None:
    draft = read_draft({"answers": [{"sign": "violence.now", "answer": 1}]}, on=DAY)
    assert draft.signs == (SignFact(sign=SignId("violence.now"), answer=Answer.UNKNOWN),)


@pytest.mark.parametrize("body", [{"text": 12}, {"text": ["a"]}, ["text"], "text", {"text": "…"}])
def test_text_in_any_form_waits_to_be_read(body: object) -> None:
    assert read_draft(body, on=DAY).has_text


@pytest.mark.parametrize("body", [{}, {"text": "  "}, {"text": None}])
def test_no_text_waits_for_nobody(body: object) -> None:
    assert not read_draft(body, on=DAY).has_text


@pytest.mark.parametrize(
    ("conflict", "declared"),
    [
        ({"declared": True}, True),
        ({"about": "min kollega"}, True),
        ({"declared": "ja", "about": "min kollega"}, True),
        ({"declared": False, "about": "ingen"}, False),
        ({"declared": False}, False),
        ({}, False),
        (None, False),
    ],
)
def test_naming_somebody_declares_a_conflict_unless_it_is_denied(conflict: object, declared: bool) -> None:
    assert read_draft({"conflict": conflict}, on=DAY).conflict_declared is declared


def test_a_thousand_children_are_kept_in_the_body_and_named_as_unread() -> None:
    draft = read_draft({"children": [{}] * 1000}, on=DAY)
    assert len(draft.children) == MOST_CHILDREN
    assert draft.unread == (f"children[{MOST_CHILDREN}]",)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe\x00", b"<xml/>", b"{'a': 1}"])
def test_bytes_that_are_not_json_are_told_apart(raw: bytes) -> None:
    with pytest.raises(NotJson):
        parse(raw)


@pytest.mark.parametrize("raw", [b"[" * 100_000 + b"]" * 100_000, b"9" * 10_000])
def test_json_that_is_beyond_us_is_text_and_not_refused(raw: bytes) -> None:
    assert read_draft(parse(raw), on=DAY).has_text


def test_half_an_emoji_is_still_a_report() -> None:
    assert read_draft(parse(b'{"text": "\\ud83d"}'), on=DAY).has_text
