"""What escalation is made of: the API people answer through (`web`) and the worker (`work`), on one database."""

from functools import partial
from pathlib import Path

from starlette.types import ASGIApp

from services.escalation import seed, tick
from services.escalation.colleagues import Colleagues
from services.escalation.contacts import Contacts
from services.escalation.figures import Figures, Reach
from services.escalation.handlers.belonging import link_decided, reports_split
from services.escalation.handlers.break_glass import let_in
from services.escalation.handlers.delivery import message_accepted, message_failed
from services.escalation.handlers.net import report_unhandled
from services.escalation.handlers.rating import case_rated
from services.escalation.handlers.report import report_received
from services.escalation.settings import Settings
from services.escalation.store.rota import allowed
from services.escalation.web.api import Api
from services.escalation.web.console import Console, doors_of, screens_of
from services.escalation.web.console.routes import screen_routes
from services.escalation.web.disclosures import Disclosures
from services.escalation.web.entries import Entries
from services.escalation.web.routes import routes
from shared.auth import AUTH
from shared.auth.claims import PeopleTokens
from shared.auth.provider import Provider
from shared.delivery import DELIVERY
from shared.delivery.inbox import On
from shared.events.escalation import EscalationOpened
from shared.events.intake import LinkDecided, ReportReceived, ReportsSplit
from shared.events.notify import MessageAccepted, MessageFailed
from shared.events.triage import CaseRated
from shared.evidence import EVIDENCE
from shared.postgres.migrations import migrations_in
from shared.process import Loop, Service, migrate_service, open_service
from shared.web.application import application
from shared.web.sign_in import Desk, Recognising, sign_in_routes

NAME = "escalation"
MIGRATIONS = migrations_in(DELIVERY, EVIDENCE, AUTH, Path(__file__).parent)
SUBSCRIPTIONS = (
    On(ReportReceived, report_received, unhandled=report_unhandled),
    On(LinkDecided, link_decided),
    On(ReportsSplit, reports_split),
    On(CaseRated, case_rated),
    On(MessageAccepted, message_accepted),
    On(MessageFailed, message_failed),
)


async def web(settings: Settings) -> None:
    """The API and the console: answer as long as its database does, whatever else is away."""
    async with open_service(settings, NAME, migrations=MIGRATIONS, process="web") as service:
        await service.serve(site(service, settings))


def site(service: Service, settings: Settings) -> ASGIApp:
    """Everything that the door answers."""
    clock = service.transactions.clock
    contacts = Contacts(settings.peers["notify"], service.tokens) if "notify" in settings.peers else None
    entries = Entries(settings.peers["intake"], service.tokens)
    api = Api(
        service.transactions,
        service.keys,
        contacts,
        entries,
        peers=settings.peers,
        usual_per_minute=settings.usual_per_minute,
    )
    people_tokens = PeopleTokens.read(settings.keys_dir, clock) if settings.local_issuer else None
    allow = partial(allowed, service.pool)
    by_code = partial(let_in, service.transactions)
    desk = Desk(
        NAME, service.pool, clock, settings, Provider(settings), service.keys, people_tokens, allow, let_in=by_code
    )
    screens = screens_of(settings, clock)
    doors = routes(api)
    console = Console(api, screens, Disclosures(settings.peers["intake"], service.tokens), doors_of(doors))
    people = [*screen_routes(console), *sign_in_routes(desk, screens)]
    everything = [*doors, *service.events(SUBSCRIPTIONS), *people]
    return Recognising(
        application(everything, ready=service.database_missing, alive=service.admitted, screens=screens), desk, screens
    )


async def work(settings: Settings) -> None:
    """The worker: hears of reports, ratings and deliveries, and keeps the clocks."""
    async with open_service(settings, NAME, migrations=MIGRATIONS) as service:
        consumer = service.consumer(SUBSCRIPTIONS)
        health = service.worker_app([], consumer)
        figures = Figures(service.pool, settings.clock, settings.usual_per_minute)
        reach = Reach(service.transactions, Contacts(settings.peers["notify"], service.tokens))
        colleagues = Colleagues(service.pool, service.tokens, settings.peers.get("intake"))
        loops = [
            Loop("colleagues", colleagues.run_once, at_most=10, woken=False),
            Loop("tick", partial(tick.run_once, service.transactions), woken=False),
            Loop("shifts", partial(tick.change_shifts_once, service.transactions), at_most=5, woken=False),
            Loop("figures", figures.run_once, at_most=5, woken=False),
            Loop("reach", reach.run_once, at_most=60, woken=False),
            Loop("clock", partial(tick.pull_in_once, service.transactions), at_most=60, woken=False),
            Loop("erase", partial(tick.erase_once, service.transactions), at_most=60, woken=False),
        ]
        await service.work(health, consumer, loops)


async def migrate(settings: Settings) -> None:
    """Bring the database and the topic to this code, and people and ladders to what the seed file says."""
    load = partial(seed.load, seed=seed.read(settings.seed_file))
    await migrate_service(settings, NAME, migrations=MIGRATIONS, topic=EscalationOpened.topic, seed=load)
