"""Bearer tokens: of people, and of services among themselves."""

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from deploy.local.keys import person_token
from shared.auth import NotSignedIn
from shared.auth.bearer import OtherTime
from shared.auth.claims import PeopleTokens, person_of
from shared.auth.people import Person, Role
from shared.auth.services import ServiceTokens
from shared.ids import PersonId, new_id
from tests.support.services import NOON, Hands

PERSON = new_id()


def token(keys: Path, **changes: object) -> str:
    person: dict[str, object] = {"person_id": PERSON, "roles": ["consultant"], "units": ["*"], "now": NOON}
    return person_token(keys, **{**person, "lasts": timedelta(hours=1), **changes})  # type: ignore[arg-type]


def test_a_token_names_the_person(keys: Path) -> None:
    person = PeopleTokens.read(keys / "escalation", Hands()).person(f"Bearer {token(keys)}")
    assert (person.person_id, person.roles, person.units) == (PERSON, {Role.CONSULTANT}, {"*"})
    assert person.authenticated_at == NOON


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic eDp5", "Bearer a.b.c", "Bearer ø"])
def test_no_token_is_not_signed_in(keys: Path, header: str | None) -> None:
    with pytest.raises(NotSignedIn):
        PeopleTokens.read(keys / "escalation", Hands()).person(header)


def test_a_token_ends(keys: Path) -> None:
    late = Hands(NOON + timedelta(hours=2))
    with pytest.raises(NotSignedIn):
        PeopleTokens.read(keys / "escalation", late).person(f"Bearer {token(keys)}")


SAID = {"sub": str(PERSON), "roles": ["reporter"], "auth_time": NOON.timestamp()}


def test_who_is_said_to_serve_no_unit_serves_none() -> None:
    assert person_of(SAID, now=NOON).units == frozenset()
    assert person_of({**SAID, "units": ["noerrebro"]}, now=NOON).units == {"noerrebro"}


@pytest.mark.parametrize("units", [None, "*", "*-team", {"*": 1}, ["noerrebro", 4], 7])
def test_units_that_are_no_list_of_words_sign_nobody_in(units: object) -> None:
    with pytest.raises(NotSignedIn) as refused:
        person_of({**SAID, "units": units}, now=NOON)
    assert refused.value.reason == "units_not_a_list"


@pytest.mark.parametrize("roles", [["consultant", "offline_access"], ["uma_authorization", "consultant", "kong ø"]])
def test_a_role_nobody_knows_is_ignored(keys: Path, roles: list[str]) -> None:
    person = PeopleTokens.read(keys / "escalation", Hands()).person(f"Bearer {token(keys, roles=roles)}")
    assert person.roles == {Role.CONSULTANT}


def test_an_unknown_role_is_logged_once_and_never_what_is_no_code() -> None:
    with capture_logs() as logs:
        for _ in range(3):
            person_of({**SAID, "roles": ["reporter", "a-brand-new-role", "Ærlig tekst om nogen"]}, now=NOON)
    told = sorted(entry["reason"] for entry in logs)
    assert told == ["a-brand-new-role", "not_a_code"]


@pytest.mark.parametrize("roles", ["consultant", None, [1], {"consultant": True}])
def test_roles_that_are_no_list_of_words_sign_nobody_in(roles: object) -> None:
    with pytest.raises(NotSignedIn) as refused:
        person_of({**SAID, "roles": roles}, now=NOON)
    assert refused.value.reason == "roles_not_a_list"


@pytest.mark.parametrize(
    "auth_time", [None, "now", True, float("nan"), float("inf"), -1, NOON.timestamp() + 31, NOON.timestamp() + 10**9]
)
def test_a_sign_in_of_the_future_or_of_no_moment_is_none(auth_time: object) -> None:
    with pytest.raises(NotSignedIn) as refused:
        person_of({**SAID, "auth_time": auth_time}, now=NOON)
    assert refused.value.reason == "auth_time"


def test_a_clock_half_a_minute_ahead_signs_in() -> None:
    assert person_of({**SAID, "auth_time": NOON.timestamp() + 30}, now=NOON).roles == {Role.REPORTER}


def test_a_token_that_is_good_for_too_long_is_refused(keys: Path) -> None:
    people = PeopleTokens.read(keys / "escalation", Hands())
    assert people.person(f"Bearer {token(keys, lasts=timedelta(hours=12))}").person_id == PERSON
    for lasts in (timedelta(hours=12, seconds=1), timedelta(days=3650)):
        with pytest.raises(NotSignedIn) as refused:
            people.person(f"Bearer {token(keys, lasts=lasts)}")
        assert refused.value.reason == "lifetime"


