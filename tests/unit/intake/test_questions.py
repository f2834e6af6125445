"""What a reporter is asked: at most six questions, none twice, what the text may say before everything else."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.draft import Draft, parse, read_draft
from services.intake.domain.questions import MOST, WEIGHT, Why, chosen
from services.intake.domain.reading import Scored
from shared.events.codes import Answer
from shared.signs import QUESTION_OF, SIGNS, SignId

NOON = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)

SIGN = st.sampled_from([SignId(sign) for sign in SIGNS])
SCORES = st.lists(st.builds(Scored, SIGN, st.integers(0, 100), st.just(0), st.just(5)), max_size=20)
ANSWERS = st.dictionaries(SIGN, st.sampled_from(Answer), max_size=12)
AGE = st.sampled_from([None, "0-5", "6-12", "13-17", "18+", "unborn"])


def draft(answers: Mapping[SignId, Answer], age: str | None) -> Draft:
    body: dict[str, object] = {"answers": [{"sign": sign, "answer": answer} for sign, answer in answers.items()]}
    if age:
        body["children"] = [{"age_band": age, "relation": "subject"}]
    return read_draft(parse(json.dumps(body).encode()), on=NOON.date())


def test_every_sign_has_a_question() -> None:
    assert set(QUESTION_OF) == set(SIGNS)


@given(answers=ANSWERS, scores=SCORES, age=AGE)
def test_at_most_six_are_asked_and_none_that_was_answered_or_does_not_suit(
    answers: dict[SignId, Answer], scores: list[Scored], age: str | None
) -> None:
    asked = chosen(draft(answers, age), scores)
    signs = [each.sign for each in asked]
    assert len(signs) == len(set(signs)) <= MOST
    assert not set(signs) & set(answers)
    assert age not in ("0-5", "unborn") or all(QUESTION_OF[sign].day_care for sign in signs)


@given(answers=ANSWERS, scores=SCORES, age=AGE)
def test_what_the_text_may_say_is_asked_first_and_by_its_weight(
    answers: dict[SignId, Answer], scores: list[Scored], age: str | None
) -> None:
    asked = chosen(draft(answers, age), scores)
    reasons = [each.why for each in asked]
    assert reasons == sorted(reasons, key=[Why.SUSPECTED, Why.GATE, Why.WOULD_RAISE].index)
    best: dict[str, float] = {}
    for each in scores:
        weight = each.score * WEIGHT[SIGNS[each.sign].tier]
        best[each.sign] = max(weight, best.get(each.sign, 0))
    weights = [best[each.sign] for each in asked if each.why is Why.SUSPECTED]
    assert weights == sorted(weights, reverse=True)
    assert all((each.place is not None) == (each.why is Why.SUSPECTED) for each in asked)


def test_without_a_look_at_the_text_gates_and_red_lines_are_asked() -> None:
    asked = chosen(draft({}, "13-17"), [])
    gates = [sign.id for sign in SIGNS.values() if sign.gate]
    assert [each.sign for each in asked][: len(gates)] == gates
    assert len(asked) == MOST
