"""Whatever is sent to the door, it is stored or refused for being no JSON or too large; never a fault, never lost."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.children import new_child
from tests.support.system import System

FIELDS: dict[str, Any] = {
    "legal_kind": "section_133",
    "reporter": {
        "name": "Gorm Eksempel",
        "kind": "teacher",
        "institution": "Eksempelskolen",
        "unit": "noerrebro",
        "email": "gorm@skole.example",
        "phone": "00 00 00 00",
        "safe_hours": "8-15",
        "receipt_route": "screen",
    },
    "children": [{"name": "Ida Eksempel", "cpr": "010112-9999", "age_band": "6-12", "relation": "subject"}],
    "text": "Hun er bange.",
    "parents_know": "no",
    "answers": [
        {"sign": "travel.planned", "answer": "said", "when": "now", "date": "2026-12-18", "quote": "til sommer"}
    ],
    "conflict": {"declared": False, "about": "ingen"},
    "already_supported": False,
}
WRONG: tuple[Any, ...] = (7, 1e308, True, [], [[]], {"a": [{}]}, "", "\x00", "Ø" * 300, "\ud800", {"": None}, 10**40)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value, the containers too."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from paths(inner, (*path, name))


def replaced(path: tuple[Any, ...], wrong: Any) -> Any:
    """The fields with one value exchanged."""
    body: Any = json.loads(json.dumps(FIELDS))
    body["children"][0] |= new_child()
    place = body
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = wrong
    return body


@pytest.mark.parametrize("path", list(paths(FIELDS)), ids=lambda path: ".".join(map(str, path)))
async def test_a_wrong_type_in_any_field_is_stored_as_sent_and_named(system: System, path: tuple[Any, ...]) -> None:
    for wrong in WRONG:
        raw = json.dumps(replaced(path, wrong)).encode()
        answer = await system.post(raw)
        assert answer.status_code == 201, (path, wrong, answer.text)
        assert await system.body_of(answer.json()["report_id"]) == raw


async def test_a_field_that_cannot_be_read_is_named_by_its_path(system: System) -> None:
    wrong = {"children": [{"cpr": "310299-9999", "age_band": 7}], "answers": [{"sign": "no.such"}], "text": ["x"]}
    answer = await system.send(wrong)
    assert answer["unread"] == ["text", "children[0].cpr", "children[0].age_band", "answers[0].sign"]


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"not json", b"{", b'{"text": "a}', b"\x00", b"\xff\xfe{}", b"NaN,", b"[1,]"),
        *(b"\x1f\x8b\x08\x00", b"<report/>", b"text=hej&name=ida"),
    ],
)
async def test_what_is_no_json_is_refused_with_a_number_to_call(system: System, raw: bytes) -> None:
    answer = await system.post(raw)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["duty_phone"] in answer.json()["detail"]


async def test_300_kilobytes_are_refused_and_what_is_just_small_enough_is_stored(system: System) -> None:
    large = await system.post(json.dumps({"text": "x" * 300_000}).encode())
    assert (large.status_code, large.headers["content-type"]) == (413, "application/problem+json")
    assert large.json()["duty_phone"] in large.json()["detail"]
    fits = json.dumps({"text": "x" * (256 * 1024 - 12)}).encode()
    assert len(fits) == 256 * 1024
    answer = await system.post(fits)
    assert answer.status_code == 201
    assert await system.body_of(answer.json()["report_id"]) == fits


@pytest.mark.parametrize(
    "text",
    [
        "nul \x00 i midten",
        "😀🧕🏽👩‍👧" * 600,
        "لا أريد أن أتزوج " * 400,
        "\u202eomvendt\u202c \ufeff",
        "\ud83d halv",
        "".join(map(chr, range(1, 32))),
    ],
    ids=["null", "emoji", "arabic", "direction", "half a pair", "control"],
)
async def test_every_kind_of_text_comes_through_whole(system: System, text: str) -> None:
    raw = json.dumps({"children": [new_child()], "text": text, "reporter": {"name": text[:50]}}).encode()
    answer = await system.post(raw)
    assert answer.status_code == 201
    assert await system.body_of(answer.json()["report_id"]) == raw


@pytest.mark.parametrize("cpr", ["310299-9999", "000000-0000", "999999-9999", "abcdef-ghij", "0101", "010112-9999" * 9])
async def test_an_impossible_cpr_number_is_kept_as_written_and_named(system: System, cpr: str) -> None:
    raw = json.dumps({"children": [{"cpr": cpr}], "text": "Hej"}).encode()
    answer = await system.post(raw)
    assert (answer.status_code, answer.json()["unread"]) == (201, ["children[0].cpr"])
    assert await system.body_of(answer.json()["report_id"]) == raw


@pytest.mark.parametrize("nesting", [b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 40_000 + b"1" + b"}" * 40_000])
async def test_json_too_deep_to_walk_is_stored(system: System, nesting: bytes) -> None:
    answer = await system.post(nesting)
    assert answer.status_code == 201
    assert await system.body_of(answer.json()["report_id"]) == nesting


@pytest.mark.parametrize("key", ["", "x" * 4000, "ø\u00ff", "a\tb", "'; --", "{}"])
async def test_any_idempotency_key_will_do(system: System, key: str) -> None:
    body = json.dumps({"children": [new_child()], "text": "Hej"}).encode()
    headers = {b"Idempotency-Key": key.encode("utf-8")}
    first, second = [
        await system.client.post(f"{system.urls['intake']}/v1/reports", content=body, headers=headers) for _ in range(2)
    ]
    assert {first.status_code, second.status_code} == {201}
    assert not key or first.json() == second.json()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/reports", 405), ("POST", "/v1/nothing", 404), ("PUT", "/v1/reports/7", 404), ("POST", "//", 404)],
)
async def test_a_wrong_address_or_method_is_a_clear_problem(
    system: System, method: str, path: str, status: int
) -> None:
    answer = await system.client.request(method, f"{system.urls['intake']}{path}", content=b"{}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
