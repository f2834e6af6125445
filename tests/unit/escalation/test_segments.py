"""A text in pieces: each letter once, each mark where it lies, however many there are."""

import sys
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.escalation.web.console.text import Segment, literally, segments

SENTENCE = "Han slår hende. "
spans = st.lists(st.tuples(st.integers(-3, 40), st.integers(-3, 40)), max_size=12)


def mark(start: int, end: int) -> dict[str, Any]:
    return {"start": start, "end": end}


def by_asking_each(text: str, marks: Sequence[dict[str, Any]]) -> list[tuple[str, tuple[int, ...]]]:
    """The notes of each letter, found the slow way."""
    return [
        (letter, tuple(n for n, each in enumerate(marks, start=1) if max(0, each["start"]) <= at < each["end"]))
        for at, letter in enumerate(text)
    ]


@given(st.text("abc æ", max_size=30), spans)
def test_each_letter_is_shown_once_with_the_marks_that_cover_it(text: str, found: list[tuple[int, int]]) -> None:
    marks = [mark(*each) for each in found]
    shown = [(letter, piece.notes) for piece in segments(text, marks) for letter in piece.text]
    assert shown == by_asking_each(text, marks)


def test_the_work_grows_as_the_marks_do_and_not_as_their_square() -> None:
    def lines_run(times: int) -> int:
        text, marks = SENTENCE * times, [mark(16 * n, 16 * n + 8) for n in range(times)]
        count = 0

        def counted(frame: Any, _event: str, _of: Any) -> Any:
            nonlocal count
            count += frame.f_code.co_filename.endswith("console/text.py")
            return counted

        sys.settrace(counted)
        try:
            segments(text, marks)
        finally:
            sys.settrace(None)
        return count

    assert lines_run(400) < 5 * lines_run(100)


def test_no_mark_is_one_piece() -> None:
    assert segments("a\u202eb", []) == [Segment(literally("a\u202eb"))]
    assert segments("", []) == [Segment("")]
