"""The Java archives of Kafka and Zipkin: named and hashed in `jars.lock`, downloaded once a user, always verified."""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.disk import demand_space
from deploy.local.trouble import Trouble

LOCK = Path(__file__).with_name("jars.lock")
SPACE = 200_000_000
"""Bytes that all archives and a little more need."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock: `group:artifact:version[:classifier] sha256`."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str

    @classmethod
    def parse(cls, line: str) -> "Jar":
        """Read a line of the lock."""
        coordinate, sha256 = line.split()
        group, artifact, version, *classifier = coordinate.split(":")
        return cls(group, artifact, version, classifier[0] if classifier else "", sha256)

    def under(self, cache: Path) -> Path:
        """Where it lies, as in any Maven repository."""
        suffix = f"-{self.classifier}" if self.classifier else ""
        name = f"{self.artifact}-{self.version}{suffix}.jar"
        return cache.joinpath(*self.group.split("."), self.artifact, self.version, name)

    def intact(self, cache: Path) -> bool:
        """Whether the copy in the cache is the one the lock names."""
        path = self.under(cache)
        return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


def locked(lock: Path = LOCK) -> list[Jar]:
    """The archives the lock names."""
    return [Jar.parse(line) for line in lock.read_text(encoding="utf-8").splitlines()]


def cache_folder() -> Path:
    """The user's cache: every checkout shares it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "beredskab" / "jars"


def ensure_jars(
    jars: Sequence[Jar], cache: Path, *, mirror: str = "", said: Callable[[int, int], None] = lambda _done, _of: None
) -> None:
    """Have every archive in the cache, verified. Tells `said` how many of the missing are there.

    Raises `Trouble` when one cannot be had, or is not the one the lock names.
    """
    with _alone(cache), ThreadPoolExecutor(8) as pool:
        intact = list(pool.map(lambda jar: jar.intact(cache), jars))
        missing = [jar for jar, good in zip(jars, intact, strict=True) if not good]
        if not missing:
            return
        demand_space(cache, SPACE)
        fetch = _fetcher(cache, mirror)
        said(0, len(missing))
        for done, _ in enumerate(pool.map(fetch, missing), start=1):
            said(done, len(missing))


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the downloader writes under the final name
        yield


def _fetcher(cache: Path, mirror: str) -> Callable[[Jar], None]:
    from jgo.maven import MavenContext  # late: it takes a third of a second, and most starts download nothing

    context = MavenContext(repo_cache=cache, remote_repos={"mirror": mirror.rstrip("/")} if mirror else None)

    def fetch(jar: Jar) -> None:
        jar.under(cache).unlink(missing_ok=True)  # a damaged copy, or what a killed download left
        _download(context, jar)
        if not jar.intact(cache):
            jar.under(cache).unlink(missing_ok=True)
            raise Trouble(
                f"{jar.artifact} {jar.version} was refused: what the registry sent has another hash than "
                f"deploy/local/jars.lock names. Try again; if it stays so, do not trust that registry or mirror."
            )

    return fetch


def _download(context: Any, jar: Jar) -> None:
    try:
        component = context.project(jar.group, jar.artifact).at_version(jar.version)
        component.artifact(jar.classifier, "jar").resolve()
    except OSError as error:  # requests' errors are OSErrors
        if error.errno is not None:
            raise  # the disk's
        raise _unreachable(jar) from None
    except RuntimeError:
        raise _unreachable(jar) from None


def _unreachable(jar: Jar) -> Trouble:
    return Trouble(
        f"{jar.artifact} {jar.version} could not be downloaded: the Maven registry does not answer. Check the network "
        "or the proxy, or name a mirror in BEREDSKAB_MAVEN_MIRROR, then run it again; what is there is kept."
    )
