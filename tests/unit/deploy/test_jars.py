"""Java archives are the ones the lock names, or they are not used."""

import hashlib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deploy.local.jars import Jar, ensure_jars, locked
from deploy.local.trouble import Trouble

GOOD = b"PK what the lock names"
JAR = Jar("dk.example", "kafka", "1.0", "", hashlib.sha256(GOOD).hexdigest())


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """The folder that a registry serves, with the archive in it."""
    folder = tmp_path / "registry"
    JAR.under(folder).parent.mkdir(parents=True)
    JAR.under(folder).write_bytes(GOOD)
    pom = "<project><modelVersion>4.0.0</modelVersion><groupId>{}</groupId><artifactId>{}</artifactId>"
    pom = pom.format(JAR.group, JAR.artifact) + f"<version>{JAR.version}</version></project>"
    JAR.under(folder).with_suffix(".pom").write_text(pom)
    return folder


@pytest.fixture
def mirror(registry: Path) -> Iterator[str]:
    """The registry's address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(registry)))
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_what_is_missing_comes_from_the_mirror_and_is_told_as_it_comes(mirror: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    ensure_jars([JAR], tmp_path / "cache", mirror=mirror, said=lambda done, of: told.append((done, of)))
    assert JAR.intact(tmp_path / "cache")
    assert told == [(0, 1), (1, 1)]


def test_what_is_there_and_whole_is_not_asked_for_again(mirror: str, tmp_path: Path, registry: Path) -> None:
    ensure_jars([JAR], tmp_path / "cache", mirror=mirror)
    JAR.under(registry).unlink()
    ensure_jars([JAR], tmp_path / "cache", mirror=mirror)


def test_a_damaged_archive_is_fetched_again(mirror: str, tmp_path: Path) -> None:
    ensure_jars([JAR], tmp_path / "cache", mirror=mirror)
    JAR.under(tmp_path / "cache").write_bytes(GOOD[:5])
    ensure_jars([JAR], tmp_path / "cache", mirror=mirror)
    assert JAR.intact(tmp_path / "cache")


def test_an_archive_with_another_hash_is_refused_and_not_kept(mirror: str, tmp_path: Path, registry: Path) -> None:
    JAR.under(registry).write_bytes(b"PK something else")
    with pytest.raises(Trouble, match=r"kafka 1\.0 was refused: .* another hash than deploy/local/jars\.lock"):
        ensure_jars([JAR], tmp_path / "cache", mirror=mirror)
    assert not JAR.under(tmp_path / "cache").exists()


def test_a_registry_without_it_is_told(mirror: str, tmp_path: Path, registry: Path) -> None:
    JAR.under(registry).unlink()
    with pytest.raises(Trouble, match="could not be downloaded"):
        ensure_jars([JAR], tmp_path / "cache", mirror=mirror)


def test_every_archive_of_the_lock_is_named_once_and_hashed() -> None:
    jars = locked()
    assert len({(jar.group, jar.artifact, jar.classifier) for jar in jars}) == len(jars)
    assert all(len(jar.sha256) == 64 for jar in jars)
    assert {jar.version for jar in jars if jar.group == "org.apache.kafka"} == {"4.3.1"}
