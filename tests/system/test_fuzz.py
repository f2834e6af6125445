"""Whatever is typed at any door of the running stack: what is accepted is asked about in time, and nothing falls over.

500 reports with all tests, 20,000 in `make soak`. What fails is named by seed, round and place, never by its text:
`BEREDSKAB_FUZZ_SEED=<seed>` draws the same again.
"""

import asyncio
import json
import os
import re
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from deploy.local.place import ROOT
from services.intake.web.sections import FIELDS, sibling
from shared.auth.people import Role
from shared.calendar import local
from shared.clock import Clock
from tests.integration.attack.test_escalation import TABLE
from tests.support.bodies import BYTES, form_fields, sent
from tests.support.system import DATABASES, System, until
from tests.system.conftest import OwnStack

T = TypeVar("T")
SOAK = bool(os.environ.get("BEREDSKAB_SOAK"))
EACH, ROUNDS = 500, 40 if SOAK else 1
SEED = int(os.environ.get("BEREDSKAB_FUZZ_SEED") or (secrets.randbits(32) if SOAK else 6))
OPENED, FORMS_FILLED, STRIDE = 25, 100, 1 if SOAK else 3
"""In each round: cases opened on the console, its forms filled in; by the API one case in so many is looked at."""
AT_ONCE = timedelta(seconds=60)
"""What *at once* may take while 500 reports arrive within seconds on a machine that runs everything."""
LATEST = {"low": timedelta(hours=12), "elevated": timedelta(hours=8), "high": AT_ONCE, "acute": AT_ONCE}
"""How long after its receipt a report's case may be without a page, by its level: until then it lies on the list."""
VIEW = 1.0
EXPECTED = {"reading.unusual", "viewing.unusual", "deadline.missed", "facts.sent_again", "library.said"}
"""Errors that a run may log: one person opens many cases within minutes, a call was heard longer than a day ago, and on
a slow machine facts are not taken in within half a minute, so that they are sent again."""
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
CONSOLE = re.findall(r"^POST +(/(?!v1/|events|sign-)\S+)", TABLE, re.M)
TEMPLATES = (ROOT / "services" / "escalation" / "web" / "templates").glob("*.html")
NAMES = sorted({name for page in TEMPLATES for name in re.findall(r'name="(\w+)"', page.read_text(encoding="utf-8"))})
REPORTED = [*FIELDS, *(each.name for n in (1, 2, 12) for each in sibling(n)), "key"]
CHOICES = sorted({option.value for each in FIELDS.values() for option in each.options} | {"yes", "no", "work"})

pytestmark = pytest.mark.timeout(14_400 if SOAK else 900)


def filled_in(names: Sequence[str], choices: Sequence[str]) -> st.SearchStrategy[dict[str, str]]:
    """A form: some fields as people choose, others with anything in them."""
    chosen = st.dictionaries(st.sampled_from(names), st.sampled_from(choices), max_size=len(names))
    return st.tuples(form_fields(*names), chosen).map(lambda both: both[0] | both[1])


REPORTS = st.one_of(
    st.tuples(st.just("/v1/reports"), BYTES),
    st.tuples(st.just("/v1/reports"), sent()),
    st.tuples(st.just("/v1/reports/phone"), sent()),
    st.tuples(st.just("/send"), filled_in(REPORTED, CHOICES)),
    st.tuples(st.just("/phone"), filled_in([*REPORTED, "received_at"], CHOICES)),
)
"""Where a report may come in, and as what."""
ACTS = st.tuples(
    st.sampled_from(CONSOLE),
    st.sampled_from([Role.CONSULTANT, Role.AUTHORITY, Role.LEADER]),
    filled_in(NAMES, ["low", "high", "acute", "yes", "no", "lift", "mother", "unfounded", "1", "999999999999", "x"]),
    st.booleans(),
)
"""A form of the console, who sends it, what stands in it, and whether it names the case as it is now."""


def drawn(strategy: st.SearchStrategy[T], many: int, round_no: int) -> list[T]:
    """So many values, the same for the same seed and round."""
    found: list[T] = []

    @seed(SEED + round_no)
    @settings(
        max_examples=many,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: T) -> None:
        found.append(value)

    collect()
    return found[:many]


