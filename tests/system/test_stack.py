"""The local stack and its command, tried as a person tries them: what goes wrong ends in one sentence that helps."""

import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from deploy.local.place import ROOT
from deploy.local.running import state
from deploy.local.stack import Stack
from deploy.local.trouble import Trouble
from tests.support.ports import free_port_base
from tests.support.system import left_running

_NOWHERE = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}


@pytest.fixture
def place() -> Iterator[Stack]:
    """A stack of PostgreSQL alone, in a folder of its own; not started, and ended whatever the test does."""
    folder = Path(tempfile.mkdtemp(prefix="beredskab-test-"))
    folder.chmod(0o755)  # PostgreSQL runs as a user of its own
    stack = Stack(folder / "home", free_port_base(), only=["postgres"])
    try:
        yield stack
    finally:
        stack.down()
        shutil.rmtree(folder)


def beredskab(stack: Stack, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The command, for the stack's place."""
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, **place_of(stack), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def place_of(stack: Stack) -> dict[str, str]:
    return {"BEREDSKAB_HOME": str(stack.place.home), "BEREDSKAB_PORT_BASE": str(stack.place.port_base)}


def refused(done: "subprocess.CompletedProcess[str]") -> str:
    """The one sentence that a command ended in."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_a_taken_port_is_named_with_who_has_it_and_what_to_do(place: Stack) -> None:
    with socket.create_server(("127.0.0.1", place.place.port("escalation-web"))):
        sentence = refused(beredskab(place, "up"))
    assert f"Port {place.place.port('escalation-web')} is taken by python" in sentence
    assert f"process {os.getpid()}" in sentence
    assert "set BEREDSKAB_PORT_BASE" in sentence
    assert left_running(place.place.home) == []


def test_another_copy_on_the_same_ports_is_named_by_its_folder(place: Stack, tmp_path: Path) -> None:
    place.up()
    other = Stack(tmp_path / "other", place.place.port_base)
    sentence = refused(beredskab(other, "up"))
    assert f"another copy of beredskab, whose data lie in {place.place.home}" in sentence
    assert f"BEREDSKAB_HOME={place.place.home} .venv/bin/beredskab down" in sentence


@pytest.mark.parametrize("base", ["many", "80", "65535", "-1"])
def test_a_port_base_that_is_none_is_refused(place: Stack, base: str) -> None:
    sentence = refused(beredskab(place, "up", BEREDSKAB_PORT_BASE=base))
    assert sentence.startswith(f"BEREDSKAB_PORT_BASE is '{base}': it must be a number")


def test_a_folder_that_may_not_be_written_is_named(place: Stack) -> None:
    sentence = refused(beredskab(place, "up", BEREDSKAB_HOME="/sys/beredskab"))
    assert sentence == "/sys/beredskab may not be written by you: point BEREDSKAB_HOME to a folder of yours."


def test_a_file_where_the_folder_should_be_is_named(place: Stack, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    sentence = refused(beredskab(place, "up", BEREDSKAB_HOME=str(tmp_path / "file")))
    assert sentence == f"{tmp_path / 'file'} is a file where a folder should be: point BEREDSKAB_HOME elsewhere."


def test_a_disk_without_room_is_named_before_anything_starts(place: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.stack.SPACE", 10**15)
    with pytest.raises(Trouble, match=r"The disk is full: .* needs 1000000000 MB .* point BEREDSKAB_HOME"):
        place.up()
    assert left_running(place.place.home) == []


def test_without_the_archives_and_without_a_network_a_mirror_is_offered(place: Stack, tmp_path: Path) -> None:
    sentence = refused(beredskab(place, "up", XDG_CACHE_HOME=str(tmp_path / "cache"), **_NOWHERE))
    assert "could not be downloaded: the Maven registry does not answer" in sentence
    assert "BEREDSKAB_MAVEN_MIRROR" in sentence


def test_a_module_that_the_command_lacks_is_named(place: Stack, tmp_path: Path) -> None:
    sentence = refused(beredskab(place, "status", PYTHONPATH=str(without("typer", tmp_path))))
    assert sentence == "The Python module typer is missing: delete .venv, then run `make setup`."


def test_a_module_that_a_process_lacks_is_named(place: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(without("httpx2", tmp_path)))
    with pytest.raises(Trouble, match=r"otlp lacks a Python module \(.*httpx2.*\): delete \.venv"):
        Stack(place.place.home, place.place.port_base, only=["otlp"]).up()
    assert left_running(place.place.home) == []


def without(module: str, tmp_path: Path) -> Path:
    """A folder that makes Python believe a module is not installed."""
    folder = tmp_path / "without"
    folder.mkdir()
    error = f'raise ModuleNotFoundError("No module named {module!r}", name={module!r})'
    (folder / f"{module}.py").write_text(error)
    return folder


def test_packages_that_cannot_be_installed_are_told_with_what_to_check(tmp_path: Path) -> None:
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    environment = {**os.environ, **_NOWHERE, "PIP_RETRIES": "0", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    setup = ["sh", ROOT / "deploy/local/setup.sh", sys.executable]
    done = subprocess.run(setup, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "check the way to the package registry (network, proxy" in refused(done)
    assert not (tmp_path / ".venv" / "lock").exists()


def test_a_second_start_is_harmless(place: Stack) -> None:
    assert place.up() is True
    before = place.pid("postgres")
    assert place.up() is False
    assert place.pid("postgres") == before


def test_a_process_that_dies_is_started_again(place: Stack) -> None:
    place.up()
    before = place.pid("postgres")
    place.kill("postgres")
    place.wait_ready("postgres")
    assert place.pid("postgres") not in (before, None)


def test_a_stopped_process_stays_stopped_until_it_is_started(place: Stack) -> None:
    place.up()
    assert beredskab(place, "stop", "postgres").returncode == 0
    assert place.pid("postgres") is None
    assert "Not ready: postgres" in refused(beredskab(place, "demo"))
    assert beredskab(place, "start", "postgres").returncode == 0
    assert place.pid("postgres") is not None


def test_with_its_supervisor_killed_everything_ends_and_can_be_started_again(place: Stack) -> None:
    place.up()
    os.kill(state(place.place.home)["pid"], signal.SIGKILL)
    assert eventually(lambda: left_running(place.place.home) == [])
    assert "Nothing is running" in beredskab(place, "status").stdout
    again = Stack(place.place.home, place.place.port_base, only=["postgres"])
    assert again.up() is True
    again.down()


def test_the_stack_outlives_the_terminal_it_was_started_in(place: Stack) -> None:
    terminal, theirs = pty.openpty()
    up = f"Stack(Path({str(place.place.home)!r}), {place.place.port_base}, only=['postgres']).up()"
    typed = ["setsid", "--ctty", sys.executable, "-c", f"from deploy.local.stack import Path, Stack; {up}; input()"]
    with subprocess.Popen(typed, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs) as window:
        os.close(theirs)
        assert eventually(lambda: place.pid("postgres") is not None)
        os.close(terminal)
        assert window.wait(30) != 0
    place.wait_ready("postgres")


def test_an_interrupted_start_ends_what_it_had_started(place: Stack) -> None:
    command = [sys.executable, "-m", "deploy.cli", "up"]
    environment = {**os.environ, **place_of(place)}
    hears = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # what a run in the background ignores is inherited
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=hears
    ) as starting:
        assert eventually(lambda: place.pid("postgres") is not None)
        starting.send_signal(signal.SIGINT)
        _, said = starting.communicate(timeout=60)
    assert starting.returncode == 130
    assert "Traceback" not in said
    assert left_running(place.place.home) == []


def test_down_leaves_no_process_and_erases_only_when_asked(place: Stack) -> None:
    place.up()
    assert beredskab(place, "down").stdout == "Everything has ended.\n"
    assert eventually(lambda: left_running(place.place.home) == [])
    assert (place.place.home / "postgres").exists()
    assert beredskab(place, "down").stdout == "Nothing was running.\n"
    assert beredskab(place, "down", "--erase").returncode == 0
    assert not place.place.home.exists()


def test_a_folder_that_is_not_ours_is_not_erased(place: Stack, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    sentence = refused(beredskab(place, "down", "--erase", BEREDSKAB_HOME=str(tmp_path / "letters")))
    assert "nothing was deleted" in sentence
    assert (tmp_path / "letters").exists()
