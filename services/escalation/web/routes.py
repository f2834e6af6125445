"""All routes, a file per noun."""

from starlette.routing import Route

from services.escalation.web import act, case, evidence, exclusion, hold
from services.escalation.web.api import Api


def routes(api: Api) -> list[Route]:
    """The routes."""
    return [*case.routes(api), *act.routes(api), *hold.routes(api), *exclusion.routes(api), *evidence.routes(api)]
