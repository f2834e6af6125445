"""Reports as escalation knows them, their ratings and their judgements."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from services.escalation.domain.escalation import Escalation
from services.escalation.domain.remnant import Remnant
from services.escalation.store.case import SEEN
from shared.auth.people import Person
from shared.events.codes import AgeBand, Level, Verification
from shared.events.intake import ReportReceived
from shared.events.triage import CaseRated
from shared.ids import CaseId, PersonId, ReportId
from shared.postgres.pool import Connection

_NEAR = """SELECT case_id FROM cases WHERE case_id = $1
               OR (linked_case_ids @> ARRAY[$1::uuid] AND linked_case_ids <> '{}')
               OR case_id = ANY (ARRAY(SELECT unnest(linked_case_ids) FROM cases WHERE case_id = $1))"""
"""The case $1 and those that are directly linked, whichever of the two named the other."""


_JUDGEMENT = "SELECT j.*, k.wrapped_key AS reason_key FROM judgements j LEFT JOIN cases k USING (case_id)"
"""Judgements, each with the key of its reason: that of the case in which the report lay then."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the reports and ratings of a case come to.

    `newest` is the report with the highest number, None while none is here; `entered_by` who wrote it down, where
    somebody did. `all_rated`: ratings cover all reports. `highest` is the highest rating that two persons have not
    lowered since; they have lowered those up to `lowered_rating_no`.
    """

    newest: ReportId | None
    entered_by: PersonId | None
    canary: bool
    lowered_rating_no: int
    all_rated: bool
    highest: Level | None


@dataclass(frozen=True, slots=True)
class Judged:
    """The limits of those reports that nobody has judged, in order of the reports.

    And who had judged the children before the case's newest report: acute danger, the risk, or the hold.
    """

    unjudged: Mapping[ReportId, datetime]
    judges: frozenset[PersonId]


@dataclass(frozen=True, slots=True)
class Added:
    """A report with the number that it has here, and whether it stood here bare until now."""

    report_no: int
    mended: bool


async def add(conn: Connection, event: ReportReceived, *, adult: bool) -> Added | None:
    """Store the report; None when it was here already.

    Where another has its number, it has the next one: intake's database was put back, and counts anew from its copy.
    """
    row = await conn.fetchrow(
        """INSERT INTO reports (report_id, case_id, report_no, received_at, unit, entered_by, reporter_verified, adult)
           SELECT $1, $2, CASE WHEN EXISTS
                   (SELECT FROM reports o WHERE o.case_id = $2 AND o.report_no = $3 AND o.report_id <> $1)
               THEN (SELECT max(report_no) + 1 FROM reports WHERE case_id = $2) ELSE $3 END, $4, $5, $6, $7, $8
           ON CONFLICT (report_id) DO UPDATE SET bare = false, received_at = $4, unit = $5, entered_by = $6,
               reporter_verified = $7, adult = $8, report_no = CASE WHEN EXISTS
                   (SELECT FROM reports o WHERE o.case_id = $2 AND o.report_no = $3) THEN reports.report_no ELSE $3 END
           WHERE reports.bare RETURNING report_no, xmax <> 0 AS mended""",
        event.report_id,
        event.case_id,
        event.report_no,
        event.received_at,
        event.unit,
        event.entered_by,
        event.reporter_verified,
        adult,
    )
    return Added(**row) if row else None


async def about_adults(conn: Connection, event: ReportReceived) -> bool:
    """Whether everybody whom the report is about is grown up; one that names nobody is about the case's others."""
    if event.children:
        return all(child.age_band is AgeBand.ADULT for child in event.children)
    query = "SELECT coalesce(bool_and(adult), false) FROM reports WHERE case_id = $1 AND NOT bare AND report_id <> $2"
    found: bool = await conn.fetchval(query, event.case_id, event.report_id)
    return found


async def add_bare(conn: Connection, told: Remnant) -> int:
    """Store what could be made out of a report, under its number or the next; which that is, 0 if it was here."""
    number: int | None = await conn.fetchval(
        """INSERT INTO reports (report_id, case_id, report_no, received_at, unit, bare)
           SELECT $1, $2, CASE WHEN $3::integer IS NULL OR EXISTS
                   (SELECT FROM reports WHERE case_id = $2 AND report_no = $3)
               THEN (SELECT coalesce(max(report_no), 0) + 1 FROM reports WHERE case_id = $2) ELSE $3 END, $4, $5, true
           ON CONFLICT (report_id) DO NOTHING RETURNING report_no""",
        told.report_id,
        told.case_id,
        told.report_no,
        told.received_at,
        told.unit,
    )
    return number or 0


