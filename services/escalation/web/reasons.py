"""The words in which people gave their reasons: for screens on which a purpose was said, never in the API's answers."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from services.escalation.handlers import reading
from services.escalation.store import case, countersign, handover, hold, report
from shared.auth.grants import ReadPurpose
from shared.auth.people import Person
from shared.delivery.outbox import Transaction
from shared.ids import CaseId, ReportId, derived_id
from shared.sealing import DataKey, KeyRing, SealBroken
from shared.telemetry.logging import error_code, log

Json: TypeAlias = dict[str, Any]
UNREADABLE = "[kan ikke læses · cannot be read]"
"""Stands for words whose seal is broken."""


async def add_reasons(
    tx: Transaction, who: Person, told: Json, keys: KeyRing, *, why: ReadPurpose, reports: Sequence[Json] = ()
) -> None:
    """Add `reason` and `note` to the case as it is told and to judgements of the reports, with evidence.

    The caller has locked the case.
    """
    case_id = CaseId(told["case_id"])
    count = await _judgements(tx, reports, keys)
    wrapped = (await case.get(tx.conn, case_id))["wrapped_key"]
    if wrapped is not None:
        key = _key(keys, wrapped)
        count += await _hold(tx, case_id, told, key) + await _countersigns(tx, case_id, told, key)
        count += await _handover(tx, case_id, told, key)
    if count:
        await reading.reasons_shown(tx, who, case_id, why=why, count=count)


async def add_judgements(
    tx: Transaction, who: Person, case_id: CaseId, reports: Sequence[Json], keys: KeyRing, *, why: ReadPurpose
) -> None:
    """Add `reason` to the judgements of the reports alone, with evidence. The caller has locked the case."""
    if count := await _judgements(tx, reports, keys):
        await reading.reasons_shown(tx, who, case_id, why=why, count=count)


async def _judgements(tx: Transaction, reports: Sequence[Json], keys: KeyRing) -> int:
    """A report that was moved keeps its reason under the key of the case in which it was judged."""
    judged = {each["report_id"]: each["judged"] for each in reports if each["judged"]}
    rows = await report.reasons(tx.conn, [ReportId(UUID(each)) for each in judged]) if judged else []
    for row in rows:
        key, named = _key(keys, row["reason_key"]), derived_id("judgement", row["report_id"], row["n"])
        said = judged[str(row["report_id"])]
        said["reason"] = _opened(key, row["reason"], table="judgements", column="reason", row=named)
    return len(rows)


def _key(keys: KeyRing, wrapped: bytes) -> DataKey | None:
    try:
        return keys.unwrap(wrapped)
    except SealBroken as error:
        log().error("reason.unreadable", error=error_code(error))
        return None


def _steps(told: Json) -> Iterator[Json]:
    """The parts of the hold that name the step of a person."""
    for each in told["hold"]:
        yield from (part for part in (each, each["ended"]) if part and part["lift_no"])


async def _hold(tx: Transaction, case_id: CaseId, told: Json, key: DataKey | None) -> int:
    steps = list(_steps(told))
    sealed = await hold.reasons(tx.conn, case_id) if steps else {}
    for each in steps:
        n = each["lift_no"]
        row = derived_id("lift", case_id, n)
        each["reason"] = _opened(key, sealed[n], table="lifts", column="reason", row=row)
    return len(steps)


async def _countersigns(tx: Transaction, case_id: CaseId, told: Json, key: DataKey | None) -> int:
    rows = {str(row["countersign_id"]): row for row in await countersign.of_case(tx.conn, case_id)}
    for each in told["countersigns"]:
        row = rows[each["id"]]
        each["reason"] = _opened(key, row["reason"], table="countersigns", column="reason", row=row["countersign_id"])
    return len(told["countersigns"])


async def _handover(tx: Transaction, case_id: CaseId, told: Json, key: DataKey | None) -> int:
    row = await handover.last(tx.conn, case_id) if told["handover"] else None
    if row is None:
        return 0
    told["handover"]["note"] = _opened(key, row["note"], table="handovers", column="note", row=row["handover_id"])
    return 1


def _opened(key: DataKey | None, sealed: bytes, *, table: str, column: str, row: UUID) -> str:
    """The words; a sign where they do not open: the rest of the case must still be shown."""
    try:
        if key is not None:
            return key.unseal(sealed, table=table, column=column, row=row).decode()
    except (SealBroken, ValueError) as error:
        log().error("reason.unreadable", row_id=row, error=error_code(error))
    return UNREADABLE
