"""Alarms reach somebody: Alertmanager, by the configuration of compose, calls by mail and by the paging service."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.http import listening
from tests.support.ports import free_port
from tests.support.smtp import MailSink, mail_sink
from tests.support.tools import needed

COLLECTOR = Path(__file__).parents[3] / "deploy" / "collector"
RUNS = ("CanaryAbsent", "critical"), ("NoReports", "warning"), ("Watchdog", "heartbeat")


class Paged:
    """A paging service: keeps what it is told, by address."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self.app = Starlette(routes=[Route("/{name}", self._hear, methods=["POST"])])

    async def _hear(self, request: Request) -> Response:
        self.heard.put_nowait((request.url.path, json.loads(await request.body())))
        return Response()


@asynccontextmanager
async def alertmanager(folder: Path, *, mail: MailSink, service: str) -> AsyncIterator[str]:
    """Alertmanager with the file of compose; only addresses are the test's."""
    text = (COLLECTOR / "alertmanager.yaml").read_text().replace("mail:1025", f"127.0.0.1:{mail.port}")
    for name in ("alarm_url", "heartbeat_url"):
        text = text.replace(f"url_file: /run/secrets/{name}", f"url: {service}/{name}")
    (folder / "alertmanager.yaml").write_text(text)
    url = f"127.0.0.1:{free_port()}"
    running = await asyncio.create_subprocess_exec(
        needed("prometheus-alertmanager"),
        f"--config.file={folder / 'alertmanager.yaml'}",
        f"--storage.path={folder}",
        f"--web.listen-address={url}",
        "--cluster.listen-address=",
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"http://{url}"
    finally:
        running.terminate()
        await running.wait()


async def ring(url: str, name: str, severity: str) -> None:
    alert = [{"labels": {"alertname": name, "severity": severity}, "annotations": {"summary": "So."}}]
    async with asyncio.timeout(20), httpx2.AsyncClient() as client:
        while True:
            try:
                (await client.post(f"{url}/api/v2/alerts", json=alert)).raise_for_status()
            except httpx2.ConnectError:
                await asyncio.sleep(0.05)
                continue
            return


async def test_prometheus_and_the_probes_take_their_configuration() -> None:
    for command in (
        [needed("promtool"), "check", "config", COLLECTOR / "prometheus.yaml"],
        [needed("prometheus-blackbox-exporter"), f"--config.file={COLLECTOR / 'blackbox.yaml'}", "--config.check"],
    ):
        done = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
        _, said = await done.communicate()
        assert done.returncode == 0, said


@pytest.mark.parametrize(("name", "severity"), RUNS, ids=[severity for _, severity in RUNS])
async def test_an_alarm_reaches_whom_it_must(name: str, severity: str, tmp_path: Path) -> None:
    service = Paged()
    async with (
        mail_sink() as mail,
        listening(service.app) as there,
        alertmanager(tmp_path, mail=mail, service=there) as url,
    ):
        await ring(url, name, severity)
        if severity == "warning":
            await _mailed(mail, name)
            assert service.heard.empty()
            return
        path, told = await asyncio.wait_for(service.heard.get(), timeout=20)
        assert path == ("/heartbeat_url" if severity == "heartbeat" else "/alarm_url")
        assert told["alerts"][0]["labels"]["alertname"] == name
        if severity == "critical":
            await _mailed(mail, name)
        else:
            assert mail.taken == []


async def _mailed(mail: MailSink, name: str) -> None:
    async with asyncio.timeout(30):
        while not mail.mails:  # noqa: ASYNC110 the sink has no event to wait for
            await asyncio.sleep(0.05)
    assert name in str(mail.mails[0]["Subject"])
    assert mail.mails[0]["To"] == "operators@kommune.example"
