"""Roles: the processes' own may neither change what is append-only nor alter anything; tried table by table."""

from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

from deploy.local.postgres import Postgres
from services.escalation.app import MIGRATIONS as ESCALATION
from services.intake.app import MIGRATIONS as INTAKE
from services.notify.app import MIGRATIONS as NOTIFY
from services.triage.app import MIGRATIONS as TRIAGE
from shared.ids import new_id
from shared.postgres.migrations import Migration, SchemaMismatch, migrate
from shared.settings import NotApart, ServiceSettings
from tests.support.databases import RUNTIME, fresh_database

SERVICES = {"intake": INTAKE, "triage": TRIAGE, "escalation": ESCALATION, "notify": NOTIFY}
KEPT = {
    "intake": {"evidence", "children", "links", "report_children", "requests"},
    "triage": {"parked"},
    "escalation": {
        *("evidence", "assessments", "briefs", "handovers", "judgements", "ladders", "lifts"),
        *("mediations", "people_history", "raises", "reads", "rotas", "people", "countersigns", "purposes"),
    },
    "notify": {"evidence", "contacts"},
}
"""What no process may delete from."""


@pytest.fixture(params=SERVICES)
async def runtime(request: pytest.FixtureRequest, postgres: Postgres) -> AsyncIterator[tuple[str, asyncpg.Connection]]:
    """A service's name, and a connection to its database as its processes have it."""
    async with fresh_database(postgres, SERVICES[request.param]) as url:
        conn = await asyncpg.connect(url, server_settings={"role": RUNTIME})
        yield request.param, conn
        await conn.close()


async def tables(conn: asyncpg.Connection) -> list[str]:
    rows = await conn.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    )
    return [row["relname"] for row in rows]


async def refused(conn: asyncpg.Connection, act: str) -> bool:
    try:
        async with conn.transaction():
            await conn.execute(act)
    except asyncpg.InsufficientPrivilegeError:
        return True
    return False


ALTERING = (
    "TRUNCATE {}",
    "DROP TABLE {} CASCADE",
    "ALTER TABLE {} DISABLE TRIGGER ALL",
    "ALTER TABLE {} ADD COLUMN more integer",
    "ALTER TABLE {} OWNER TO CURRENT_USER",
    "CREATE TRIGGER mine BEFORE INSERT ON {} EXECUTE FUNCTION refuse_change()",
    "CREATE RULE mine AS ON INSERT TO {} DO INSTEAD NOTHING",
)


@pytest.mark.parametrize("act", ALTERING)
async def test_a_process_alters_and_empties_no_table(runtime: tuple[str, asyncpg.Connection], act: str) -> None:
    _, conn = runtime
    allowed = [table for table in await tables(conn) if not await refused(conn, act.format(table))]
    assert allowed == []


async def test_a_process_deletes_nothing_that_is_kept(runtime: tuple[str, asyncpg.Connection]) -> None:
    service, conn = runtime
    assert {table for table in KEPT[service] if not await refused(conn, f"DELETE FROM {table}")} == set()


async def test_an_exclusion_that_was_named_in_the_case_is_never_deleted(postgres: Postgres) -> None:
    async with fresh_database(postgres, ESCALATION) as url:
        conn = await asyncpg.connect(url, server_settings={"role": RUNTIME})
        own, linked, person = new_id(), new_id(), new_id()
        for case_id in (own, linked):
            await conn.execute("INSERT INTO cases (case_id) VALUES ($1)", case_id)
            await conn.execute("INSERT INTO evidence VALUES ($1, 0, now(), 'x', NULL, '{}', '')", case_id)
            await conn.execute("INSERT INTO exclusions VALUES ($1, $2, $2, now(), $3)", case_id, person, own)
        assert await conn.execute("DELETE FROM exclusions WHERE case_id = $1", linked) == "DELETE 1"
        with pytest.raises(asyncpg.RaiseError, match="kept"):
            await conn.execute("DELETE FROM exclusions")
        await conn.close()


