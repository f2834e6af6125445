"""The alerts watch what the code measures, and the runbook says what to do about each."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.events.envelope import EVENTS

ROOT = Path(__file__).parents[2]
ALERTS: list[dict[str, Any]] = [
    rule
    for file in (ROOT / "deploy" / "alerts").glob("*.yml")
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
]
NAME = re.compile(r"\"(beredskab\.[a-z_.]+)\"")


def measured() -> set[str]:
    """The metrics of the code, as the collector names them to Prometheus."""
    files = [file for folder in ("services", "shared") for file in (ROOT / folder).rglob("*.py")]
    text = "\n".join(file.read_text() for file in files)
    counters = set(re.findall(r"metrics\.Counter\(\s*\"([a-z_.]+)\"", text))
    names = {name for name in NAME.findall(text) if name not in EVENTS}
    return {f"{name.replace('.', '_')}{'_total' if name in counters else ''}" for name in names}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_watches_something_that_is_measured(alert: dict[str, Any]) -> None:
    watched = set(re.findall(r"\bbereds\w+(?=[{\[ ])", alert["expr"]))
    assert watched <= measured()
    assert watched or alert["expr"].startswith("up{")
    assert set(re.findall(r'type="([^"]+)"', alert["expr"])) <= EVENTS.keys()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_it_is_and_the_runbook_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert alert["annotations"]["summary"].endswith(".")
    runbook = (ROOT / "deploy" / "runbook.md").read_text()
    assert re.search(rf"^### {alert['alert']}$", runbook, re.M)


def test_the_runbook_speaks_of_no_alert_that_is_gone() -> None:
    headings = re.findall(r"^### (\w+)$", (ROOT / "deploy" / "runbook.md").read_text(), re.M)
    assert headings == [alert["alert"] for alert in ALERTS]
