"""Drafts of forms: kept sealed while a person writes, shown to that person alone, dropped when the form is sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.escalation.store import case
from services.escalation.store import draft as drafts
from shared.auth.people import Person
from shared.delivery.outbox import Transaction
from shared.ids import CaseId, derived_id
from shared.sealing import KeyRing, SealBroken
from shared.telemetry.logging import error_code, log

ASSESSMENT = "assessment"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was written in a form, in which version of it, and when it was kept."""

    form: int
    answers: Mapping[str, Any]
    saved_at: datetime


async def save(
    tx: Transaction, who: Person, case_id: CaseId, what: str, answers: Mapping[str, Any], *, form: int, keys: KeyRing
) -> None:
    """Keep what the person has written so far. The caller has locked the case."""
    key = await case.data_key(tx.conn, case_id, keys)
    plain = json.dumps(dict(answers)).encode()
    sealed = key.seal(plain, table="drafts", column="answers", row=_row(case_id, who, what))
    await drafts.put(tx.conn, case_id, who.person_id, what, form=form, answers=sealed, now=tx.now)


async def of(tx: Transaction, who: Person, case_id: CaseId, *, keys: KeyRing) -> dict[str, Draft]:
    """What the person has written so far in each form of the case; a draft that does not open stops no form."""
    rows = await drafts.of_person(tx.conn, case_id, who.person_id)
    if not rows:
        return {}
    key = await case.data_key(tx.conn, case_id, keys)
    found = {}
    for row in rows:
        place = _row(case_id, who, row["what"])
        try:
            plain = key.unseal(row["answers"], table="drafts", column="answers", row=place)
            found[row["what"]] = Draft(row["form"], json.loads(plain), row["saved_at"])
        except (SealBroken, ValueError) as error:
            log().error("draft.unreadable", row_id=place, error=error_code(error))
    return found


def _row(case_id: CaseId, who: Person, what: str) -> UUID:
    names = (case_id, who.person_id)
    return derived_id("draft", *names) if what == ASSESSMENT else derived_id("draft", *names, what)