async def test_no_case_that_has_evidence_is_deleted_as_a_canary(postgres: Postgres) -> None:
    async with fresh_database(postgres, NOTIFY) as url:
        conn = await asyncpg.connect(url, server_settings={"role": RUNTIME})
        for case_id, entries in ((new_id(), 0), (new_id(), 1)):
            await conn.execute("INSERT INTO cases (case_id) VALUES ($1)", case_id)
            for n in range(entries):
                await conn.execute("INSERT INTO evidence VALUES ($1, $2, now(), 'x', NULL, '{}', '')", case_id, n)
        await conn.execute("UPDATE cases SET canary = true")
        with pytest.raises(asyncpg.RaiseError, match="kept"):
            await conn.execute("DELETE FROM cases WHERE canary")
        assert await conn.execute("DELETE FROM cases WHERE case_id NOT IN (SELECT case_id FROM evidence)") == "DELETE 1"
        await conn.close()


async def test_a_process_never_edits_what_is_append_only(postgres: Postgres) -> None:
    async with fresh_database(postgres, ESCALATION) as url:
        admin = await asyncpg.connect(url)
        conn = await asyncpg.connect(url, server_settings={"role": RUNTIME})
        append_only = [
            row["table"]
            for row in await admin.fetch(
                "SELECT tgrelid::regclass::text AS table FROM pg_trigger WHERE tgfoid = 'refuse_change'::regproc"
            )
        ]
        assert {"evidence", "lifts", "assessments", "judgements"} <= set(append_only)
        columns = dict(
            await admin.fetch("SELECT table_name, min(column_name) FROM information_schema.columns GROUP BY 1")
        )
        for table in append_only:
            assert await refused(conn, f'UPDATE {table} SET "{columns[table]}" = DEFAULT'), table
            assert await refused(conn, f"DELETE FROM {table}"), table
        await admin.close()
        await conn.close()


SCHEMING = (
    "SET session_replication_role = replica",
    "CREATE TABLE mine ()",
    "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "DROP FUNCTION refuse_change() CASCADE",
    "UPDATE migrations SET checksum = ''",
    "DELETE FROM migrations",
    "COPY evidence FROM PROGRAM 'true'",
    "ALTER SCHEMA public OWNER TO CURRENT_USER",
)


@pytest.mark.parametrize("act", SCHEMING)
async def test_a_process_cannot_go_round_its_privileges(runtime: tuple[str, asyncpg.Connection], act: str) -> None:
    service, conn = runtime
    if service != "triage" or "evidence" not in act:  # it keeps none
        assert await refused(conn, act)


TABLE = Migration("a/0001_things.sql", "CREATE TABLE things (n integer)")


async def migrated(url: str, *migrations: Migration) -> Sequence[str]:
    conn = await asyncpg.connect(url)
    try:
        return await migrate(conn, migrations, runtime=RUNTIME)
    finally:
        await conn.close()


async def test_migrate_refuses_a_table_that_nobody_has_said_a_word_about(postgres: Postgres) -> None:
    async with fresh_database(postgres, []) as url:
        with pytest.raises(SchemaMismatch, match="things must have a line"):
            await migrated(url, TABLE)
        with pytest.raises(SchemaMismatch, match="other must have a line"):
            await migrated(url, Migration(TABLE.name, TABLE.sql, {"things": "SELECT", "other": "SELECT"}))


async def test_what_was_granted_before_is_taken_back_by_the_next_migrate(postgres: Postgres) -> None:
    async with fresh_database(postgres, []) as url:
        await migrated(url, Migration(TABLE.name, TABLE.sql, {"things": "SELECT, INSERT, DELETE"}))
        await migrated(url, Migration(TABLE.name, TABLE.sql, {"things": "SELECT, INSERT"}))
        conn = await asyncpg.connect(url, server_settings={"role": RUNTIME})
        await conn.execute("INSERT INTO things VALUES (1)")
        assert await refused(conn, "DELETE FROM things")
        await conn.close()


@pytest.mark.parametrize("owner", ["", "postgresql://intake:other@db/intake", "postgresql://db/intake"])
def test_migrate_asks_for_an_owner_apart_from_the_processes_role(owner: str) -> None:
    settings = ServiceSettings(
        database_url="postgresql://intake:secret@db/intake",
        migrate_database_url=owner,
        kafka_bootstrap_servers="nowhere",
        keys_dir="nowhere",
        http_port=1,
    )
    with pytest.raises(NotApart, match="BEREDSKAB_MIGRATE_DATABASE_URL"):
        settings.roles()
