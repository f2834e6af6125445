"""What intake is made of: the door (`web`) and the worker (`work`), on one database."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx2
from starlette.routing import Route
from starlette.types import ASGIApp

from services.intake import tick
from services.intake.figures import Figures
from services.intake.handlers import receipt
from services.intake.secrets import Secrets
from services.intake.settings import Settings
from services.intake.store import people
from services.intake.web import form, phone, reports
from services.intake.web import receipt as receipt_pages
from services.intake.web.internal import internal_routes
from services.intake.web.patience import Patience
from services.intake.web.reports import Door
from services.intake.web.scores import Worker, scores_route
from shared.auth import AUTH
from shared.auth.claims import PeopleTokens
from shared.auth.provider import Provider
from shared.delivery import DELIVERY
from shared.delivery.inbox import On
from shared.events.escalation import Acknowledged, EscalationClosed, EscalationOpened, ReporterVerified, ReportJudged
from shared.events.intake import ReportReceived
from shared.evidence import EVIDENCE
from shared.postgres.migrations import migrations_in
from shared.process import Loop, Service, migrate_service, open_service
from shared.telemetry import metrics
from shared.telemetry.logging import log
from shared.web.application import Alive, Ready, application
from shared.web.screens import Screens
from shared.web.sign_in import Desk, Recognising, sign_in_routes

NAME = "intake"
MIGRATIONS = migrations_in(DELIVERY, EVIDENCE, AUTH, Path(__file__).parent)
SUBSCRIPTIONS = (
    On(EscalationOpened, receipt.escalation_opened),
    On(Acknowledged, receipt.acknowledged),
    On(ReportJudged, receipt.report_judged),
    On(ReporterVerified, receipt.reporter_verified),
    On(EscalationClosed, receipt.escalation_closed),
)


async def web(settings: Settings) -> None:
    """The door: takes reports as long as its database answers, whatever else is away."""
    async with open_service(settings, NAME, migrations=MIGRATIONS, process="web") as service:
        await service.serve(site(service, settings))


def site(service: Service, settings: Settings, *, patience: Patience | None = None) -> ASGIApp:
    """Everything that the door answers. `patience` is how long wrong words of a receipt take."""
    clock = service.transactions.clock
    secrets = Secrets.read(service.keys, settings.keys_dir)
    screens = Screens(Path(__file__).parent / "web", settings, settings.shown)
    tokens = PeopleTokens.read(settings.keys_dir, clock) if settings.local_issuer else None
    allow = partial(people.allowed, service.pool)
    desk = Desk(NAME, service.pool, clock, settings, Provider(settings), service.keys, tokens, allow, tells_who=False)
    services = [*service.events(SUBSCRIPTIONS), *internal_routes(service.transactions, secrets, service.tokens)]
    worker = Worker(settings.worker_url, service.tokens)
    door = Door(
        service.transactions,
        secrets,
        settings.duty_phone,
        settings.shared_devices,
        patience or Patience(),
        worker=worker,
    )
    calls = phone.routes(door, service.tokens)
    more = [*services, *calls, *phone.screens_of(door, screens), *sign_in_routes(desk, screens)]
    app = front(door, screens, settings, more, ready=service.database_missing, alive=service.admitted, desk=desk)
    return Recognising(app, desk, screens)


def front(
    door: Door,
    screens: Screens,
    settings: Settings,
    more: Sequence[Route] = (),
    *,
    ready: Ready,
    alive: Alive = lambda: True,
    desk: Desk | None = None,
) -> ASGIApp:
    """The door's application: the API, the form, the receipt's pages, and what more the process answers."""
    pages = [
        *form.routes(door, screens, shared_devices=settings.shared_devices, desk=desk),
        *receipt_pages.routes(door, screens),
    ]
    return application([*reports.routes(door), *pages, *more], ready=ready, alive=alive, screens=screens)


async def work(settings: Settings) -> None:
    """The worker: relays what was accepted, has texts read, follows what becomes of the reports."""
    # Loaded here, because the door must neither wait for the lexicon nor carry it.
    from services.intake.reading import PATTERNS_ALONE, read_text, reader_model

    front = httpx2.AsyncClient(base_url=settings.canary_url or settings.public_url, timeout=10, trust_env=False)
    async with front, open_service(settings, NAME, migrations=MIGRATIONS) as service:
        consumer = service.consumer(SUBSCRIPTIONS)
        reads = _Reads()
        loading = asyncio.create_task(reads.load(reader_model, patterns_alone=PATTERNS_ALONE))
        scores = scores_route(lambda text: read_text(text, received_at=settings.clock.now()).scores, service.tokens)
        health = service.worker_app([scores], consumer, away=reads.away)
        secrets = Secrets.read(service.keys, settings.keys_dir)
        reader = Loop("reader", partial(tick.run_once, service.transactions, secrets, read_text), at_most=2)
        figures = Figures(service.pool, settings.clock, usual=timedelta(hours=settings.reports_usual_hours))
        every = timedelta(seconds=settings.canary_every_seconds)
        look = min(5.0, settings.canary_every_seconds / 4 or 60)
        canaries = [
            Loop("canary", partial(tick.send_canary, service.transactions, front, every), at_most=look, woken=False),
            Loop("erase", partial(tick.erase_canaries, service.transactions), at_most=60, woken=False),
            Loop("figures", figures.run_once, at_most=30, woken=False),
        ]
        await service.work(health, consumer, [reader, *canaries])
        loading.cancel()


class _Reads:
    """What reads texts here. Where patterns read alone nothing is read, only suspected: operators are told."""

    def __init__(self) -> None:
        self._alone = False

    async def load(self, model: Callable[[], str], *, patterns_alone: str) -> None:
        """Load the reader, which takes seconds; texts that come before it wait for it in their own thread."""
        name = await asyncio.to_thread(model)
        self._alone = name == patterns_alone
        metrics.gauges(
            lambda: {"beredskab.reader.patterns_alone": float(self._alone)},
            {"beredskab.reader.patterns_alone": "1 while texts are read by patterns alone: the encoder cannot run."},
        )
        if self._alone:
            log().error("reader.patterns_alone", reason="encoder_or_trained_numbers_missing")
        else:
            log().info("reader.ready", reason=name)

    def away(self) -> list[str]:
        """What `/ready` tells as away."""
        return ["reader"] if self._alone else []


async def migrate(settings: Settings) -> None:
    """Bring the database and the topic to this code."""
    await migrate_service(settings, NAME, migrations=MIGRATIONS, topic=ReportReceived.topic)
