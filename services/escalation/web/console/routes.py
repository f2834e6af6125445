"""The screens' addresses. What a form posts to is the API's act of the same name."""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.escalation.web.console import (
    Console,
    assessment,
    belonging,
    break_glass,
    brief,
    case,
    drafts,
    hold,
    judgement,
    ladders,
    leader,
    me,
    operations,
    people,
    phone,
    phone_answer,
    search,
    supervision,
    week,
    work,
)
from services.escalation.web.console.act import Shape, posted

Screen = Callable[[Console, Request], Awaitable[Response]]

_SCREENS: dict[str, Screen] = {
    "/": work.first_screen,
    "/work": work.work_screen,
    "/reach": leader.reach_screen,
    "/rota": week.rota_screen,
    "/ladders": ladders.ladders_screen,
    "/people": people.people_screen,
    "/people/new": people.new_screen,
    "/break-glass": break_glass.codes_screen,
    "/me": me.me_screen,
    "/search": search.search_screen,
    "/closed": search.closed_screen,
    "/supervision": supervision.home_screen,
    "/supervision/searches": supervision.searches_screen,
    "/supervision/{id}": supervision.case_screen,
    "/operations": operations.operations_screen,
    "/cases/{id}": case.case_screen,
    "/cases/{id}/news": case.news,
    "/cases/{id}/assessment": assessment.assessment_screen,
    "/cases/{id}/phone-answer": phone_answer.answer_screen,
    "/cases/{id}/reports/{report_id:uuid}": case.whole_screen,
    "/cases/{id}/assessments/{assessment_id:uuid}": case.assessment_screen,
    "/cases/{id}/link": belonging.link_screen,
    "/cases/{id}/{form}": case.form_screen,
}
_ASKED: dict[str, Screen] = {
    "/rota": leader.change_rota,
    "/ladders": ladders.change_ladder,
    "/people": people.change_person,
    "/people/new": people.add_person,
    "/break-glass": break_glass.make_code,
    "/me": me.change_contact,
    "/me/confirm": me.confirm,
    "/me/proof": me.want_test,
    "/search": search.find,
    "/supervision/export": supervision.export_all,
    "/supervision/{id}/export": supervision.export_case,
    "/brief": brief.say_read,
    "/work/acknowledge": work.take_all,
    "/cases/{id}/purpose": case.say_purpose,
    "/cases/{id}/print": case.print_screen,
    "/cases/{id}/known": case.know_nobody,
    "/cases/{id}/link": belonging.link,
    "/cases/{id}/hold": hold.decide,
    "/cases/{id}/assessment/draft": assessment.save_draft,
    "/cases/{id}/drafts/{what}": drafts.save,
    "/cases/{id}/phone-answer": phone_answer.save_answer,
}
_ACTS: dict[str, tuple[str, Shape | None]] = {
    "/cases/{id}/acknowledge": ("taken", None),
    "/cases/{id}/cannot": ("cannot", None),
    "/cases/{id}/conflict": ("conflict", None),
    "/cases/{id}/close": ("close", None),
    "/cases/{id}/handover": ("handover", None),
    "/cases/{id}/phone-report": ("phoned", phone.shaped),
    "/cases/{id}/unit": ("unit_moved", None),
    "/cases/{id}/proposals/{proposal_id:uuid}": ("proposal", belonging.proposal),
    "/cases/{id}/unlink": ("unlinked", belonging.unlink),
    "/cases/{id}/split": ("split", belonging.split),
    "/cases/{id}/raise": ("raised", None),
    "/cases/{id}/lower": ("lower", None),
    "/exclusions": ("excluded", None),
    "/cases/{id}/assessment": ("assessed", assessment.shaped),
    "/reports/{id}/judgement": ("judged", judgement.single),
    "/reports/{id}/reporter-verified": ("called_back", None),
    "/cases/{id}/judgements": ("judged_alike", judgement.shaped),
    "/countersign/{id}": ("countersigned", None),
}
"""Each with the sentence that confirms it, and what makes the act's JSON of its fields."""


def screen_routes(console: Console) -> list[BaseRoute]:
    """The routes, on top of the API's."""
    return [
        *(Route(path, partial(screen, console), methods=["POST"]) for path, screen in _ASKED.items()),
        *(
            Route(path, posted(console, f"/v1{path}", done=done, shape=shape), methods=["POST"])
            for path, (done, shape) in _ACTS.items()
        ),
        *(Route(path, partial(screen, console), methods=["GET"]) for path, screen in _SCREENS.items()),
    ]
