"""Every day and every moment that is stored is finite and sane, in every service's database, from whenever it is."""

from datetime import UTC, datetime

import asyncpg
import pytest

from deploy.local.postgres import Postgres
from services.escalation.app import MIGRATIONS as ESCALATION
from services.intake.app import MIGRATIONS as INTAKE
from services.notify.app import MIGRATIONS as NOTIFY
from services.triage.app import MIGRATIONS as TRIAGE
from shared.postgres.migrations import Migration, migrate
from tests.support.databases import fresh_database

SERVICES = {"intake": INTAKE, "triage": TRIAGE, "escalation": ESCALATION, "notify": NOTIFY}
COLUMNS = """SELECT t.oid::regclass::text AS "table", a.attname AS "column",
                    (SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = t.oid
                      AND k.conkey = ARRAY[a.attnum] AND k.contype = 'c' AND k.convalidated
                      AND pg_get_constraintdef(k.oid) LIKE '%1800%2300%') AS bounds
               FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
              WHERE t.relnamespace = 'public'::regnamespace AND t.relkind = 'r'
                AND a.atttypid IN ('date'::regtype, 'timestamptz'::regtype, 'timestamp'::regtype)"""
THINGS = Migration(
    "test/0001_things.sql",
    """CREATE TABLE things (
           n integer, at timestamptz, target date NOT NULL, limit_day date NOT NULL,
           next_at timestamptz GENERATED ALWAYS AS (at) STORED,
           CHECK (target <= limit_day), CHECK ((n = 3) = (at IS NULL))
       );
       CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'append-only'; END $$;
       CREATE TRIGGER kept BEFORE UPDATE ON things FOR EACH STATEMENT EXECUTE FUNCTION refuse();""",
)


@pytest.mark.parametrize("service", SERVICES)
async def test_every_column_of_a_day_or_a_moment_has_bounds(postgres: Postgres, service: str) -> None:
    async with fresh_database(postgres, SERVICES[service]) as url:
        conn = await asyncpg.connect(url)
        rows = await conn.fetch(COLUMNS)
        await conn.close()
    assert len(rows) > 5
    assert [(row["table"], row["column"]) for row in rows if row["bounds"] is None] == []


async def test_rows_from_before_are_moved_to_the_nearest_bound_and_later_ones_are_refused(postgres: Postgres) -> None:
    async with fresh_database(postgres, []) as url:
        conn = await asyncpg.connect(url)
        await conn.execute(THINGS.sql)
        for n, at in ((1, "-infinity"), (2, "infinity"), (3, None), (4, "2026-03-10T12:00Z")):
            await conn.execute(
                "INSERT INTO things VALUES ($1, $2::text::timestamptz, '-infinity', '0001-01-02')", n, at
            )
        await migrate(conn, [])
        rows = {row["n"]: row for row in await conn.fetch("SELECT * FROM things")}
        with pytest.raises(asyncpg.CheckViolationError):
            await conn.execute("INSERT INTO things VALUES (5, '-infinity', '2026-01-01', '2026-01-01')")
        with pytest.raises(asyncpg.RaiseError):
            await conn.execute("UPDATE things SET n = 6")
        await migrate(conn, [])
        await conn.close()
    assert [rows[n]["at"] and rows[n]["at"].year for n in (1, 2, 3, 4)] == [1800, 2299, None, 2026]
    assert rows[1]["next_at"] == datetime(1800, 1, 1, tzinfo=UTC)
    assert all(row["target"] == row["limit_day"] for row in rows.values())


async def test_a_call_from_year_1_that_is_stored_already_was_received_when_it_was_entered(postgres: Postgres) -> None:
    before = [each for each in INTAKE if "0030" not in each.name]
    async with fresh_database(postgres, []) as url:
        conn = await asyncpg.connect(url)
        for each in before:
            await conn.execute(each.sql)
        await conn.execute(
            "INSERT INTO cases (case_id, created_at, wrapped_key) VALUES (gen_random_uuid(), '2026-03-10T12:00Z', '')"
        )
        await conn.execute(
            """INSERT INTO reports (report_id, case_id, report_no, received_at, entered_at, legal_kind, reporter_kind,
                   receipt_route, unit, conflict_declared, already_supported, reference, body_sealed, reading)
               SELECT gen_random_uuid(), case_id, 1, '-infinity', '2026-03-10T12:00Z', 'section_133', 'teacher',
                      'screen', 'unknown', false, false, 'x', '', 'none' FROM cases"""
        )
        (mended,) = (each for each in INTAKE if "0030" in each.name)
        await conn.execute(mended.sql)
        assert await conn.fetchval("SELECT received_at FROM reports") == datetime(2026, 3, 10, 12, tzinfo=UTC)
        await conn.close()