async def add_rating(conn: Connection, event: CaseRated) -> bool:
    """Store the rating, and count the change; false when it was here already."""
    grounds = event.model_dump(mode="json", include={"reasons", "unknowns", "would_raise"})
    tag = await conn.execute(
        """WITH added AS (INSERT INTO ratings VALUES ($1, $2, $3, $4, $5, $6, $7)
                          ON CONFLICT (case_id, rating_no) DO NOTHING RETURNING case_id)
           UPDATE cases SET version = version + 1 FROM added WHERE cases.case_id = added.case_id""",
        event.case_id,
        event.rating_no,
        event.level,
        event.rule_set,
        event.as_of,
        list(event.report_ids),
        json.dumps(grounds),
    )
    return bool(tag == "UPDATE 1")


async def standing(conn: Connection, case_id: CaseId) -> Standing:
    """What the case's reports and ratings come to. The case's row is there; reports or ratings may still be missing."""
    row = await conn.fetchrow(
        """SELECT n.report_id AS newest, n.entered_by, c.canary, c.lowered_rating_no,
                  NOT EXISTS (SELECT FROM reports r WHERE r.case_id = $1 AND NOT EXISTS
                              (SELECT FROM ratings t WHERE t.case_id = $1 AND r.report_id = ANY (t.report_ids)))
                      AS all_rated,
                  ARRAY(SELECT DISTINCT level FROM ratings WHERE case_id = $1 AND rating_no > c.lowered_rating_no)
                      AS levels
           FROM cases c LEFT JOIN LATERAL
               (SELECT * FROM reports WHERE case_id = $1 ORDER BY report_no DESC LIMIT 1) n ON true
           WHERE c.case_id = $1""",
        case_id,
    )
    assert row is not None
    return Standing(
        newest=row["newest"],
        entered_by=row["entered_by"],
        canary=row["canary"],
        lowered_rating_no=row["lowered_rating_no"],
        all_rated=row["all_rated"],
        highest=max(map(Level, row["levels"]), key=lambda level: level.rank, default=None),
    )


async def newest_id(conn: Connection, case_id: CaseId) -> ReportId:
    """The report with the highest number."""
    return ReportId(
        await conn.fetchval("SELECT report_id FROM reports WHERE case_id = $1 ORDER BY report_no DESC LIMIT 1", case_id)
    )


async def newest_no(conn: Connection, case_id: CaseId) -> int:
    """The highest number of a report in the case; 0 while none is here."""
    query = "SELECT coalesce(max(report_no), 0) FROM reports WHERE case_id = $1"
    found: int = await conn.fetchval(query, case_id)
    return found


async def newest_rating(conn: Connection, case_id: CaseId) -> asyncpg.Record | None:
    """The newest rating of the case, and the level of the first; None before there is one."""
    return await conn.fetchrow(
        """SELECT *, first_value(level) OVER (ORDER BY rating_no) AS first_level FROM ratings WHERE case_id = $1
           ORDER BY rating_no DESC LIMIT 1""",
        case_id,
    )


async def ratings(conn: Connection, case_id: CaseId, *, limit: int, older: int) -> list[asyncpg.Record]:
    """So many ratings of the case, first to newest, after leaving out the newest `older`."""
    rows: list[asyncpg.Record] = await conn.fetch(
        "SELECT rating_no, level FROM ratings WHERE case_id = $1 ORDER BY rating_no DESC LIMIT $2 OFFSET $3",
        case_id,
        limit,
        older,
    )
    return rows[::-1]


_WITH_JUDGEMENT = """SELECT r.*, j.acute, j.started, j.person_id, j.at FROM reports r LEFT JOIN LATERAL
        (SELECT * FROM judgements WHERE report_id = r.report_id ORDER BY n DESC LIMIT 1) j ON true"""
"""Reports, each with its newest judgement where there is one."""


async def reports(conn: Connection, case_id: CaseId, *, limit: int, older: int) -> list[asyncpg.Record]:
    """So many reports of the case, in order, after leaving out the newest `older`."""
    query = f"{_WITH_JUDGEMENT} WHERE r.case_id = $1 ORDER BY r.report_no DESC LIMIT $2 OFFSET $3"
    rows: list[asyncpg.Record] = await conn.fetch(query, case_id, limit, older)
    return rows[::-1]


async def up_to(conn: Connection, case_id: CaseId, report_no: int, *, limit: int) -> list[asyncpg.Record]:
    """The newest so many of the reports up to that number, in order."""
    query = f"{_WITH_JUDGEMENT} WHERE r.case_id = $1 AND r.report_no <= $2 ORDER BY r.report_no DESC LIMIT $3"
    rows: list[asyncpg.Record] = await conn.fetch(query, case_id, report_no, limit)
    return rows[::-1]


