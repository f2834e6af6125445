"""What counts as text: everything that a person wrote in words, wherever it stands."""

import pytest

from services.intake.domain.draft import parse, read_draft
from services.intake.domain.prose import Written, text_of, written_in
from tests.unit.intake.test_draft import DAY

SAID = "Han har truet med at slå hende ihjel."


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"besked": SAID}, "besked"),
        ({"besked": {"indhold": [SAID]}}, "besked.indhold"),
        ({"answers": [{"sign": "travel.planned", "quote": SAID}]}, "answers[0].quote"),
        ({"answers": [{"sign": SAID}]}, "answers[0].sign"),
        ({"conflict": {"about": SAID}}, "conflict.about"),
        ({"reporter": {"safe_hours": SAID}}, "reporter.safe_hours"),
        ({"reporter": {"name": SAID}}, "reporter.name"),
        ({"reporter": {"institution": SAID}}, "reporter.institution"),
        ({"reporter": {"note": SAID}}, "reporter.note"),
        ({"children": [{}, {"name": SAID}]}, "children[1].name"),
        ({"children": [{"note": SAID}]}, "children[0].note"),
        ({"legal_kind": SAID}, "legal_kind"),
        ({"parents_know": SAID}, "parents_know"),
        ({SAID: True}, "?"),
        ({"text": {"a": [SAID]}}, "text"),
        ([{"besked": SAID}], "text"),
        (SAID, "text"),
    ],
)
def test_words_are_text_wherever_they_stand(body: object, field: str) -> None:
    assert written_in(body) == (Written(field, SAID),)
    assert read_draft(body, on=DAY).has_text


@pytest.mark.parametrize(
    "body",
    [
        {"reporter": {"name": "Anna Marie Eksempel Hansen", "institution": "Skolen ved Søen", "safe_hours": "8-15"}},
        {"reporter": {"email": "anna.marie@example.org", "phone": "+45 12 34 56 78", "kind": "teacher"}},
        {"children": [{"name": "Bent von Eksempel", "cpr": "CPR: 010112-9999", "relation": "sibling"}]},
        {"answers": [{"sign": "travel.planned", "answer": "said", "when": "now", "date": "2026-12-18"}]},
        {"legal_kind": "section_133", "parents_know": "no", "conflict": {"declared": False}, "text": " "},
    ],
)
def test_codes_names_and_contact_details_are_no_text(body: object) -> None:
    assert written_in(body) == ()
    assert not read_draft(body, on=DAY).has_text


def test_text_comes_first_and_no_sentence_runs_from_one_field_into_the_next() -> None:
    assert text_of({"besked": "og slog hende", "text": "Han kom"}) == "Han kom\n\nog slog hende"


def test_deep_nesting_makes_no_long_paths() -> None:
    body = parse(b'{"a":' * 300 + b'"Han truer."' + b"}" * 300)
    assert [(len(each.field) < 20, each.text) for each in written_in(body)] == [(True, "Han truer.")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_a_body_is_read_in_whatever_encoding_windows_sends_it(encoding: str) -> None:
    raw = '{"text": "Han slår hende på lørdag – »nu«"}'.encode(encoding)
    assert parse(raw) == {"text": "Han slår hende på lørdag – »nu«"}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ('{"text": "slår'.encode() + b"\xe5" + b'"}', "slår\ufffd"),
        (b'{"text": "sl\xe5r \x81"}', "slår \x81"),
    ],
)
def test_one_broken_character_costs_itself_alone(raw: bytes, text: str) -> None:
    assert parse(raw) == {"text": text}
