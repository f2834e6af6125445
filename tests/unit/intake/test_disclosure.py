"""What is shown of a body is bounded, whatever the body is."""

import json
from datetime import date
from typing import Any

import pytest

from services.intake.domain.disclosure import MOST_FIELD, MOST_LISTED, MOST_TEXT, MOST_WRITTEN, MachineRead, disclosed
from services.intake.domain.draft import parse, read_draft
from shared.auth.grants import ReadPart
from shared.web.application import BODY_LIMIT

NOTHING_READ = MachineRead(pending=False, language_unread=False, marks=())
MOST_SHOWN = 500_000


def nested(depth: int, *, leaf: str = "[1,1,1,1]") -> str:
    return "[" * depth + leaf + "]" * depth


SWOLLEN: dict[str, str] = {
    "deep": '{"x": [' + ",".join([nested(900)] * 130) + "]}",
    "as deep as can be read": '{"x": ' + nested(980) + "}",
    "too deep to be read": '{"x": ' + nested(100_000) + "}",
    "wide": '{"x": [' + ",".join(["1"] * 120_000) + "]}",
    "many children": '{"children": [' + ",".join(["{}"] * 80_000) + "]}",
    "many answers": '{"answers": [' + ",".join(["{}"] * 80_000) + "]}",
    "many fields": json.dumps({f"f{n}": n for n in range(16_000)}),
    "long names": json.dumps({"children": [{"name": "a" * 240_000}], "reporter": {"kind": "b" * 1_000}}),
    "a long answer": json.dumps({"parents_know": "c" * 240_000}),
    "a long conflict": json.dumps({"conflict": {"about": "d" * 240_000}}),
    "a long text": json.dumps({"text": "e" * 250_000}),
    "no object": json.dumps("f" * 250_000),
    "a text in a hundred thousand pieces": json.dumps({"text": [""] * 60_000}),
}


def shown(raw: bytes, part: ReadPart = ReadPart.ALL) -> dict[str, Any]:
    body = parse(raw)
    draft = read_draft(body, on=date(2026, 3, 10))
    return disclosed(raw, body, part=part, draft=draft, read=NOTHING_READ)


@pytest.mark.parametrize("what", SWOLLEN)
@pytest.mark.parametrize("part", [ReadPart.ALL, ReadPart.NAMES])
def test_no_body_swells_when_it_is_shown(what: str, part: ReadPart) -> None:
    raw = SWOLLEN[what].encode()
    assert len(raw) <= BODY_LIMIT
    told = shown(raw, part)
    assert len(json.dumps(told)) <= MOST_SHOWN
    assert len(told["children"]) <= MOST_LISTED


@pytest.mark.parametrize("what", SWOLLEN)
def test_what_is_cut_says_so_and_can_be_had_whole(what: str) -> None:
    raw = SWOLLEN[what].encode()
    assert shown(raw)["cut"] or what in ("as deep as can be read", "a text in a hundred thousand pieces")
    assert shown(raw, ReadPart.WHOLE) == {"whole": raw.decode()}


def test_an_ordinary_report_is_shown_as_it_is() -> None:
    body = {"text": "Noget.", "children": [{"name": "Ida"}], "extra": {"a": [1]}}
    told = shown(json.dumps(body).encode())
    assert (told["text"], told["cut"]) == ("Noget.", False)
    assert told["as_written"] == [("text", "Noget."), ("children[0].name", "Ida"), ("extra.a[0]", 1)]


def test_each_part_has_its_own_bound() -> None:
    body = {"text": "a" * 100_000, "children": [{"name": "b" * 5_000}] * 20, "extra": "c" * 50_000}
    told = shown(json.dumps(body).encode())
    assert len(told["text"]) == MOST_TEXT
    assert len(told["children"][0]["name"]) == MOST_FIELD
    assert sum(len(str(value)) for _, value in told["as_written"]) <= MOST_WRITTEN
    assert told["cut"]
