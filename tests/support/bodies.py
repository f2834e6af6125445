"""Hypothesis strategies for what a stranger may send: days, numbers, texts, whole bodies, and the bytes they travel as.

They know only the interface (`POST /v1/reports`), so that they serve in one process and against a running stack alike.
"""

import json
from typing import Any

from hypothesis import strategies as st

from shared.events.codes import AgeBand, Answer, LegalKind, ReceiptRoute, ReporterKind, Unit, When
from shared.signs import SIGNS

DAYS = st.sampled_from(
    [
        *("2026-12-18", "2026-12-18T10:00:00Z", "0001-01-01", "0001-01-01T00:00:00+02:00", "9999-12-31", "1970-01-01"),
        *("9999-12-31T23:59:59-12:00", "2026-02-30", "10000-01-01", "-0001-01-01", "infinity", "-infinity", "nu", ""),
    ]
) | st.dates().map(str)
MOMENTS = DAYS | st.datetimes().map(lambda at: f"{at.isoformat()}+02:00") | st.datetimes().map(lambda at: f"{at}Z")
NUMBERS = st.integers() | st.floats() | st.sampled_from([10**400, -(10**400), 2**31, 2**63, True, -0.0, 1e308])
SAID = st.sampled_from(
    [
        *("Han har truet med at slå hende ihjel.", "Hun skal giftes på\u00a0\nlør\u00addag.", "De rejser 2026-03-17."),
        *(
            "Hun er sla\u030aet.",
            "My brother said that he will kill me.",
            "\ufeffIngen vold. \u202e",
            "h\u0435nd\u0435",
        ),
        *("\x00", "\ud83d", "🏽\u200d👧", "%s{0}<script>", "a" * 3000, "Han slår hende. " * 50, "om 999999 måneder"),
    ]
)
TEXTS = st.text(max_size=80) | SAID
CPRS = st.sampled_from(
    [
        *(
            "010112-9999",
            "010112–9999",
            "０１０１１２９９９９",
            "CPR: 01 01 12 9999",
            "310212-9999",
            "01012012-9999",
            "6101129999",
        ),
        *("999999-9999", "000000-0000", "٠١٠١١٢٩٩٩٩", "0" * 5000, ""),
    ]
) | st.from_regex(r"[0-3][0-9][01][0-9]{3}[-–. ]?[0-9]{4}", fullmatch=True)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | DAYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
ANYTHING = st.deferred(lambda: _ANYTHING)


def _code(codes: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([str(code) for code in codes]) | ANYTHING


def _fields(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object with some of these fields, each as it should be or not, and perhaps another; or no object at all."""
    given = st.fixed_dictionaries({}, optional={name: value | ANYTHING for name, value in known.items()})
    more = st.dictionaries(st.sampled_from(["besked", "note", "Anna Eksempel"]) | TEXTS, ANYTHING, max_size=2)
    return st.tuples(more, given).map(lambda both: both[0] | both[1]) | ANYTHING


_ANSWERS = _fields(sign=_code(SIGNS), answer=_code(Answer), when=_code(When), date=DAYS | NUMBERS, quote=TEXTS)
ANSWERS = st.deferred(lambda: _ANSWERS)
_CHILDREN = _fields(name=TEXTS, cpr=CPRS, age_band=_code(AgeBand), relation=st.sampled_from(["subject", "sibling"]))
CHILDREN = st.deferred(lambda: _CHILDREN)
_REPORTERS = _fields(
    name=TEXTS,
    kind=_code(ReporterKind),
    institution=TEXTS,
    unit=_code(Unit),
    email=TEXTS,
    phone=TEXTS,
    safe_hours=TEXTS,
    receipt_route=_code(ReceiptRoute),
)
REPORTERS = st.deferred(lambda: _REPORTERS)
_REPORTS = _fields(
    legal_kind=_code(LegalKind),
    reporter=REPORTERS,
    children=st.lists(CHILDREN, max_size=4),
    text=TEXTS,
    parents_know=_code(["yes", "no", "unknown"]),
    answers=st.lists(ANSWERS, max_size=4),
    conflict=_fields(declared=st.booleans(), about=TEXTS),
    already_supported=st.booleans(),
    received_at=MOMENTS | NUMBERS,
)
REPORTS = st.deferred(lambda: _REPORTS)
"""A body of `POST /v1/reports`, or of a call that is written down."""


@st.composite
def sent(draw: st.DrawFn, bodies: st.SearchStrategy[Any] = REPORTS) -> bytes:
    """A body as JSON in one of the encodings that programs send."""
    written = json.dumps(draw(bodies), ensure_ascii=draw(st.booleans()))
    encoding = draw(
        st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1"])
    )
    return written.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "xmlcharrefreplace")


BYTES = sent() | st.binary(max_size=200) | st.tuples(sent(), st.binary(max_size=5)).map(lambda both: both[1] + both[0])
"""What may come at the endpoint at all."""


def form_fields(*names: str) -> st.SearchStrategy[dict[str, str]]:
    """The fields of a form, each empty, as it should be or not."""
    values = (TEXTS | MOMENTS | CPRS | NUMBERS.map(str)).map(lambda each: each.encode("utf-8", "replace").decode())
    return st.dictionaries(st.sampled_from(names), values | st.just("9" * 5000), max_size=len(names))
