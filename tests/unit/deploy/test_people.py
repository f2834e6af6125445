"""Who the command acts as."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.cli.people import person_with
from deploy.local.trouble import Trouble
from shared.auth.people import Role

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SEED = """
[[people]]
id = "00000000-0000-4000-8000-000000000001"
name = "Away"
roles = ["consultant"]

[[people]]
id = "00000000-0000-4000-8000-000000000002"
name = "On duty"
roles = ["consultant"]

[[shifts]]
person = "00000000-0000-4000-8000-000000000002"
starts_at = 2026-03-10T00:00:00+01:00
ends_at = 2026-03-11T00:00:00+01:00
"""


@pytest.mark.parametrize("role", Role)
def test_the_seed_has_somebody_for_every_role(role: Role) -> None:
    assert role in person_with(role, now=NOON).roles


def test_whoever_is_on_duty_comes_first(tmp_path: Path) -> None:
    (tmp_path / "seed.toml").write_text(SEED)
    assert person_with(Role.CONSULTANT, now=NOON, seed_file=tmp_path / "seed.toml").name == "On duty"
    later = NOON.replace(day=12)
    assert person_with(Role.CONSULTANT, now=later, seed_file=tmp_path / "seed.toml").name == "Away"


def test_a_role_nobody_has_is_told(tmp_path: Path) -> None:
    (tmp_path / "seed.toml").write_text(SEED)
    with pytest.raises(Trouble, match=r"seed\.toml has nobody with the role leader"):
        person_with(Role.LEADER, now=NOON, seed_file=tmp_path / "seed.toml")
