"""Situations as consultants meet them, coded with care, and how urgent a wise one would call them."""

import pytest

from shared.events.codes import AgeBand, Level
from tests.support.facts import NO_DANGER, rated, report

# fmt: off
# ruff: noqa: E501
ACUTE = [
    ("a family council, and she is sure that they will kill her", "fear.killed threat.concrete"),
    ("lured home from a shelter by a call about an ill mother", "address.protected_found"),
    ("a one-way ticket for Friday, and father has the passport", "travel.soon+3 travel.passport_taken"),
    ("14, to be engaged on Saturday", "marriage.planned+4 marriage.pressure"),
    ("15, to be married in summer, and her phone was taken last Sunday", "marriage.planned+120 control.phone_or_money"),
    ("a letter of farewell, and pills for tonight", "life.self_harm+0"),
    ("would rather die than marry him", "life.self_harm marriage.pressure marriage.planned"),
    ("he took her by the throat last year", f"violence.strangulation@earlier {NO_DANGER}"),
    ("a feast is spoken of for the girl of five on the journey", "body.fgm_risk travel.planned+20"),
    ("pictures will go to her father unless she pays", "images.threat"),
    ("father knows what she told the teacher, and she is watched", f"disclosure.family_knows watched.by_relatives {NO_DANGER}"),
    ("abroad since the holidays, and nobody can reach her", "travel.abroad_now"),
    ("15, wed by the family in a living room", "marriage.entered"),
    ("leaves for the war on Monday", "extremism.serious travel.soon"),
    ("15, cannot refuse, and there is to be a wedding", "marriage.no_capacity marriage.planned"),
    ("not seen since yesterday", "freedom.missing"),
    ("locked in since the rumour", "freedom.held_at_home relation.known_or_rumoured"),
    ("back by force after two nights at a friend's", "return.forced"),
    ("to grandmother for good, the flight is in ten days", "travel.forced_departure travel.planned+10"),
    ("a certificate is demanded, and there is a wedding in three weeks", "body.virginity_control marriage.planned+21"),
    ("hit yesterday, the third time since Christmas", "violence.now escalation.growing"),
    ("pictures of weapons, and he leaves for the war next week", "extremism.serious travel.planned+7"),
    ("a knife was shown to her at home", "weapon.present"),
]
ACUTE_ADULTS = [
    ("19, to be married in two weeks against her will", "marriage.planned+14 marriage.pressure"),
    ("20, cannot refuse, to be married next month", "marriage.no_capacity marriage.planned+25"),
]
HIGH = [
    ("cousins at the door, the phone read, and rumours", "watched.by_relatives control.phone_or_money relation.known_or_rumoured"),
    ("cuts herself", f"life.self_harm {NO_DANGER}"),
    ("shall live with the grandparents after the school year", "travel.forced_departure"),
    ("her boyfriend is told to keep away or else", f"threat.others {NO_DANGER}"),
    ("called names and watched every hour, and afraid", f"violence.psychological fear.extreme {NO_DANGER}"),
    ("is refused a divorce", f"marriage.pressure {NO_DANGER}"),
    ("told of blows on Monday, and says now that it was not true", f"violence.now@earlier story.withdrawn {NO_DANGER}"),
    ("spreads films that praise killing", f"extremism.serious {NO_DANGER}"),
    ("three months of leave asked for; the sister married at 16", "absence.leave_requested family.sibling_married_or_fled"),
    ("has not come back after the holidays, and the leave was refused", "absence.long absence.leave_requested"),
    ("changes clothes at school, and a brother keeps watch", "role.double_life watched.by_relatives"),
    ("pregnant, nobody may know, and they talk", "body.hidden_pregnancy relation.known_or_rumoured"),
    ("very afraid of the journey in the summer", f"fear.extreme travel.planned+90 {NO_DANGER}"),
    ("outed on a chat, and the phone is searched every night", "relation.sexuality_exposed control.phone_or_money"),
    ("was threatened last year", "threat.concrete@earlier !violence.now"),
    ("was kept at home for two weeks in spring", f"freedom.held_at_home@earlier {NO_DANGER}"),
    ("no sports, no phone, no friends", "control.activities control.phone_or_money control.isolation"),
    ("guarded, not allowed to swim, marks falling", "watched.by_relatives control.activities wellbeing.decline"),
]
ELEVATED = [
    ("not allowed to swim or to camp, and sad since Christmas", "control.activities wellbeing.decline"),
    ("takes off her scarf at school, and a cousin tells on her", "control.dress_or_contact watched.by_relatives"),
    ("six weeks at grandmother's, return ticket, leave asked for", f"travel.planned+40 absence.leave_requested {NO_DANGER}"),
    ("off to the sun in three days with a return ticket", f"travel.soon travel.planned+3 {NO_DANGER}"),
    ("mother knows that the school reports, and nothing else is said", f"disclosure.family_knows {NO_DANGER}"),
    ("shares films of a circle he has joined", f"extremism.content extremism.contact {NO_DANGER}"),
    ("runes on the bag, new friends on the net", f"extremism.other {NO_DANGER}"),
    ("mother was forced to marry 18 years ago and wants another life for her girls", "family.honour_violence_earlier"),
    ("away for weeks, and nobody says why", f"absence.long {NO_DANGER}"),
    ("shakes when the bell rings", f"fear.extreme {NO_DANGER}"),
    ("a colleague has a general question", ""),
    ("not with the class at a birthday, and nobody asked more", "control.activities"),
    ("translates for mother, and father wants a woman to change the child", f"role.interpreter control.gender_rules_on_staff {NO_DANGER}"),
    ("he was slapped as a small boy", f"violence.earlier {NO_DANGER}"),
]
LOW = [
    ("wears a scarf by her own choice and is with them in everything", f"!control.dress_or_contact !control.activities !fear.extreme {NO_DANGER}"),
    ("never at swimming, and is else as always", f"control.activities {NO_DANGER}"),
    ("translated once at a meeting", f"role.interpreter {NO_DANGER}"),
    ("tired and behind after a flu", f"wellbeing.decline {NO_DANGER}"),
    ("nothing but a worry without a reason", NO_DANGER),
]

# fmt: on


@pytest.mark.parametrize(
    ("facts", "level"),
    [
        pytest.param(facts, level, id=situation)
        for level, situations in (
            (Level.ACUTE, ACUTE),
            (Level.HIGH, HIGH),
            (Level.ELEVATED, ELEVATED),
            (Level.LOW, LOW),
        )
        for situation, facts in situations
    ],
)
def test_a_situation_is_as_urgent_as_a_wise_consultant_would_call_it(facts: str, level: Level) -> None:
    assert rated(facts).level is level


@pytest.mark.parametrize("facts", [pytest.param(facts, id=situation) for situation, facts in ACUTE_ADULTS])
def test_a_forced_wedding_that_is_near_is_acute_for_adults_too(facts: str) -> None:
    assert rated(report(facts, bands=(AgeBand.ADULT,))).level is Level.ACUTE
