"""The command's answers about a running stack, as a person and as a script get them."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import httpx2
import pytest

from deploy.local.place import ROOT
from deploy.local.stack import Stack
from shared.auth.people import Role
from tests.support.system import System, until


def beredskab(stack: Stack, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command, for a stack."""
    place = {"BEREDSKAB_HOME": str(stack.place.home), "BEREDSKAB_PORT_BASE": str(stack.place.port_base)}
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, **place},
        capture_output=True,
        text=True,
        check=False,
    )


def answer(stack: Stack, *arguments: str) -> Any:
    """What the command answers in JSON."""
    done = beredskab(stack, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_status_tells_every_process_and_every_address(stack: Stack) -> None:
    told = answer(stack, "status")
    assert told["ready"] is True
    assert told["urls"] == stack.urls
    rows = {row["name"]: row for row in told["processes"]}
    assert {"kafka", "postgres", "intake-web", "intake-work", "notify-work"} <= rows.keys()
    assert all(set(row) == {"name", "pid", "ready", "rss_mb", "restarts"} for row in rows.values())
    assert rows["kafka"]["rss_mb"] > 50
    shown = beredskab(stack, "status").stdout
    assert all(name in shown for name in [*rows, *stack.urls])


def test_every_address_that_status_tells_is_one_that_answers(stack: Stack) -> None:
    urls = answer(stack, "status")["urls"]
    for name in ("intake", "triage", "escalation", "notify"):
        assert httpx2.get(f"{urls[name]}/ready", trust_env=False).status_code == 200
    assert httpx2.get(f"{urls['traces']}/api/v2/services", trust_env=False).status_code == 200
    assert httpx2.get(urls["mail_web"], trust_env=False).status_code == 200


def test_a_second_start_of_a_running_stack_says_so(stack: Stack) -> None:
    done = beredskab(stack, "up")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "Everything runs already.")


def test_the_demonstration_goes_the_whole_way_and_its_journey_is_found_by_its_reference(stack: Stack) -> None:
    done = beredskab(stack, "demo")
    assert done.returncode == 0, done.stderr
    stations = ["accepted ", "rated ", "paged ", "accepted by the mail server "]
    assert [station for station in stations if f"\n  {station}" not in done.stdout] == []
    assert "countersigned by Ditte Eksempel" in done.stdout
    reference = done.stdout.split("The example concern ")[1].split(",")[0]
    way = answer(stack, "journey", f"{reference[:4]}-{reference[4:].lower()}")
    assert {step["service"] for step in way["steps"]} == {"intake", "triage", "escalation", "notify"}
    assert way["stations"]["accepted"] > 0  # answered on a beat: the page may be asked for before it
    assert 0 < way["stations"]["paged"] < way["stations"]["mailed"]
    assert way["trace_id"] in done.stdout
    assert way["trace_id"] in beredskab(stack, "journey", reference).stdout


async def test_what_people_do_later_belongs_to_the_journey(system: System) -> None:
    sent = await asyncio.to_thread(answer, system.stack, "demo")
    reference = await system.value("intake", "SELECT reference FROM reports WHERE report_id = $1", sent["report_id"])

    async def acknowledged() -> bool:
        way = await asyncio.to_thread(answer, system.stack, "journey", reference)
        return any(step["what"] == "POST /v1/cases/{id}/acknowledge" for step in way["steps"])

    assert await until(acknowledged)


def test_a_reference_nobody_was_given_leads_nowhere(stack: Stack) -> None:
    done = beredskab(stack, "journey", "0000-0000")
    assert (done.returncode, done.stderr) == (1, "There is no report with the reference '00000000' here.\n")


def test_a_demonstration_left_open_goes_on_paging(stack: Stack) -> None:
    told = answer(stack, "demo", "--open")
    assert told["case"]["escalation"]["state"] == "paging"
    assert told["mailed"] > told["accepted"] > 0


@pytest.mark.parametrize("role", ["consultant", "authority", "leader"])
def test_a_token_opens_the_list_of_work(stack: Stack, role: str) -> None:
    bearer = beredskab(stack, "token", "--as", role).stdout.strip()
    headers = {"Authorization": f"Bearer {bearer}"}
    assert httpx2.get(f"{stack.urls['escalation']}/v1/work", headers=headers, trust_env=False).status_code == 200


@pytest.mark.parametrize("role", Role)
def test_there_is_a_token_for_every_role(stack: Stack, role: Role) -> None:
    told = answer(stack, "token", "--as", role)
    assert role in told["roles"]
    assert told["token"].count(".") == 2


def test_migrating_a_migrated_stack_is_harmless(stack: Stack) -> None:
    done = beredskab(stack, "migrate")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("migrate.done") == 4


def test_logs_are_told_by_process(stack: Stack) -> None:
    every = beredskab(stack, "logs", "--lines", "2").stdout
    assert "intake-work" in every
    one = beredskab(stack, "logs", "intake-migrate").stdout
    assert "migrate.done" in one
    assert "│" not in one


@pytest.mark.parametrize("command", [("logs", "oracle"), ("stop", "oracle"), ("start", "oracle")])
def test_a_process_that_is_none_is_answered_with_those_there_are(stack: Stack, command: tuple[str, str]) -> None:
    done = beredskab(stack, *command)
    assert done.returncode == 1
    assert "oracle" in done.stderr
    assert "intake-web" in done.stderr
    assert done.stderr.count("\n") == 1


async def test_the_collector_hears_how_the_services_fare(system: System) -> None:
    async def everything() -> bool:
        told = {(each["service"], each["name"]) for each in await system.metrics()}
        return {
            *((name, "beredskab.outbox.age") for name in ("intake", "triage", "escalation", "notify")),
            ("escalation", "beredskab.escalation.unanswered.age"),
            ("escalation", "beredskab.events.told"),
        } <= told

    assert await until(everything, within=60)
