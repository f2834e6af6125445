"""triage put together: which facts it hears, the tick that watches dates, the published rules."""

from functools import partial
from pathlib import Path

from services.triage import handlers, tick
from services.triage.settings import Settings
from services.triage.web import routes
from shared.delivery import DELIVERY
from shared.delivery.inbox import On
from shared.events.intake import LinkDecided, ReportRead, ReportReceived, ReportsSplit
from shared.events.triage import CaseRated
from shared.postgres.migrations import migrations_in
from shared.process import Loop, Service, migrate_service, open_service
from shared.web.screens import Screens

NAME = "triage"
MIGRATIONS = migrations_in(DELIVERY, Path(__file__).parent)
SUBSCRIPTIONS = (
    On(ReportReceived, handlers.report_received),
    On(ReportRead, handlers.report_read),
    On(LinkDecided, handlers.link_decided),
    On(ReportsSplit, handlers.reports_split),
)


async def work(settings: Settings) -> None:
    """Hear of reports, rate their cases, rate again when a date has come near; show the rules."""
    async with open_service(settings, NAME, migrations=MIGRATIONS) as service:
        screens = Screens(Path(__file__).parent / "web", settings)
        consumer = service.consumer(SUBSCRIPTIONS)
        web = service.worker_app([*routes(screens), *service.events(SUBSCRIPTIONS)], consumer, screens)
        await service.work(web, consumer, _loops(service))


async def migrate(settings: Settings) -> None:
    """Bring the database and the topic to this code."""
    await migrate_service(settings, NAME, migrations=MIGRATIONS, topic=CaseRated.topic)


def _loops(service: Service) -> list[Loop]:
    transactions = service.transactions
    return [
        Loop("tick", partial(tick.run_once, transactions), at_most=2, woken=False),
        Loop("erase", partial(tick.erase_once, transactions), at_most=60, woken=False),
    ]
