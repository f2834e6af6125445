"""Contact points: where a person or a desk is reached. They are read from the seed file and kept sealed."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from uuid import UUID

import asyncpg

from services.notify import store
from services.notify.store import Contact
from shared.events.codes import Channel
from shared.ids import derived_id
from shared.sealing import KeyRing, SealBroken

_ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")  # printable ASCII without blanks and angle brackets


class UnusableAddress(Exception):
    """The seed file holds something that is no mail address; `person_id` says whose, the text is not repeated."""

    def __init__(self, person_id: UUID) -> None:
        super().__init__(f"the mail address of {person_id} in the seed file cannot be used")
        self.person_id = person_id


def seal(keys: KeyRing, person_id: UUID, address: str) -> bytes:
    """The address sealed to this person and channel."""
    return keys.seal(address.encode(), table="contacts", column="sealed", row=_row(person_id))


def unseal(keys: KeyRing, person_id: UUID, sealed: bytes) -> str:
    """The address. Raises `SealBroken`."""
    return keys.unseal(sealed, table="contacts", column="sealed", row=_row(person_id)).decode()


def _row(person_id: UUID) -> UUID:
    return derived_id("contact", person_id, Channel.EMAIL)


def addresses_in(seed_file: Path) -> dict[UUID, str]:
    """The mail addresses of people and desks. Raises `UnusableAddress`."""
    seed = tomllib.loads(seed_file.read_text(encoding="utf-8"))
    entries = [*seed.get("people", ()), *seed.get("desks", ())]
    addresses = {UUID(entry["id"]): str(entry["email"]) for entry in entries if entry.get("email")}
    for person_id, address in addresses.items():
        if not _ADDRESS.fullmatch(address):
            raise UnusableAddress(person_id)
    return addresses


async def load(conn: asyncpg.Connection, *, addresses: Mapping[UUID, str], keys: KeyRing, today: date) -> None:
    """Make the seeded contact points those of the seed file. One that is unchanged keeps the day it was verified."""
    async with conn.transaction():
        stored = {each.person_id: _readable(keys, each) for each in await store.seeded_contacts(conn)}
        for person_id, address in addresses.items():
            if stored.get(person_id) != address:
                contact = Contact(person_id, seal(keys, person_id, address))
                await store.put_seeded_contact(conn, contact, verified_on=today)
        await store.drop_seeded_contacts(conn, keep=addresses)


def _readable(keys: KeyRing, contact: Contact) -> str | None:
    try:
        return unseal(keys, contact.person_id, contact.sealed)
    except SealBroken:
        return None
