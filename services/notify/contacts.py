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
from services.notify.domain import ContactPoint
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
    """Store where a person is reached, as somebody vouches for it today. Raises `UnusableAddress`.

    The same address again keeps what the tests have told of it; another is tested anew.
    """
    _demand_usable(person_id, address)
    stored = await store.contact(conn, person_id, lock=True)
    if stored and _readable(keys, Contact(person_id, stored.sealed)) == address:
        await store.verify_contact(conn, person_id, verified_on=today, verified_by=str(verified_by))
        return
    contact = Contact(person_id, seal(keys, person_id, address))
    await store.put_contact(conn, contact, verified_on=today, verified_by=str(verified_by))


def is_verified(contact: ContactPoint, today: date) -> bool:
    """Whether somebody vouched for the contact point, not too long ago."""
    return contact.verified_on > today - VERIFIED_FOR


def masked(keys: KeyRing, contact: ContactPoint) -> str | None:
    """The address as its owner knows it again: `a…@ekt.example`. None where it cannot be read."""
    address = _readable(keys, Contact(contact.person_id, contact.sealed))
    if address is None:
        return None
    box, _, domain = address.rpartition("@")
    return f"{box[:1] if len(box) > 2 else ''}…@{domain}"


def _readable(keys: KeyRing, contact: Contact) -> str | None:
    try:
        return unseal(keys, contact.person_id, contact.sealed)
    except SealBroken:
        return None
