"""`beredskab rules diff` and `backtest` tell what another rule set would change before it is made the newest."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from deploy.cli.rules import Result, summary
from deploy.local.trouble import Trouble
from services.triage import rules
from shared.events.codes import Level
from shared.ids import CaseId, derived_id

TEXT = (Path(rules.__file__).parent / "1.toml").read_text(encoding="utf-8")


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A rule set in which a wedding is near earlier, one rule is gone and one is new."""
    changed = TEXT.replace('within_days = 30 }]]\ndanish = "En mind', 'within_days = 45 }]]\ndanish = "En mind')
    changed = changed.replace('id = "high_guarded"', 'id = "high_kept_watch_over"')
    file = tmp_path / "draft.toml"
    file.write_text(changed, encoding="utf-8")
    return file


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    if result.exception:
        raise result.exception
    return result.stdout


def test_a_diff_names_what_was_added_dropped_and_changed_and_how(draft: Path) -> None:
    changes = json.loads(run("rules", "diff", "1", str(draft), "--json"))
    assert [(each["rule"], each["change"]) for each in changes] == [
        ("acute_wedding_near", "changed"),
        ("high_guarded", "dropped"),
        ("high_kept_watch_over", "added"),
    ]
    wedding = changes[0]
    assert wedding["was"]["condition"] == "(marriage.planned@now within 30 days)"
    assert wedding["now"]["condition"] == "(marriage.planned@now within 45 days)"


def test_a_diff_for_people_shows_only_what_differs(draft: Path) -> None:
    lines = run("rules", "diff", "1", str(draft)).splitlines()
    assert lines[:3] == [
        "~ acute_wedding_near",
        "    - condition: (marriage.planned@now within 30 days)",
        "    + condition: (marriage.planned@now within 45 days)",
    ]
    assert lines[3] == "- high_guarded"


def test_a_rule_set_does_not_differ_from_itself() -> None:
    assert run("rules", "diff", "1", "1") == "The two are the same.\n"


@pytest.mark.parametrize(
    ("which", "sentence"),
    [
        ("99", r"There is no rule set 99; there are 1, 2, 3\."),
        ("no/such/file", "neither a version nor a file"),
        ("README.md", "is no rule set"),
    ],
)
def test_what_is_no_rule_set_ends_in_one_sentence(which: str, sentence: str) -> None:
    with pytest.raises(Trouble, match=sentence):
        run("rules", "diff", "1", which)


def test_a_refused_rule_is_named(tmp_path: Path) -> None:
    (tmp_path / "draft.toml").write_text(TEXT.replace("Der er et stærkt tegn.", "Etnisk baggrund."), encoding="utf-8")
    with pytest.raises(Trouble, match="elevated_strong: it names “etnisk”"):
        run("rules", "diff", "1", str(tmp_path / "draft.toml"))


def test_a_summary_counts_who_moves_and_shows_those_first_that_fall_furthest() -> None:
    moves = [(Level.LOW, Level.LOW), (Level.LOW, Level.ACUTE), (Level.HIGH, Level.ELEVATED), (Level.ACUTE, Level.LOW)]
    results = [Result(CaseId(derived_id(n)), was, now, ("x",)) for n, (was, now) in enumerate(moves)]
    told = summary(results)
    assert (told["cases"], told["up"], told["down"], told["same"]) == (4, 1, 2, 1)
    assert [(each["was"], each["now"]) for each in told["moves"]] == [
        ("acute", "low"),
        ("high", "elevated"),
        ("low", "acute"),
    ]