@pytest.mark.parametrize(
    ("said", "allowed", "left"),
    [
        ({"*"}, {"noerrebro"}, {"noerrebro"}),
        ({"noerrebro", "amager"}, {"noerrebro", "valby"}, {"noerrebro"}),
        ({"noerrebro"}, {"*"}, {"noerrebro"}),
        ({"noerrebro"}, set(), set()),
    ],
)
def test_a_token_gives_no_more_than_is_allowed(said: set[str], allowed: set[str], left: set[str]) -> None:
    person = Person(PersonId(PERSON), frozenset({Role.LEADER, Role.CONSULTANT}), frozenset(said), NOON)
    cut = person.cut(["consultant", "auditor"], allowed)
    assert (cut.roles, cut.units) == ({Role.CONSULTANT}, left)


def test_a_service_proves_itself_to_the_one_it_calls(keys: Path) -> None:
    call = ServiceTokens.read(keys / "intake", "intake", Hands()).token("triage")
    assert ServiceTokens.read(keys / "triage", "triage", Hands()).caller(f"Bearer {call}") == "intake"
    with pytest.raises(NotSignedIn):
        ServiceTokens.read(keys / "notify", "notify", Hands()).caller(f"Bearer {call}")


@pytest.mark.parametrize("apart", [-30, -29, -1, 1, 29, 30, 59])
def test_services_whose_clocks_differ_by_seconds_still_hear_each_other(keys: Path, apart: int) -> None:
    call = ServiceTokens.read(keys / "intake", "intake", Hands()).token("triage")
    later = Hands(NOON + timedelta(seconds=apart))
    assert ServiceTokens.read(keys / "triage", "triage", later).caller(f"Bearer {call}") == "intake"


@pytest.mark.parametrize("apart", [-7200, -31, 60, 7200])
def test_services_whose_clocks_differ_by_more_refuse_each_other_and_say_why(keys: Path, apart: int) -> None:
    call = ServiceTokens.read(keys / "intake", "intake", Hands()).token("triage")
    later = Hands(NOON + timedelta(seconds=apart))
    with pytest.raises(OtherTime) as refused:
        ServiceTokens.read(keys / "triage", "triage", later).caller(f"Bearer {call}")
    assert refused.value.key_id == "intake"


def told(output: str) -> int:
    return output.count("auth.clocks_differ")


@pytest.mark.parametrize("apart", [-7200, -31])
def test_a_call_from_a_clock_that_is_ahead_is_an_alarm_at_once(
    keys: Path, apart: int, capsys: pytest.CaptureFixture[str]
) -> None:
    test_services_whose_clocks_differ_by_more_refuse_each_other_and_say_why(keys, apart)
    assert told(capsys.readouterr().out) == 1


def test_calls_that_waited_before_a_shut_door_are_no_alarm_and_those_of_a_clock_behind_are(
    keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    caller, hands = Hands(), Hands(NOON + timedelta(minutes=7))
    late = ServiceTokens.read(keys / "intake", "intake", caller).token("triage")
    door = ServiceTokens.read(keys / "triage", "triage", hands)
    for seconds in (0, 1, 4):  # the backlog, when the process is there again
        hands.pass_by(seconds=seconds)
        with pytest.raises(OtherTime):
            door.caller(f"Bearer {late}")
    assert told(capsys.readouterr().out) == 0
    good = ServiceTokens.read(keys / "intake", "intake", hands).token("triage")
    assert door.caller(f"Bearer {good}") == "intake"
    for seconds in (60, 11):  # after a good one it is counted anew
        hands.pass_by(seconds=seconds)
        with pytest.raises(OtherTime):
            door.caller(f"Bearer {late}")
    assert told(capsys.readouterr().out) == 1


def test_a_token_for_another_service_is_no_matter_of_clocks(keys: Path) -> None:
    call = ServiceTokens.read(keys / "intake", "intake", Hands()).token("notify")
    with pytest.raises(NotSignedIn) as refused:
        ServiceTokens.read(keys / "triage", "triage", Hands()).caller(f"Bearer {call}")
    assert not isinstance(refused.value, OtherTime)


def test_a_service_cannot_speak_for_another(keys: Path) -> None:
    impostor = ServiceTokens.read(keys / "notify", "intake", Hands()).token("triage")
    with pytest.raises(NotSignedIn):
        ServiceTokens.read(keys / "triage", "triage", Hands()).caller(f"Bearer {impostor}")


def test_a_person_is_no_service_and_a_service_no_person(keys: Path) -> None:
    with pytest.raises(NotSignedIn):
        ServiceTokens.read(keys / "triage", "triage", Hands()).caller(f"Bearer {token(keys)}")
    call = ServiceTokens.read(keys / "intake", "intake", Hands()).token("beredskab")
    with pytest.raises(NotSignedIn):
        PeopleTokens.read(keys / "triage", Hands()).person(f"Bearer {call}")
