"""Reading an event's envelope: wrong ones are told by a code, whatever they hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.envelope import Envelope, Undecodable, envelope_of, event_of, headers_of, text_headers
from shared.events.model import Event
from shared.ids import EventId, new_id
from tests.support.samples import AT, SAMPLES


def envelope(event: Event, type_: str | None = None) -> Envelope:
    return Envelope(EventId(new_id()), type_ or event.type, "intake", AT, 3, "00-" + "1" * 32 + "-" + "2" * 16 + "-01")


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.type)
def test_an_event_survives_its_way(event: Event) -> None:
    sent = envelope(event)
    headers = text_headers([(name, value.encode()) for name, value in headers_of(event, sent).items()])
    assert envelope_of(headers) == sent
    assert event_of(sent, event.model_dump_json().encode()) == event


def test_headers_that_are_no_text_do_not_break_the_others() -> None:
    assert text_headers([("a", b"\xff"), ("b", None), ("c", b"x")]) == {"b": "", "c": "x"}


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_source", "ce_time", "ce_sequence"])
@pytest.mark.parametrize("value", [None, "", "x"])
def test_a_missing_or_malformed_attribute_is_told_by_a_code(name: str, value: str | None) -> None:
    headers = headers_of(SAMPLES[0], envelope(SAMPLES[0]))
    broken = {key: text for key, text in headers.items() if key != name} | ({name: value} if value is not None else {})
    if value in (None, "") or name in ("ce_id", "ce_time", "ce_sequence"):
        if name in ("ce_type", "ce_source") and value == "":
            return
        with pytest.raises(Undecodable, match=r"^envelope_malformed$"):
            envelope_of(broken)


def test_a_type_nobody_knows_is_not_ours() -> None:
    assert event_of(envelope(SAMPLES[0], "beredskab.intake.something-new.v1"), b"{}") is None


def test_a_major_version_nobody_knows_is_parked_and_not_skipped() -> None:
    with pytest.raises(Undecodable, match=r"^major_version_unknown$"):
        event_of(envelope(SAMPLES[0], SAMPLES[0].type.replace(".v1", ".v2")), b"{}")


@given(st.binary())
def test_junk_is_told_by_a_code_that_repeats_nothing_of_it(junk: bytes) -> None:
    with pytest.raises(Undecodable, match=r"^body_malformed$") as caught:
        event_of(envelope(SAMPLES[0]), junk)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
