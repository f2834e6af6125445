"""Bearer tokens: of people, and of services among themselves."""

from datetime import timedelta
from pathlib import Path

import pytest

from deploy.local.keys import person_token
from shared.auth import NotSignedIn
from shared.auth.bearer import OtherTime
from shared.auth.people import PeopleTokens, Role, person_of
from shared.auth.services import ServiceTokens
from shared.ids import new_id
from tests.support.services import NOON, Hands

PERSON = new_id()


def token(keys: Path, **changes: object) -> str:
    person: dict[str, object] = {"person_id": PERSON, "roles": ["consultant"], "units": ["*"], "now": NOON}
    return person_token(keys, lasts=timedelta(hours=1), **{**person, **changes})  # type: ignore[arg-type]


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


def test_who_is_said_to_serve_no_unit_serves_none() -> None:
    claims = {"sub": str(PERSON), "roles": ["reporter"], "auth_time": NOON.timestamp()}
    assert person_of(claims).units == frozenset()
    assert person_of({**claims, "units": ["noerrebro"]}).units == {"noerrebro"}
    with pytest.raises(NotSignedIn):
        person_of({**claims, "units": None})


def test_a_role_nobody_knows_signs_nobody_in(keys: Path) -> None:
    with pytest.raises(NotSignedIn):
        PeopleTokens.read(keys / "escalation", Hands()).person(f"Bearer {token(keys, roles=['king'])}")


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
