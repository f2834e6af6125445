"""Test mails: whether somebody reads what a contact point is sent, which a mail server's yes does not tell.

A mailbox that takes every mail and discards it looks well from here. Each contact point gets a test from time to time,
and a person answers it in the console. A test is no message: it belongs to no case and leaves no evidence.
"""

from dataclasses import dataclass
from datetime import timedelta

from services.notify import contacts, store
from services.notify.channels.email import Email
from services.notify.domain import Outcome, Result, is_office_time
from services.notify.store import Contact
from services.notify.text import Way, of_test
from shared.clock import Clock
from shared.ids import new_id
from shared.postgres.faults import INFRASTRUCTURE
from shared.postgres.pool import Pool
from shared.sealing import KeyRing
from shared.telemetry.logging import error_code, log

_TAKEN = (Result.ACCEPTED, Result.UNKNOWN)
"""A test whose answer was lost may have arrived, and may be answered then."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """Sends the tests one at a time, so that pages always find the mail server free."""

    pool: Pool
    clock: Clock
    keys: KeyRing
    email: Email
    way: Way
    every: timedelta
    """How often a contact point is tested; zero where only those tests go out that somebody asks for."""

    async def run_once(self) -> int:
        """Send the test that has been due for longest; how many that were."""
        now = self.clock.now()
        every = self.every if self.every and is_office_time(now) else None
        contact = await store.begin_test(self.pool, now=now, every=every)
        if contact is None:
            return 0
        try:
            outcome = await self._sent(contact)
        except INFRASTRUCTURE:
            raise
        except Exception as error:
            log().error("test.not_sent", person_id=contact.person_id, error=error_code(error))
            return 1
        if outcome.result in _TAKEN:
            await store.note_test_taken(self.pool, contact.person_id, tried_at=now)
        else:
            log().warning("test.not_sent", person_id=contact.person_id, reason=outcome.result, status=outcome.code)
        return 1

    async def _sent(self, contact: Contact) -> Outcome:
        to = contacts.unseal(self.keys, contact.person_id, contact.sealed)
        mail = self.email.mail(new_id(), of_test(self.way), to=to, now=self.clock.now())
        async with self.email.sent(to, mail) as outcome:
            return outcome