async def after(conn: Connection, case_id: CaseId, report_no: int, *, limit: int) -> list[asyncpg.Record]:
    """The first so many of the reports after that number, in order."""
    query = f"{_WITH_JUDGEMENT} WHERE r.case_id = $1 AND r.report_no > $2 ORDER BY r.report_no LIMIT $3"
    rows: list[asyncpg.Record] = await conn.fetch(query, case_id, report_no, limit)
    return rows


async def unjudged(conn: Connection, case_id: CaseId, *, limit: int) -> list[asyncpg.Record]:
    """The first so many of the reports that nobody has judged, in order."""
    query = f"{_WITH_JUDGEMENT} WHERE r.case_id = $1 AND j.report_id IS NULL ORDER BY r.report_no LIMIT $2"
    rows: list[asyncpg.Record] = await conn.fetch(query, case_id, limit)
    return rows


async def ids_of(conn: Connection, case_id: CaseId) -> set[ReportId]:
    """All reports of the case."""
    rows = await conn.fetch("SELECT report_id FROM reports WHERE case_id = $1", case_id)
    return {ReportId(row["report_id"]) for row in rows}


async def counts(conn: Connection, case_id: CaseId) -> Mapping[str, int]:
    """How much of each kind there is in the case, and how many reports nobody has judged."""
    row = await conn.fetchrow(
        """SELECT (SELECT count(*) FROM reports WHERE case_id = $1) AS reports,
                  (SELECT count(*) FROM ratings WHERE case_id = $1) AS ratings,
                  (SELECT count(*) FROM deadlines WHERE case_id = $1) AS deadlines,
                  (SELECT count(*) FROM pages JOIN escalations USING (escalation_id) WHERE case_id = $1) AS pages,
                  (SELECT count(*) FROM reports r WHERE r.case_id = $1
                      AND NOT EXISTS (SELECT FROM judgements j WHERE j.report_id = r.report_id)) AS unjudged""",
        case_id,
    )
    assert row is not None
    return dict(row)


async def shown_up_to(conn: Connection, case_id: CaseId) -> int:
    """The largest n such that reports 1 to n are all here."""
    n: int = await conn.fetchval(
        """SELECT count(*) FROM (SELECT report_no, row_number() OVER (ORDER BY report_no) AS place
                                 FROM (SELECT report_no FROM reports WHERE case_id = $1
                                       UNION SELECT report_no FROM gone WHERE case_id = $1) known) numbered
           WHERE report_no = place""",
        case_id,
    )
    return n


async def newest_of(conn: Connection, case_id: CaseId) -> Mapping[CaseId, int]:
    """The newest report of the case and of each that is directly linked, whichever of the two named the other."""
    rows = await conn.fetch(
        f"""WITH near AS ({_NEAR})
            SELECT case_id, coalesce(max(r.report_no), 0) AS newest FROM near LEFT JOIN reports r USING (case_id)
            GROUP BY case_id""",
        case_id,
    )
    return {row["case_id"]: row["newest"] for row in rows}


async def first_after(conn: Connection, case_id: CaseId, report_no: int) -> datetime | None:
    """When the first report after that number was received; None where there is none."""
    at: datetime | None = await conn.fetchval(
        "SELECT received_at FROM reports WHERE case_id = $1 AND report_no > $2 ORDER BY report_no LIMIT 1",
        case_id,
        report_no,
    )
    return at


async def shown_at(conn: Connection, case_id: CaseId, at: datetime) -> int:
    """The largest n such that reports 1 to n had all been received then."""
    n: int = await conn.fetchval(
        """SELECT count(*) FROM (SELECT report_no, row_number() OVER (ORDER BY report_no) AS place,
                                        max(received_at) OVER (ORDER BY report_no) AS by
                                 FROM (SELECT report_no, received_at FROM reports WHERE case_id = $1 UNION ALL
                                       SELECT report_no, '-infinity' FROM gone WHERE case_id = $1) known) numbered
           WHERE report_no = place AND by <= $2""",
        case_id,
        at,
    )
    return n


