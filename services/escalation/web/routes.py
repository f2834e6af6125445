"""All routes, a file per noun."""

from starlette.routing import Route

from services.escalation.web import (
    act,
    belonging,
    break_glass,
    case,
    contact,
    deadline,
    evidence,
    exclusion,
    hold,
    operations,
    phone,
    reach,
    rota,
    search,
    supervision,
)
from services.escalation.web.api import Api


def routes(api: Api) -> list[Route]:
    """The routes."""
    nouns = (
        case,
        act,
        belonging,
        phone,
        deadline,
        hold,
        exclusion,
        rota,
        break_glass,
        contact,
        reach,
        evidence,
        search,
        supervision,
        operations,
    )
    return [route for noun in nouns for route in noun.routes(api)]
