"""Contact points: where a person or a desk is reached. From the seed file or from the person; kept sealed."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from services.notify import store
from services.notify.channels.email import ADDRESS
from services.notify.store import Contact
from shared.events.codes import Channel
from shared.ids import derived_id
from shared.postgres.pool import Connection
from shared.sealing import KeyRing, SealBroken

_ADDRESS = re.compile(ADDRESS)
VERIFIED_FOR = timedelta(days=365)
"""After this a contact point counts as unverified: people move, numbers change."""


class UnusableAddress(Exception):
    """Something that is no mail address was given; `person_id` says whose, the text is not repeated."""

    def __init__(self, person_id: UUID) -> None:
        super().__init__(f"the mail address given for {person_id} cannot be used")
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
        _demand_usable(person_id, address)
    return addresses


def _demand_usable(person_id: UUID, address: str) -> None:
    if not _ADDRESS.fullmatch(address):
        raise UnusableAddress(person_id)


async def load(conn: asyncpg.Connection, *, addresses: Mapping[UUID, str], keys: KeyRing, today: date) -> None:
    """Make the seeded contact points those of the seed file. One that is unchanged keeps the day it was verified."""
    async with conn.transaction():
        stored = {each.person_id: _readable(keys, each) for each in await store.seeded_contacts(conn)}
        for person_id, address in addresses.items():
            if stored.get(person_id) != address:
                contact = Contact(person_id, seal(keys, person_id, address))
                await store.put_seeded_contact(conn, contact, verified_on=today)
        await store.drop_seeded_contacts(conn, keep=addresses)


async def put(
    conn: Connection, person_id: UUID, address: str, *, verified_by: UUID, keys: KeyRing, today: date
) -> None:
    """Store where a person is reached, as somebody vouches for it today. Raises `UnusableAddress`."""
    _demand_usable(person_id, address)
    contact = Contact(person_id, seal(keys, person_id, address))
    await store.put_contact(conn, contact, verified_on=today, verified_by=str(verified_by))


async def reachable(conn: Connection, person_id: UUID, *, today: date) -> bool:
    """Whether somebody vouched for a contact point of the person or desk, not too long ago."""
    return await store.verified_since(conn, person_id, today - VERIFIED_FOR)


def _readable(keys: KeyRing, contact: Contact) -> str | None:
    try:
        return unseal(keys, contact.person_id, contact.sealed)
    except SealBroken:
        return None