@dataclass
class Fuzz:
    """One run: the stack, and what is wrong so far, each by round and place."""

    system: System
    round_no: int = 0
    wrong: list[str] = field(default_factory=list)
    sent_at: dict[str, datetime] = field(default_factory=dict)
    """When each report of the round was accepted."""
    begun_at: datetime = field(default_factory=Clock().now)
    """When the round began."""

    def note(self, place: object, what: str) -> None:
        """Something that must not be."""
        self.wrong.append(f"seed {SEED}, round {self.round_no}, {place}: {what}")

    async def each(self, places: Iterable[T], act: Callable[[int, T], Awaitable[None]], *, at_once: int = 16) -> None:
        """Do it for all of them, a few at a time."""
        room = asyncio.Semaphore(at_once)

        async def one(n: int, place: T) -> None:
            async with room:
                await act(n, place)

        await asyncio.gather(*(one(n, place) for n, place in enumerate(places)))

    async def send(self, n: int, drawn: tuple[str, Any]) -> None:
        """One report at its door. Accepted, or refused for being no JSON or for having no time it was said."""
        path, content = drawn
        by_form = isinstance(content, dict)
        if path == "/phone" and n % 4:
            content = {**content, "received_at": f"{local(Clock().now() - timedelta(minutes=n)):%Y-%m-%dT%H:%M}"}
        headers = FORM | {"Accept": "*/*"} if by_form else {"Content-Type": "application/json"}
        bearer = self.system.bearer(Role.CONSULTANT) if "phone" in path else {}
        raw = urlencode(content, errors="surrogatepass").encode() if by_form else content
        url = f"{self.system.urls['intake']}{path}"
        answer = await self.system.client.post(url, content=raw, headers={**headers, **bearer})
        refusals = {"/v1/reports": (400,), "/v1/reports/phone": (400,), "/send": (413,), "/phone": (422, 413)}[path]
        if path == "/phone" and answer.status_code in (200, 201, 303):
            return  # its receipt is a screen: what it stored is looked up in the database
        if answer.status_code == 201:
            self.sent_at[answer.json()["report_id"]] = Clock().now()
        elif answer.status_code not in refusals:
            self.note(f"report {n} at {path}", f"answered {answer.status_code}")

    async def rated(self) -> bool:
        """Whether all is on its way no more, and no report waits for its rating."""
        unrated = await self.system.value("escalation", "SELECT count(*) FROM escalations WHERE state = 'unrated'")
        return not unrated and await self.system.at_rest()

    async def asked_about(self) -> None:
        """Every report of the round has an open escalation, and a page or a place on a desk within its time.

        Those of earlier rounds may have been answered since, and their case be asked about anew.
        """
        stored = await self.system.rows("intake", "SELECT report_id, entered_at FROM reports")
        missing = self.sent_at.keys() - {str(row["report_id"]) for row in stored}
        self.wrong += [f"accepted and not stored: {each}" for each in missing]
        places = {row["report_id"]: row for row in await self.system.rows("escalation", PLACES)}
        for row in (each for each in stored if each["entered_at"] >= self.begun_at):
            place = places.get(row["report_id"])
            if place is None:
                self.note(row["report_id"], "no escalation")
            elif why := too_late(place, row["entered_at"]):
                self.note(row["report_id"], why)

    async def seen(self, n: int, case_id: str, *, on: str = "api", by: Role = Role.LEADER) -> httpx2.Response:
        """A case as a leader is shown it, within a second. What takes longer is tried again: it may be the machine."""
        url = f"{self.system.urls['escalation']}{'/v1' if on == 'api' else ''}/cases/{case_id}"
        headers = self.system.bearer(by) | ({"Accept": "text/html"} if on == "console" else {})
        taken = []
        for _ in range(3):
            begun = time.perf_counter()
            answer = await self.system.client.get(url, headers=headers)
            taken.append(time.perf_counter() - begun)
            if taken[-1] < VIEW:
                break
        else:
            self.note(f"case {n}", f"shown by the {on} in {min(taken):.1f} s at best")
        if answer.status_code != 200:
            self.note(f"case {n}", f"shown by the {on} with {answer.status_code}")
        return answer

    async def read(self, n: int, case_id: str) -> None:
        """The case on the console, up to its texts: the purpose, whom one knows, all of it."""
        url = f"{self.system.urls['escalation']}/cases/{case_id}"
        headers = FORM | self.system.bearer(Role.LEADER)
        await self.seen(n, case_id, on="console")
        for path, fields in (("purpose", {"purpose": "takeover"}), ("known", {"up_to": "999999"})):
            answer = await self.system.client.post(f"{url}/{path}", content=urlencode(fields).encode(), headers=headers)
            if answer.status_code != 303:
                self.note(f"case {n}", f"{path} answered {answer.status_code}")
            shown = await self.seen(n, case_id, on="console")
        if "SPÆRRET" not in shown.text:
            self.note(f"case {n}", "its text was not shown")

    async def act(self, n: int, drawn: tuple[tuple[str, Role, dict[str, str], bool], str]) -> None:
        """A form of the console, filled in with anything: a screen comes back that says what happened."""
        (path, role, fields, current), case_id = drawn
        case = (await self.system.ask(f"cases/{case_id}", by=role)).json() if current else {}
        if case:
            now = {"version": str(case["version"]), "covers_report_no": str(len(case["reports"])), "case_id": case_id}
            fields = {**fields, **now}
        report_id = case["reports"][0]["report_id"] if case else str(uuid4())
        target = re.sub(r"\{\w+:uuid\}", str(uuid4()), path)
        target = target.replace("{id}", report_id if path.startswith("/reports") else case_id)
        url = f"{self.system.urls['escalation']}{target}"
        raw = urlencode(fields, errors="surrogatepass").encode()
        answer = await self.system.client.post(url, content=raw, headers=FORM | self.system.bearer(role))
        if answer.status_code >= 500:
            self.note(f"form {n} at {path}", f"answered {answer.status_code}")

    async def acknowledge(self, n: int, case_id: str) -> None:
        """Somebody takes it: what asks for ever must be possible to answer."""
        case = (await self.system.ask(f"cases/{case_id}", by=Role.LEADER)).json()
        if case.get("escalation", {}).get("state") in ("unrated", "paging"):
            covers = max(each["report_no"] for each in case["reports"])
            answer = await self.system.act(f"cases/{case_id}/acknowledge", by=Role.LEADER, covers_report_no=covers)
            if answer.status_code != 200:
                self.note(f"case {n}", f"acknowledging answered {answer.status_code}")

    async def nothing_fell(self, before: Mapping[str, tuple[int, int]]) -> None:
        """No process was started anew, no event parked, no row set aside, no error logged."""
        if (after := await running(self.system)) != before:
            self.note("processes", f"{sorted(name for name in before if before[name] != after.get(name))} restarted")
        for name in DATABASES:
            for table in ("parked", "set_aside"):
                if many := await self.system.value(name, f"SELECT count(*) FROM {table}"):
                    self.note(name, f"{many} in {table}")
        if bare := await self.system.value("escalation", "SELECT count(*) FROM reports WHERE bare"):
            self.note("escalation", f"{bare} reports were opened by the last net")
        self.wrong += [f"seed {SEED}: logged {many} times {each}" for each, many in errors_of(self.system).items()]


