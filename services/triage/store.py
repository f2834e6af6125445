"""triage's tables: one function per statement."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.triage.domain import Rating, ReportFacts, decoded, encoded, facts_in, rate, snapshot
from services.triage.rules import rule_set
from shared.delivery.aside import not_aside
from shared.events.codes import AgeBand, Grade, Reading
from shared.events.intake import LinkDecided, ReportRead, ReportReceived, ReportsSplit, SignFact
from shared.ids import CaseId, ReportId
from shared.postgres.pool import Connection, Pool
from shared.telemetry.logging import error_code, log

_AS_READ = {"grade": Grade.READ.value}
"""Nobody said what was found in a text, also where it was found before there were grades."""
_WORKABLE = not_aside("tick", "case_id", "$1")


@dataclass(frozen=True, slots=True)
class Made:
    """A rating and all it was made from."""

    rule_set: int
    as_of: datetime
    facts: tuple[ReportFacts, ...]
    rating: Rating

    @property
    def report_ids(self) -> tuple[ReportId, ...]:
        """The reports that were rated, in the order of their ids."""
        return tuple(sorted((report.report_id for report in self.facts), key=str))

    def again(self) -> Rating:
        """The rating made anew from its facts, by its rule set, as of its moment: the replay that must not differ."""
        return rate(self.facts, rule_set(self.rule_set), as_of=self.as_of)

    def says_the_same_as(self, other: "Made") -> bool:
        """Whether telling the other after this one would be no news."""
        return self._told == other._told

    @property
    def _told(self) -> tuple[object, ...]:
        rating = self.rating
        return self.rule_set, self.report_ids, rating.level, rating.reasons, rating.unknowns, rating.would_raise


@dataclass(frozen=True, slots=True)
class Due:
    """A case whose rating time has changed, since when, and the trace of its newest report."""

    case_id: CaseId
    at: datetime
    traceparent: str | None


async def lock_cases(conn: Connection, case_id: CaseId, linked: Iterable[CaseId] = ()) -> list[CaseId]:
    """Make the rows that are not there; lock them and those of cases linked earlier, in the order of their ids.

    The cases that are linked with this one, earlier or now.
    """
    ids = sorted({case_id, *linked}, key=str)
    await conn.execute("INSERT INTO cases (case_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING", ids)
    rows = await conn.fetch(
        """SELECT case_id FROM cases
           WHERE case_id = ANY ($1::uuid[] || ARRAY(SELECT linked_case_id FROM links WHERE case_id = $2))
           ORDER BY case_id FOR UPDATE""",
        ids,
        case_id,
    )
    return [row["case_id"] for row in rows if row["case_id"] != case_id]


async def link(conn: Connection, case_id: CaseId, others: Iterable[CaseId]) -> None:
    """Link the case with others, in both directions, but for those that people have parted from it."""
    await conn.execute(
        """INSERT INTO links SELECT $1, other FROM unnest($2::uuid[]) AS other WHERE other <> $1
           UNION ALL SELECT other, $1 FROM unnest($2::uuid[]) AS other WHERE other <> $1 ON CONFLICT DO NOTHING""",
        case_id,
        list(others),
    )


async def decide_link(conn: Connection, event: LinkDecided) -> bool:
    """People have linked or parted the two cases; False where something later was heard already."""
    tag = await conn.execute(
        """INSERT INTO links AS l SELECT a, b, $3, $4 FROM (VALUES ($1::uuid, $2::uuid), ($2, $1)) pair (a, b)
           ON CONFLICT (case_id, linked_case_id) DO UPDATE SET linked = $3, n = $4 WHERE l.n < $4""",
        event.case_id,
        event.other_case_id,
        event.linked,
        event.n,
    )
    return bool(tag != "INSERT 0 0")


async def move(conn: Connection, event: ReportsSplit) -> bool:
    """Have the reports lie in the case that they were moved to, also before they are heard of; False where they do."""
    tag = await conn.execute(
        """INSERT INTO facts AS f (report_id, case_id, moved)
           SELECT report_id, $1, n FROM unnest($2::uuid[], $3::int[]) m (report_id, n)
           ON CONFLICT (report_id) DO UPDATE SET case_id = $1, moved = EXCLUDED.moved WHERE f.moved < EXCLUDED.moved""",
        event.new_case_id,
        [each.report_id for each in event.reports],
        [each.n for each in event.reports],
    )
    return bool(tag != "INSERT 0 0")


async def home_of(conn: Connection, report_id: ReportId) -> CaseId:
    """The case that a report, of which something was heard, lies in."""
    return CaseId(await conn.fetchval("SELECT case_id FROM facts WHERE report_id = $1", report_id))


async def add_received(conn: Connection, event: ReportReceived, *, traceparent: str | None) -> bool:
    """Keep what the report itself says; false when it was here already."""
    tag = await conn.execute(
        """INSERT INTO facts (report_id, case_id, received_at, answers, age_bands, has_text, canary, traceparent)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT (report_id) DO UPDATE SET received_at = $3, answers = $4, age_bands = $5, has_text = $6,
                                                 canary = $7, traceparent = $8
           WHERE facts.received_at IS NULL""",
        event.report_id,
        event.case_id,
        event.received_at,
        _stored(event.signs),
        [child.age_band for child in (*event.children, *event.proposed)],
        event.reading is Reading.PENDING,
        event.canary,
        traceparent,
    )
    return bool(tag == "INSERT 0 1")


async def add_read(conn: Connection, event: ReportRead) -> bool:
    """Keep what was read in the report's text; false when it was here already."""
    tag = await conn.execute(
        """INSERT INTO facts (report_id, case_id, was_read, readings, contradictions, language_unread)
           VALUES ($1, $2, true, $3, $4, $5)
           ON CONFLICT (report_id) DO UPDATE SET was_read = true, readings = $3, contradictions = $4,
                                                 language_unread = $5
           WHERE NOT facts.was_read""",
        event.report_id,
        event.case_id,
        _stored(event.signs),
        list(event.contradictions),
        event.language_unread,
    )
    return bool(tag == "INSERT 0 1")


