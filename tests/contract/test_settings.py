""".env.example and the settings classes say the same: every setting is explained, none that has gone is."""

import os
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from shared.auth.settings import SignInSettings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / ".env.example"
LINES = EXAMPLE.read_text(encoding="utf-8").splitlines()
LINE = re.compile(r"(# )?(BEREDSKAB_[A-Z0-9_]+)=(.*)")
SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/settings.py"))


def settings_of(service: str) -> Any:
    return import_module(f"services.{service}.settings").Settings


FIELDS: dict[str, FieldInfo] = {
    f"BEREDSKAB_{name}".upper(): info
    for service in SERVICES
    for name, info in settings_of(service).model_fields.items()
}
EXAMPLES = {match[2]: match for match in map(LINE.fullmatch, LINES) if match}


def elsewhere() -> set[str]:
    """The variables that the command, the compose files and the test run read."""
    files = [*(ROOT / "deploy").rglob("*.py"), *(ROOT / "deploy").rglob("*.sh"), *ROOT.glob("docker-compose*.yml")]
    read = re.compile(r"environ(?:\.get\(|\[)\"(BEREDSKAB_\w+)\"|\$\{(BEREDSKAB_\w+)")
    return {name for file in files for found in read.findall(file.read_text()) for name in found if name}


def test_every_setting_and_nothing_else_stands_in_the_example() -> None:
    missing = (FIELDS.keys() | elsewhere()) - EXAMPLES.keys()
    assert missing == set(), "add them to .env.example, each with a line above it that explains it"
    gone = EXAMPLES.keys() - FIELDS.keys() - elsewhere()
    assert gone == set(), "no settings class has them any more: take them out of .env.example"


@pytest.mark.parametrize("name", FIELDS)
def test_what_must_be_set_is_not_commented_out_and_what_need_not_shows_its_default(name: str) -> None:
    commented, _, value = EXAMPLES[name].groups()
    assert bool(commented) == (not FIELDS[name].is_required())
    if commented:
        assert value == shown(FIELDS[name].default), f"{name}: the example shows another default than the class"


def shown(default: Any) -> str:
    """A default as it would be written in the environment."""
    if isinstance(default, bool):
        return str(default).lower()
    secret = getattr(default, "get_secret_value", None)
    return "" if default is None else str(secret() if secret else default)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_variable_is_explained_by_the_line_above_it(name: str) -> None:
    before = LINES[LINES.index(EXAMPLES[name].group(0)) - 1]
    explained = before.startswith("# ") and not LINE.fullmatch(before)
    assert explained or LINE.fullmatch(before), f"{name}: say above it what it does"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_with_the_values_of_the_example(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BEREDSKAB_")]:
        monkeypatch.delenv(name)
    for name, match in EXAMPLES.items():
        monkeypatch.setenv(name, match[3])
    assert settings_of(service)().http_port == 8001


LOCAL = {"oidc_issuer": "http://127.0.0.1:8005", "local_issuer": True}


@pytest.mark.parametrize(
    "issuer", ["https://idp.kommune.example", "http://sign-in.localhost:8005", "https://localhost.evil.example", ""]
)
def test_the_local_issuer_is_refused_beside_any_other(issuer: str, tmp_path: Path) -> None:
    given = {
        "database_url": "x",
        "kafka_bootstrap_servers": "x",
        "keys_dir": tmp_path,
        "http_port": 1,
        "public_url": "x",
        "oidc_client_secret": "x",
    }
    assert SignInSettings(**given | LOCAL).local_issuer is True  # type: ignore[arg-type]
    assert SignInSettings(**given, oidc_issuer=issuer).local_issuer is False  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="local_issuer"):
        SignInSettings(**given | LOCAL | {"oidc_issuer": issuer})  # type: ignore[arg-type]
