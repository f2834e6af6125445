"""Contact points from the seed file."""

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from services.notify import contacts
from services.notify.contacts import UnusableAddress
from shared.sealing import SealBroken
from tests.integration.notify.conftest import AASE, DESK, SEED, Notify

LATER = date(2026, 9, 1)


async def load(notify: Notify, addresses: dict[UUID, str]) -> None:
    async with notify.ground.pool.acquire() as conn:
        await contacts.load(conn, addresses=addresses, keys=notify.ground.keys, today=LATER)


async def test_people_and_desks_of_the_seed_have_sealed_contact_points(notify: Notify) -> None:
    rows = {row["person_id"]: row for row in await notify.ground.pool.fetch("SELECT * FROM contacts")}
    assert contacts.unseal(notify.ground.keys, AASE, rows[AASE]["sealed"]) == "aase.eksempel@ekt.example"
    assert contacts.unseal(notify.ground.keys, DESK, rows[DESK]["sealed"]) == "vagt@ekt.example"
    assert {row["verified_by"] for row in rows.values()} == {"seed"}


async def test_a_contact_point_moved_to_another_person_does_not_open(notify: Notify) -> None:
    sealed = await notify.ground.pool.fetchval("SELECT sealed FROM contacts WHERE person_id = $1", AASE)
    with pytest.raises(SealBroken):
        contacts.unseal(notify.ground.keys, DESK, sealed)


async def test_loading_the_same_seed_again_changes_nothing(notify: Notify) -> None:
    before = await notify.ground.pool.fetch("SELECT * FROM contacts ORDER BY 1")
    await load(notify, contacts.addresses_in(SEED))
    assert await notify.ground.pool.fetch("SELECT * FROM contacts ORDER BY 1") == before


async def test_a_changed_address_is_verified_anew_and_a_missing_one_is_forgotten(notify: Notify) -> None:
    await load(notify, {AASE: "aase@ny.example"})
    (row,) = await notify.ground.pool.fetch("SELECT * FROM contacts")
    assert (row["person_id"], row["verified_on"]) == (AASE, LATER)
    assert contacts.unseal(notify.ground.keys, AASE, row["sealed"]) == "aase@ny.example"


async def test_what_a_person_verified_is_left_alone(notify: Notify) -> None:
    await notify.ground.pool.execute("UPDATE contacts SET verified_by = 'person' WHERE person_id = $1", AASE)
    before = await notify.ground.pool.fetchrow("SELECT * FROM contacts WHERE person_id = $1", AASE)
    await load(notify, {AASE: "aase@ny.example"})
    assert await notify.ground.pool.fetchrow("SELECT * FROM contacts WHERE person_id = $1", AASE) == before


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example;c@b.example",
        "a@b.example,c@b.example",
        "mailto:a@b.example",
        "a@b@c.example",
        "a@b..example",
        "Aase <a@b.example>",
        "no-at-sign",
        "a@b.example\\nBcc: c@d.example",
        "å@b.example",
    ],
)
def test_an_address_that_is_none_is_refused_without_repeating_it(tmp_path: Path, address: str) -> None:
    seed = tmp_path / "people.toml"
    seed.write_text(f'[[people]]\nid = "{AASE}"\nemail = "{address}"\n', encoding="utf-8")
    with pytest.raises(UnusableAddress, match=str(AASE)) as refused:
        contacts.addresses_in(seed)
    assert address not in str(refused.value)