async def facts_around(conn: Connection, case_id: CaseId) -> list[ReportFacts]:
    """What is known of the reports of the case and of cases linked with it; nothing while it has none of its own."""
    rows = await conn.fetch(
        """SELECT f.* FROM facts f
           WHERE f.received_at IS NOT NULL
             AND f.case_id = ANY ($1::uuid || ARRAY(SELECT linked_case_id FROM links WHERE case_id = $1 AND linked))
             AND EXISTS (SELECT FROM facts own WHERE own.case_id = $1 AND own.received_at IS NOT NULL)
           ORDER BY f.report_id""",
        case_id,
    )
    return [_facts(row) for row in rows]


async def last_rating(conn: Connection, case_id: CaseId) -> Made | None:
    """The newest rating of the case; None where it cannot be read: then the next one is news."""
    row = await conn.fetchrow("SELECT * FROM ratings WHERE case_id = $1 ORDER BY rating_no DESC LIMIT 1", case_id)
    try:
        return None if row is None else made(row)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        log().error("rating.unreadable", case_id=case_id, error=error_code(error))
        return None


async def rated_cases(conn: Connection) -> list[CaseId]:
    """The cases that have been rated, canaries left out."""
    rows = await conn.fetch(
        """SELECT case_id FROM cases c WHERE last_rating_no > 0
           AND NOT EXISTS (SELECT FROM facts f WHERE f.case_id = c.case_id AND f.canary) ORDER BY case_id"""
    )
    return [row["case_id"] for row in rows]


