"""Where a stack lives, and what it keeps there."""

import json
from pathlib import Path

import pytest

from deploy.local.place import Place


def secrets(home: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((home / "secrets.json").read_text())
    return found


def test_passwords_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    place = Place(tmp_path / "home", 8000)
    place.ensure_secrets()
    made = secrets(place.home)
    place.ensure_secrets()
    assert secrets(place.home) == made
    assert (place.home / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_folder_of_an_older_version_gets_the_passwords_it_lacks_and_keeps_its_own(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"postgres": "old"}')
    place = Place(tmp_path, 8000)
    place.ensure_secrets()
    assert place.password("postgres") == "old"
    assert place.urls().keys() >= {"intake", "sign_in", "postgres"}


@pytest.mark.parametrize("base", ["", "8000"])
def test_without_a_wish_the_ports_count_from_8000(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEREDSKAB_PORT_BASE", base)
    assert Place.chosen().http("intake-web") == "http://127.0.0.1:8001"
