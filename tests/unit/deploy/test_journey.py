"""The way of a concern, read from the spans of its trace."""

from typing import Any

from deploy.cli.journey import Journey, journey

AT = 1_000_000.0
"""The moment before the POST, in seconds."""


def span(id: str, parent: str | None, service: str, kind: str, *, ends: float, **tags: str) -> dict[str, Any]:
    """A span that ends so many milliseconds after the POST."""
    end = int((AT * 1000 + ends) * 1000)
    place = {"serviceName": service}
    return {
        "id": id,
        "parentId": parent,
        "kind": kind,
        "timestamp": end - 1000,
        "duration": 1000,
        "localEndpoint": place,
        "tags": tags,
    }


POST = span("1", "0", "intake", "SERVER", ends=5)
RATED = span("2", "1", "triage", "CONSUMER", ends=20)
PAGED = span("3", "2", "escalation", "CONSUMER", ends=30)
ASKED = span("4", "3", "notify", "CONSUMER", ends=35)
MAILED = span("5", "4", "notify", "CLIENT", ends=50, **{"smtp.reply.code": "250"})
WHOLE = [POST, RATED, PAGED, ASKED, MAILED]


def test_each_station_is_timed_from_the_post() -> None:
    assert journey(WHOLE, sent_at=AT) == Journey(accepted=5, rated=20, paged=30, mailed=50)


def test_spans_come_in_any_order_and_more_than_once() -> None:
    assert journey([*reversed(WHOLE), *WHOLE], sent_at=AT) == journey(WHOLE, sent_at=AT)


def test_what_happens_beside_the_way_to_the_page_is_not_a_station() -> None:
    beside = [span("6", "1", "escalation", "CONSUMER", ends=10), span("7", "5", "escalation", "CONSUMER", ends=60)]
    assert journey([*beside, *WHOLE], sent_at=AT) == journey(WHOLE, sent_at=AT)


def test_a_page_that_was_asked_for_without_a_rating_still_has_its_rating_told() -> None:
    early = [POST, RATED, span("3", "1", "escalation", "CONSUMER", ends=12), ASKED, MAILED]
    assert journey(early, sent_at=AT) == Journey(accepted=5, rated=20, paged=12, mailed=50)


def test_a_trace_that_is_not_whole_is_waited_for() -> None:
    for missing in range(len(WHOLE)):
        assert journey(WHOLE[:missing] + WHOLE[missing + 1 :], sent_at=AT) is None


def test_a_mail_that_was_refused_is_not_accepted() -> None:
    refused = span("5", "4", "notify", "CLIENT", ends=50, **{"smtp.reply.code": "451"})
    assert journey([*WHOLE[:-1], refused], sent_at=AT) is None