async def judged(conn: Connection, case_id: CaseId) -> Judged:
    """What people have judged. Reports of a case that is directly linked are about the same children."""
    row = await conn.fetchrow(
        f"""WITH near AS (SELECT ARRAY({_NEAR}) AS ids),
                 newest AS (SELECT max(report_no) AS report_no FROM reports WHERE case_id = $1),
                 open AS (
                     SELECT r.report_no, r.report_id, d.limit_at FROM reports r JOIN deadlines d USING (report_id)
                     WHERE r.case_id = $1 AND d.case_id = $1 AND d.rule = 'acute_judgement'
                         AND NOT EXISTS (SELECT FROM judgements j WHERE j.report_id = r.report_id))
            SELECT ARRAY(SELECT report_id FROM open ORDER BY report_no) AS open,
                   ARRAY(SELECT limit_at FROM open ORDER BY report_no) AS limits,
                   ARRAY(
                       SELECT person_id FROM judgements JOIN reports r USING (report_id)
                       WHERE r.case_id = ANY ((TABLE near)::uuid[])
                           AND (r.case_id <> $1 OR r.report_no < (TABLE newest))
                       UNION SELECT person_id FROM assessments
                       WHERE case_id = ANY ((TABLE near)::uuid[])
                           AND (case_id <> $1 OR covers_report_no < (TABLE newest))
                       UNION SELECT person_id FROM lifts
                       WHERE case_id = ANY ((TABLE near)::uuid[])
                           AND (case_id <> $1 OR (covers ->> $1::text)::integer < (TABLE newest))) AS judges""",
        case_id,
    )
    assert row is not None
    return Judged(dict(zip(row["open"], row["limits"], strict=True)), frozenset(row["judges"]))


async def unseen_since(conn: Connection, of: Escalation, covers: int) -> datetime | None:
    """When the earliest report up to `covers` came that nobody has answered for; those from calls do not count."""
    at: datetime | None = await conn.fetchval(
        """SELECT min(received_at) FROM reports
           WHERE case_id = $1 AND report_no > $2 AND report_no <= $3 AND received_at >= $4 AND entered_by IS NULL""",
        of.case_id,
        of.acknowledged_report_no,
        covers,
        of.received_at,
    )
    return at


async def case_of(conn: Connection, report_id: UUID) -> CaseId | None:
    """The case the report lies in."""
    case_id: CaseId | None = await conn.fetchval("SELECT case_id FROM reports WHERE report_id = $1", report_id)
    return case_id


async def number_in(conn: Connection, case_id: CaseId, report_id: UUID) -> int | None:
    """The report's number in the case; None where it does not lie there."""
    found: int | None = await conn.fetchval(
        "SELECT report_no FROM reports WHERE case_id = $1 AND report_id = $2", case_id, report_id
    )
    return found


async def seen_of(conn: Connection, report_ids: Collection[UUID], who: Person) -> set[UUID]:
    """Those of the reports that lie in a case the person sees."""
    query = f"""SELECT report_id FROM reports r JOIN cases c USING (case_id) WHERE r.report_id = ANY ($3) AND {SEEN}"""
    rows = await conn.fetch(query, list(who.units), who.person_id, list(report_ids))
    return {row["report_id"] for row in rows}


async def verify_reporter(conn: Connection, report_id: ReportId) -> bool:
    """The report's reporter was called back; False where they were known already."""
    tag = await conn.execute(
        "UPDATE reports SET reporter_verified = $2 WHERE report_id = $1 AND reporter_verified IS NULL",
        report_id,
        Verification.CALLED_BACK,
    )
    return bool(tag == "UPDATE 1")


async def reasons(conn: Connection, reports: Collection[ReportId]) -> list[asyncpg.Record]:
    """The newest judgement of each of the reports, where it has a reason."""
    rows: list[asyncpg.Record] = await conn.fetch(
        f"""SELECT * FROM (SELECT DISTINCT ON (report_id) * FROM ({_JUDGEMENT} WHERE report_id = ANY($1)) said
            ORDER BY report_id, n DESC) newest WHERE reason IS NOT NULL""",
        list(reports),
    )
    return rows


async def judgement(conn: Connection, report_id: ReportId) -> asyncpg.Record | None:
    """The report's newest judgement."""
    return await conn.fetchrow(f"{_JUDGEMENT} WHERE report_id = $1 ORDER BY n DESC LIMIT 1", report_id)


async def judge(
    conn: Connection,
    report_id: ReportId,
    n: int,
    *,
    acute: bool,
    started: bool,
    by: PersonId,
    at: datetime,
    sealed: tuple[CaseId, bytes] | None,
) -> None:
    """Add the report's n-th judgement; `sealed` is its reason, and the case with whose key."""
    case_id, reason = sealed or (None, None)
    await conn.execute(
        """INSERT INTO judgements (report_id, n, acute, started, person_id, at, case_id, reason)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        report_id,
        n,
        acute,
        started,
        by,
        at,
        case_id,
        reason,
    )