PLACES = """SELECT r.report_id, e.state, e.level, e.received_at, e.next_at,
                   (SELECT min(requested_at) FROM pages p WHERE p.escalation_id = e.escalation_id) AS paged_at
            FROM reports r JOIN escalations e ON e.case_id = r.case_id AND e.state <> 'closed'"""


def too_late(place: Mapping[str, Any], entered_at: datetime) -> str:
    """Why the demand for an answer to this report comes too late, if it does."""
    latest = max(place["received_at"] + LATEST[place["level"] or "high"], entered_at + AT_ONCE)
    if place["state"] in ("acknowledged", "closing"):
        return ""
    comes = place["paged_at"] or (place["next_at"] if place["level"] in ("low", "elevated") else None)
    if comes is None:
        return f"{place['level']} and not paged"
    return f"{place['level']}, asked about {comes - latest} too late" if comes > latest else ""


def errors_of(system: System) -> Counter[str]:
    """The errors in our services' logs, by process and event."""
    found: Counter[str] = Counter()
    for name, text in system.logs().items():
        for line in text.splitlines():
            if '"level": "error"' in line or '"level": "critical"' in line:
                entry = json.loads(line)
                if entry["event"] not in EXPECTED:
                    found[f"{name}: {entry['event']} {entry.get('error', '')}"] += 1
    return found


async def running(system: System) -> dict[str, tuple[int, int]]:
    """Each process's number and how often it was started anew."""
    told = (await system.stack.status())["processes"]
    return {each["name"]: (each["pid"], each["restarts"]) for each in told}


async def test_whatever_is_typed_at_any_door_is_asked_about_in_time_and_nothing_falls_over(own_stack: OwnStack) -> None:
    fuzz = Fuzz(await own_stack())
    before = await running(fuzz.system)
    assert {restarts for _, restarts in before.values()} == {0}
    for fuzz.round_no in range(ROUNDS):
        fuzz.begun_at, fuzz.sent_at = Clock().now(), {}
        known = set(await cases_of(fuzz.system))
        await fuzz.each(drawn(REPORTS, EACH, fuzz.round_no), fuzz.send)
        await until(fuzz.rated, within=120, every=0.5)
        await fuzz.asked_about()
        cases = [each for each in await cases_of(fuzz.system) if each not in known]
        assert len(cases) > EACH / 3, "most of what is sent must come through, or nothing is tried"
        for n, case_id in enumerate(cases[::STRIDE]):
            await fuzz.seen(n, case_id)
        for n, case_id in enumerate(cases[:: max(1, len(cases) // OPENED)]):
            await fuzz.read(n, case_id)
        acts = drawn(ACTS, FORMS_FILLED, fuzz.round_no)
        await fuzz.each([(act, cases[n % len(cases)]) for n, act in enumerate(acts)], fuzz.act)
        await fuzz.each(cases[::STRIDE], fuzz.acknowledge)
        await fuzz.nothing_fell(before)
        assert not fuzz.wrong, "\n".join(fuzz.wrong[:30])


async def cases_of(system: System) -> list[str]:
    """The cases, in the order of their first reports."""
    rows = await system.rows("escalation", "SELECT case_id FROM escalations ORDER BY received_at, escalation_id")
    return list(dict.fromkeys(str(UUID(str(row["case_id"]))) for row in rows))
