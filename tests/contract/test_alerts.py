"""The alerts watch what the code measures, ring when they must, and the runbook says what to do about each.

A new rule needs three things: the rule in `deploy/alerts/`, a case in `alerts.yml` beside this file, a heading in the
runbook. promtool, of the same Prometheus that judges the rules, plays the cases.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.events.envelope import EVENTS
from tests.support.tools import needed

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "deploy" / "alerts").glob("*.yml"))
ALERTS: list[dict[str, Any]] = [
    rule for file in RULES for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]
]
NAMES = [alert["alert"] for alert in ALERTS]
CASES: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("alerts.yml").read_text())
ROUTES = re.compile(r'http_route=~"([^"]+)"')
EVERY = {"evaluation_interval": "15s"}
"""As deploy/collector/prometheus.yaml says."""
NAME = re.compile(r"\"(beredskab\.[a-z_.]+)\"")
OUTSIDE = re.compile(r"^(up\{|vector\(1\)$|(absent\()?probe_)")
"""What rules may watch that is not ours: whether Prometheus, the blackbox exporter and the rules themselves work."""


def measured() -> set[str]:
    """The metrics of the code, as the collector names them to Prometheus."""
    files = [file for folder in ("services", "shared") for file in (ROOT / folder).rglob("*.py")]
    text = "\n".join(file.read_text() for file in files)
    counters = set(re.findall(r"metrics\.Counter\(\s*\"([a-z_.]+)\"", text))
    names = {name for name in NAME.findall(text) if name not in EVENTS}
    return {f"{name.replace('.', '_')}{'_total' if name in counters else ''}" for name in names}


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_watches_something_that_is_measured(alert: dict[str, Any]) -> None:
    watched = set(re.findall(r"\bbereds\w+(?=[{\[ )]|$)", alert["expr"]))
    assert watched <= measured()
    assert watched or OUTSIDE.match(alert["expr"])
    assert set(re.findall(r'type="([^"]+)"', alert["expr"])) <= EVENTS.keys()


def test_the_addresses_that_rules_name_are_ours() -> None:
    named = {path for alert in ALERTS for found in ROUTES.findall(alert["expr"]) for path in found.split("|")}
    code = "\n".join(file.read_text() for folder in ("services", "shared") for file in (ROOT / folder).rglob("*.py"))
    routes = re.findall(r'Route\(f?"([^"]+)"|^PATH = "([^"]+)"', code, re.M)
    ours = {path for found in routes for path in found if path}
    assert named
    assert [path for path in named if not any(re.fullmatch(path, each) for each in ours)] == []


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_says_how_bad_it_is_and_the_runbook_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("critical", "warning", "heartbeat")
    assert alert["annotations"]["summary"].endswith(".")
    runbook = (ROOT / "deploy" / "runbook.md").read_text()
    assert re.search(rf"^### {alert['alert']}$", runbook, re.M)


def test_the_runbook_speaks_of_no_alert_that_is_gone() -> None:
    headings = re.findall(r"^### (\w+)$", (ROOT / "deploy" / "runbook.md").read_text(), re.M)
    assert headings == NAMES


def test_every_alert_has_a_case_and_every_case_an_alert() -> None:
    assert CASES.keys() == set(NAMES)


@pytest.mark.parametrize("name", CASES)
def test_an_alert_rings_when_it_must_and_only_then(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    histories = {"rings": True, "also_rings": True, "silent": False}
    played = [
        _played(name, case[each], case["after"], rings=rings) for each, rings in histories.items() if each in case
    ]
    plan = tmp_path / "plan.yml"
    plan.write_text(yaml.safe_dump({**EVERY, "rule_files": [str(file) for file in RULES], "tests": played}))
    done = subprocess.run([needed("promtool"), "test", "rules", plan], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_an_alert_that_always_rings_has_no_silence() -> None:
    assert [name for name, case in CASES.items() if "silent" not in case] in ([], ["Watchdog"])


def _played(name: str, series: Sequence[str], at: str, *, rings: bool) -> dict[str, Any]:
    """One test in promtool's own words: the series, and whether the alert rings at that moment."""
    told = [dict(zip(("series", "values"), each.rsplit("} ", 1), strict=True)) for each in map(_braced, series)]
    expected = [{"labels": "{}", "value": 1}] if rings else []
    rung = {"expr": f'group(ALERTS{{alertname="{name}",alertstate="firing"}})', "eval_time": at}
    return {
        "interval": "15s",
        "input_series": [{**each, "series": each["series"] + "}"} for each in told],
        "promql_expr_test": [{**rung, "exp_samples": expected}],
    }


def _braced(series: str) -> str:
    return series if "}" in series else series.replace(" ", "{} ", 1)
