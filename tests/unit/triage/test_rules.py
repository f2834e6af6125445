"""Every published rule does something that no other rule does, and no rule can speak of who somebody is."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from services.triage import rules
from services.triage.rules import VERSIONS, RuleRefused, newest, parse, rule_set
from shared.events.codes import AgeBand, Level
from shared.signs import SIGNS, Sign
from tests.support.facts import NO_DANGER, RULES, rated, report

EXAMPLES = {
    "acute_threat": "threat.concrete",
    "acute_violence": "violence.strangulation@earlier",
    "acute_sexual": "images.threat",
    "acute_departure": "travel.passport_taken",
    "acute_travel_soon": "travel.soon control.isolation",
    "acute_return": "address.protected_found",
    "acute_freedom": "freedom.missing",
    "acute_genital_mutilation": "body.fgm_risk",
    "acute_disclosure": "disclosure.family_knows control.isolation",
    "acute_wedding_near": "marriage.planned+30",
    "acute_wed_minor": "marriage.entered",
    "acute_wedding_cut_off": "marriage.planned absence.leave_requested",
    "acute_forced_wedding_near": "marriage.pressure marriage.planned+30 18+",
    "acute_wedding_cannot_refuse": "marriage.no_capacity marriage.planned 18+",
    "acute_virginity_and_wedding": "body.virginity_control marriage.planned 18+",
    "acute_sent_away_near": "travel.forced_departure+14",
    "acute_journey_to_wedding": "marriage.pressure travel.planned+14",
    "acute_self_harm_concrete": "life.self_harm+7",
    "acute_self_harm_under_force": "life.self_harm marriage.pressure",
    "acute_extremism_departure": "extremism.serious travel.planned+14",
    "high_marriage": "marriage.no_capacity",
    "high_psychological_violence": "violence.psychological control.isolation",
    "high_wed": "marriage.entered 18+",
    "high_threat_to_others": "threat.others",
    "high_sent_away": "travel.forced_departure",
    "high_self_harm": "life.self_harm",
    "high_extremism": "extremism.serious",
    "high_earlier_danger": "threat.concrete@earlier",
    "high_control_and_honour": "control.phone_or_money relation.known_or_rumoured",
    "high_control_and_history": "control.isolation violence.now@earlier",
    "high_control_and_departure": "body.virginity_control travel.planned",
    "high_control_and_reaction": "watched.by_relatives story.withdrawn",
    "high_honour_and_history": "relation.sexuality_exposed family.sibling_married_or_fled",
    "high_honour_and_departure": "body.hidden_pregnancy absence.long",
    "high_honour_and_reaction": "relation.known_or_rumoured fear.extreme",
    "high_history_and_departure": "family.honour_violence_earlier travel.planned",
    "high_history_and_reaction": "violence.earlier escalation.growing",
    "high_departure_and_reaction": "travel.planned fear.extreme",
    "high_guarded": "watched.by_relatives control.phone_or_money",
    "high_shut_in": "control.phone_or_money control.isolation control.activities",
    "high_controlled_and_unwell": "control.isolation control.dress_or_contact wellbeing.decline",
    "high_honour_and_restriction": "relation.known_or_rumoured control.activities",
    "high_violence_and_restriction": "violence.earlier control.forced_activities",
    "high_afraid_and_restricted": "fear.extreme role.double_life",
    "high_double_life_watched": "role.double_life watched.by_relatives",
    "high_pregnant_and_known": "body.hidden_pregnancy relation.known_or_rumoured",
    "high_family_pattern": "violence.earlier family.sibling_married_or_fled",
    "high_absent_and_leaving": "absence.long absence.leave_requested",
    "high_afraid_and_worse": "fear.extreme escalation.growing",
    "high_extremism_pattern": "extremism.other extremism.serious@earlier",
    "suspected_red_line": "~fear.killed",
    "elevated_strong": "absence.long",
    "elevated_concerns_together": "role.interpreter control.gender_rules_on_staff",
    "elevated_psychological_violence": "violence.psychological",
    "elevated_extremism": "extremism.other",
    "elevated_unanswered": "?violence.now",
    "suspected_any": "~wellbeing.decline",
}
"""For each rule, facts that it alone brings to its level."""

ENTRY = """
version = 9
published = 2026-11-25
changes = {{ danish = "", english = "" }}
[[rules]]
id = "{id}"
level = "high"
danish = "{danish}"
english = "There is a strong sign."
source = ""
{condition}
"""


def entry(
    *, id: str = "high_x", danish: str = "Der er et tegn.", condition: str = 'one_of_each = [["fear.extreme"]]'
) -> str:
    return ENTRY.format(id=id, danish=danish, condition=condition)


def example(rule_id: str) -> tuple[str, bool]:
    """The example without danger otherwise, and whether it is about somebody of 18 or over."""
    words = EXAMPLES[rule_id].split()
    facts = " ".join(word for word in words if word != "18+")
    return (facts if "?" in facts else f"{facts} {NO_DANGER}"), "18+" in words


def test_every_rule_has_an_example() -> None:
    assert list(EXAMPLES) == [rule.id for rule in RULES.rules]


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_without_the_rule_its_example_is_rated_lower(rule: rules.Rule) -> None:
    facts, adult = example(rule.id)
    about = report(facts, bands=(AgeBand.ADULT if adult else AgeBand.YOUTH,))
    others = replace(RULES, rules=tuple(each for each in RULES.rules if each is not rule))
    assert rated(about).level is rule.level
    assert rated(about, rules=others).level.rank < rule.level.rank


@pytest.mark.parametrize("sign", SIGNS.values(), ids=lambda sign: sign.id)
def test_a_sign_alone_is_rated_by_its_tier(sign: Sign) -> None:
    others = [fact for fact in NO_DANGER.split() if fact != f"!{sign.id}"]
    level = rated(" ".join([sign.id, *others])).level
    of_tier = {"acute": Level.ACUTE, "high": Level.HIGH, "strong": Level.ELEVATED, "concern": Level.LOW}
    on_their_own = ("extremism.other", "extremism.contact", "extremism.content", "extremism.sudden_change")
    beside_a_danger = ("travel.soon", "disclosure.family_knows")
    elevated = sign.id in (*on_their_own, *beside_a_danger)
    assert level is (Level.ELEVATED if elevated else of_tier[sign.tier])


def test_every_sign_is_named_by_a_rule() -> None:
    assert {sign for rule in RULES.rules for sign in (*rule.signs, *rule.unanswered)} == set(SIGNS)


def test_the_gates_are_those_of_the_catalogue() -> None:
    asked = {sign for rule in RULES.rules for sign in rule.unanswered}
    assert asked == {sign.id for sign in SIGNS.values() if sign.gate}


def test_the_newest_version_rates_and_an_unknown_one_is_not_there() -> None:
    assert newest() is rule_set(VERSIONS[-1])
    with pytest.raises(LookupError):
        rule_set(VERSIONS[-1] + 1)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_is_named_like_its_version_and_gives_every_rule_its_words_and_its_source(version: int) -> None:
    assert rule_set(version).version == version
    for rule in rule_set(version).rules:
        assert rule.danish.endswith(".")
        assert rule.english.endswith(".")
        assert rule.source


def test_the_smallest_rule_set_loads() -> None:
    assert [rule.id for rule in parse(entry()).rules] == ["high_x"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"condition": 'nationality = "xx"\none_of_each = [["fear.extreme"]]'}, "nationality is nothing a rule may"),
        ({"condition": 'country = "xx"\none_of_each = [["fear.extreme"]]'}, "country is nothing"),
        ({"condition": 'name = "x"\none_of_each = [["fear.extreme"]]'}, "name is nothing"),
        ({"condition": 'language_unread = true\none_of_each = [["fear.extreme"]]'}, "language_unread is nothing"),
        ({"condition": 'one_of_each = [[{ sign = "fear.extreme", address = "x" }]]'}, "address is nothing a rule"),
        ({"condition": 'one_of_each = [["religion.strict"]]'}, "religion.strict is not a sign"),
        ({"condition": 'unanswered = ["ethnicity"]'}, "ethnicity is not a sign"),
        ({"condition": ""}, "needs one of"),
        ({"condition": 'one_of_each = []'}, "needs one of"),
        ({"condition": 'one_of_each = [[]]'}, "needs one of"),
        ({"id": "high_islam"}, "it names “islam”"),
        ({"id": "High"}, "an id is a lower-case word"),
        ({"danish": "Familien er fra Somalia."}, "it names “somalia”"),
        ({"danish": "Familien taler et andet sprog."}, "it names “sprog”"),
        ({"danish": "Familien er meget religiøs."}, "it names “religiøs”"),
        ({"danish": "Etnisk minoritet."}, "it names “etnisk”"),
        ({"danish": "Hun har tørklæde på."}, "it names “tørklæde”"),
        ({"danish": "Efternavnet går igen."}, "it names “efternavnet”"),
        ({"danish": "Bopælen er kendt."}, "it names “bopælen”"),
    ],
)  # fmt: skip
def test_a_rule_that_names_what_somebody_is_or_comes_from_is_refused(changes: dict[str, str], reason: str) -> None:
    with pytest.raises(RuleRefused, match=re.escape(reason)):
        parse(entry(**changes))


def test_a_condition_can_be_read() -> None:
    terms = '["fear.extreme", "violence.now@earlier", { sign = "travel.planned@now", within_days = 3, undated = true }]'
    (rule,) = parse(entry(condition=f"one_of_each = [{terms}]")).rules
    assert [str(term) for term in rule.one_of_each[0]] == [
        "fear.extreme",
        "violence.now@earlier",
        "travel.planned@now within 3 days or undated",
    ]


def test_an_id_used_twice_is_refused() -> None:
    rule = "[[rules]]" + entry().split("[[rules]]")[1]
    with pytest.raises(RuleRefused, match="twice"):
        parse(entry() + rule)


def test_a_sign_of_the_catalogue_that_named_a_faith_would_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "SIGNS", {**SIGNS, "religion.strict": SIGNS["fear.extreme"]})
    with pytest.raises(RuleRefused, match="it names “religion”"):
        parse(entry(condition='one_of_each = [["religion.strict"]]'))


def test_the_refused_words_are_read_from_a_file_that_a_consultant_can_extend() -> None:
    assert "somal" in (Path(rules.__file__).parent / "refused.toml").read_text(encoding="utf-8")
