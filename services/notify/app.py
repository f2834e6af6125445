"""notify put together: which facts it hears, and the loop that sends."""

from datetime import timedelta
from functools import partial
from pathlib import Path

from services.notify import contacts, handlers, store
from services.notify.channels.email import Email
from services.notify.domain import LEASE
from services.notify.figures import Figures
from services.notify.proofs import Proofs
from services.notify.sender import Sender
from services.notify.settings import Settings
from services.notify.text import Way
from services.notify.web import Door, routes
from shared import canary, delivery
from shared.calendar import local
from shared.delivery.inbox import On
from shared.events.escalation import MessageRequested, MessageWithdrawn
from shared.events.notify import MessageAccepted
from shared.evidence import EVIDENCE
from shared.postgres.migrations import migrations_in
from shared.process import Loop, Service, migrate_service, open_service
from shared.sealing import KeyRing
from shared.telemetry.logging import log

MIGRATIONS = migrations_in(Path(delivery.__file__).parent, EVIDENCE, Path(__file__).parent)
SUBSCRIPTIONS = (
    On(MessageRequested, handlers.message_requested),
    On(MessageWithdrawn, handlers.message_withdrawn),
)


async def work(settings: Settings) -> None:
    """Hear what is asked for and send it. A stop lets the dialogues that run come to their ends."""
    async with open_service(settings, "notify", migrations=MIGRATIONS) as service:
        consumer = service.consumer(SUBSCRIPTIONS)
        sender = _sender(settings, service)
        await sender.start()
        try:
            doors = [*service.events(SUBSCRIPTIONS), *routes(Door(service.transactions, service.keys, service.tokens))]
            web = service.worker_app(doors, consumer)
            erase = Loop("erase", partial(_erase_canaries, service), at_most=60, woken=False)
            clock = Loop("clock", partial(pull_in, service), at_most=60, woken=False)
            figures = Loop("figures", Figures(service.pool, settings.clock).run_once, at_most=5, woken=False)
            proofs = Loop("tests", _proofs(settings, service).run_once, at_most=5, woken=False)
            await service.work(web, consumer, [Loop("send", sender.run_once), clock, erase, figures, proofs])
        finally:
            await sender.drain()


async def migrate(settings: Settings) -> None:
    """Bring the database to this code, load the contact points of the seed file, make the topic."""
    load = partial(
        contacts.load,
        addresses=contacts.addresses_in(settings.seed_file),
        keys=KeyRing.read(settings.keys_dir / "kek.json"),
        today=local(settings.clock.now()).date(),
    )
    await migrate_service(settings, "notify", migrations=MIGRATIONS, topic=MessageAccepted.topic, seed=load)


def _sender(settings: Settings, service: Service) -> Sender:
    canaries_to = settings.canary_address or settings.smtp_sender
    apart = timedelta(seconds=settings.bundle_seconds)
    email, way = _email(settings), _way(settings)
    return Sender(service.transactions, service.keys, email, way, canaries_to, settings.instance, apart)


def _proofs(settings: Settings, service: Service) -> Proofs:
    every = timedelta(days=settings.proof_every_days)
    return Proofs(service.pool, settings.clock, service.keys, _email(settings), _way(settings), every)


def _email(settings: Settings) -> Email:
    return Email(settings.smtp_host, settings.smtp_port, settings.smtp_sender, starttls=settings.smtp_tls == "starttls")


def _way(settings: Settings) -> Way:
    return Way(settings.console_url, settings.duty_phone)


async def pull_in(service: Service) -> int:
    """Pull in what a clock that ran ahead has put off. Never anything more to do at once."""
    latest = service.transactions.clock.now() + LEASE
    moved = await store.pull_in(service.pool, latest=latest) + await store.pull_in_tests(service.pool, latest=latest)
    if moved:
        log().error("clock.pulled_in", count=moved)
    return 0


async def _erase_canaries(service: Service) -> int:
    async with service.transactions.begin("erase canaries") as tx:
        return await store.erase_canaries(tx.conn, before=tx.now - canary.LASTS)