async def add_rating(conn: Connection, case_id: CaseId, made: Made, *, now: datetime) -> int:
    """Append the rating under the case's next number, and note when time alone will change it."""
    rating_no: int = await conn.fetchval(
        """WITH numbered AS (
               UPDATE cases SET last_rating_no = last_rating_no + 1, rerate_at = $9
               WHERE case_id = $1 RETURNING last_rating_no
           )
           INSERT INTO ratings SELECT $1, last_rating_no, $2, $3, $4, $5, $6, $7, $8 FROM numbered
           RETURNING rating_no""",
        case_id,
        now,
        made.rule_set,
        made.as_of,
        made.rating.level,
        made.report_ids,
        snapshot(made.facts),
        encoded(made.rating),
        made.rating.rerate_at,
    )
    return rating_no


async def set_rerate_at(conn: Connection, case_id: CaseId, at: datetime | None) -> None:
    """When time alone will change the case's rating."""
    await conn.execute("UPDATE cases SET rerate_at = $2 WHERE case_id = $1", case_id, at)


async def has_canaries(pool: Pool, *, before: datetime) -> bool:
    """Whether canaries are left that were received before that moment."""
    found: bool = await pool.fetchval("SELECT EXISTS (SELECT FROM facts WHERE canary AND received_at < $1)", before)
    return found


async def erase_canaries(conn: Connection, *, before: datetime) -> int:
    """Erase the canaries received before that moment, with everything about their cases; how many cases that were."""
    tag: str = await conn.execute(
        """WITH old AS (SELECT DISTINCT case_id FROM facts WHERE canary AND received_at < $1),
                r AS (DELETE FROM ratings WHERE case_id IN (SELECT case_id FROM old)),
                l AS (DELETE FROM links WHERE case_id IN (SELECT case_id FROM old)
                                           OR linked_case_id IN (SELECT case_id FROM old)),
                f AS (DELETE FROM facts WHERE case_id IN (SELECT case_id FROM old))
           DELETE FROM cases WHERE case_id IN (SELECT case_id FROM old)""",
        before,
    )
    return int(tag.removeprefix("DELETE "))


async def is_due(pool: Pool, now: datetime) -> bool:
    """Whether any case is due."""
    query = f"SELECT EXISTS (SELECT FROM cases WHERE rerate_at <= $1 AND {_WORKABLE})"
    due: bool = await pool.fetchval(query, now)
    return due


async def claim_due(conn: Connection, now: datetime) -> Due | None:
    """Lock the case that has been due longest, unless another process has it."""
    row = await conn.fetchrow(
        f"""SELECT case_id, rerate_at,
                  (SELECT traceparent FROM facts f WHERE f.case_id = cases.case_id
                   ORDER BY received_at DESC NULLS LAST LIMIT 1) AS traceparent
           FROM cases WHERE rerate_at <= $1 AND {_WORKABLE} ORDER BY rerate_at LIMIT 1 FOR UPDATE SKIP LOCKED""",
        now,
    )
    return None if row is None else Due(row["case_id"], row["rerate_at"], row["traceparent"])


def made(row: asyncpg.Record) -> Made:
    """A stored rating, as it was made."""
    return Made(row["rule_set"], row["as_of"], facts_in(row["facts"]), decoded(row["rating"]))


def _stored(signs: Iterable[SignFact]) -> str:
    return json.dumps([fact.model_dump(mode="json") for fact in signs])


def _facts(row: asyncpg.Record) -> ReportFacts:
    """The facts of a report; of one that cannot be read, that it is unread: the others must still be rated."""
    try:
        return _decoded_facts(row)
    except (ValueError, TypeError, AttributeError) as error:
        log().error("facts.unreadable", report_id=row["report_id"], error=error_code(error))
        return ReportFacts(row["report_id"], row["received_at"], language_unread=True)


def _decoded_facts(row: asyncpg.Record) -> ReportFacts:
    signs = json.loads(row["answers"]) + [_AS_READ | fact for fact in json.loads(row["readings"])]
    return ReportFacts(
        report_id=row["report_id"],
        received_at=row["received_at"],
        signs=tuple(SignFact.model_validate(fact) for fact in signs),
        age_bands=tuple(AgeBand(band) for band in row["age_bands"]),
        contradictions=tuple(row["contradictions"]),
        language_unread=row["language_unread"],
        pending=row["has_text"] and not row["was_read"],
    )
