"""Logs: JSON lines with listed keys; a library's words are never repeated."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared.telemetry.logging import KeyNotAllowed, configure, drain, error_code, log


@pytest.fixture(autouse=True)
def _configured() -> Iterator[None]:
    configure("intake", "info")
    yield
    structlog.reset_defaults()


def test_a_line_is_json_with_its_service(capsys: pytest.CaptureFixture[str]) -> None:
    configure("intake", "info")
    log().info("report.accepted", report_id="x")
    drain()
    line = json.loads(capsys.readouterr().out)
    assert (line["event"], line["service"], line["report_id"]) == ("report.accepted", "intake", "x")


def test_a_key_that_is_not_listed_raises_in_tests() -> None:
    with pytest.raises(KeyNotAllowed) as caught:
        log().info("report.accepted", text="Anna")
    assert "Anna" not in str(caught.value)


def test_a_key_that_is_not_listed_is_dropped_in_production(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BEREDSKAB_STRICT_LOGS")
    configure("intake", "info")
    log().info("report.accepted", text="Anna")
    drain()
    assert "Anna" not in capsys.readouterr().out


def test_what_a_library_says_is_kept_by_name_alone(capsys: pytest.CaptureFixture[str]) -> None:
    configure("intake", "info")
    try:
        raise ValueError("Anna")
    except ValueError:
        logging.getLogger("some.library").exception("could not read %s", "Anna")
    drain()
    said = capsys.readouterr().out
    assert "some.library" in said
    assert "ValueError" in said
    assert "Anna" not in said


def test_an_error_is_told_by_its_class() -> None:
    assert error_code(ValueError("Anna")) == "ValueError"
