"""`rules diff` and `backtest`: what another rule set would change, before it is made the newest."""

import asyncio
import dataclasses
import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
from rich.progress import track

from deploy.cli import screen
from deploy.local.place import Place
from deploy.local.trouble import Trouble
from services.triage import store
from services.triage.domain import Rule, RuleSet, rate
from services.triage.domain import newest as newest_receipt
from services.triage.rules import VERSIONS, RuleRefused, parse, rule_set
from shared.events.codes import Level
from shared.ids import CaseId
from shared.postgres.pool import SESSION

Which = Annotated[str, typer.Argument(help="A version, or the file of a rule set that is being written.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
_group = typer.Typer(no_args_is_help=True, help="The rules that cases are rated by.")


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command."""
    app.add_typer(_group, name="rules")
    app.command()(backtest)


@_group.callback()
def _rules() -> None:
    """The rules that cases are rated by."""


@_group.command()
def diff(old: Which, new: Which, as_json: AsJson = False) -> None:
    """What another rule set adds, drops and changes."""
    changes = changed_rules(_rule_set(old), _rule_set(new))
    if as_json:
        return print(json.dumps(changes, ensure_ascii=False))
    for change in changes:
        screen.out.print(f"{_MARKS[change['change']]} {change['rule']}", markup=False)
        for line in _lines(change["was"] or {}, change["now"] or {}):
            screen.out.print(f"    {line}", markup=False)
    return None if changes else screen.out.print("The two are the same.")


_MARKS = {"added": "+", "dropped": "-", "changed": "~"}


def _lines(was: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    for field in was | now:
        if was.get(field) != now.get(field):
            yield from (f"{sign} {field}: {side[field]}" for sign, side in (("-", was), ("+", now)) if side)


def backtest(version: Which, as_json: AsJson = False) -> None:
    """Rate all stored facts of the local stack by another rule set: who would move, up and down. Changes nothing."""
    rules = _rule_set(version)
    told = summary(asyncio.run(_results(rules, quiet=as_json)))
    if as_json:
        return print(json.dumps(told, ensure_ascii=False))
    for move in told["moves"]:
        rules_met = ", ".join(move["rules"]) or "no rule"
        screen.out.print(f"  {move['case_id']}  {move['was']} → {move['now']}  [dim]{rules_met}[/]")
    return screen.out.print(
        f"By rule set {rules.version}, of {told['cases']} cases {told['up']} would move up, {told['down']} down, "
        f"{told['same']} stay."
    )


@dataclass(frozen=True, slots=True)
class Result:
    """One case by the rules that rated it and by others; `rules` are those of the others that hold."""

    case_id: CaseId
    was: Level
    now: Level
    rules: tuple[str, ...]


def summary(results: list[Result]) -> dict[str, Any]:
    """How many move and who, those that fall first: they need a second look."""
    moves = Counter((result.now.rank > result.was.rank) - (result.now.rank < result.was.rank) for result in results)
    moved = sorted(
        (each for each in results if each.was is not each.now), key=lambda each: each.now.rank - each.was.rank
    )
    told = [{**dataclasses.asdict(each), "case_id": str(each.case_id)} for each in moved]
    return {"cases": len(results), "up": moves[1], "down": moves[-1], "same": moves[0], "moves": told}


async def _results(rules: RuleSet, *, quiet: bool) -> list[Result]:
    try:
        conn = await asyncpg.connect(Place.chosen().postgres().url("triage"), timeout=5, server_settings=SESSION)
    except (OSError, asyncpg.PostgresError):
        raise Trouble("triage's database does not answer: start the stack with `make up`.") from None
    try:
        return await backtested(conn, rules, progress=None if quiet else _progress)
    finally:
        await conn.close()


def _progress(case_ids: list[CaseId]) -> Any:
    return track(case_ids, description="Rating", console=screen.err, transient=True)


async def backtested(
    conn: asyncpg.Connection, rules: RuleSet, *, progress: Callable[[list[CaseId]], Any] | None = None
) -> list[Result]:
    """Every rated case, canaries left out, as of the moment of its last rating."""
    cases = await store.rated_cases(conn)
    return [await _backtested(conn, case_id, rules) for case_id in (progress(cases) if progress else cases)]


async def _backtested(conn: asyncpg.Connection, case_id: CaseId, rules: RuleSet) -> Result:
    facts, last = await store.facts_around(conn, case_id), await store.last_rating(conn, case_id)
    assert last is not None
    as_of = max(last.as_of, newest_receipt(facts))
    was, now = (rate(facts, each, as_of=as_of) for each in (rule_set(last.rule_set), rules))
    return Result(case_id, was.level, now.level, tuple(reason.rule for reason in now.reasons))


def changed_rules(old: RuleSet, new: RuleSet) -> list[dict[str, Any]]:
    """The rules that differ, in the order of their ids, as they were and as they are."""
    was, now = ({rule.id: _fields(rule) for rule in each.rules} for each in (old, new))
    return [
        {"rule": rule, "change": _change(rule, was, now), "was": was.get(rule), "now": now.get(rule)}
        for rule in sorted(was.keys() | now.keys())
        if was.get(rule) != now.get(rule)
    ]


def _change(rule: str, was: dict[str, Any], now: dict[str, Any]) -> str:
    if rule in was and rule in now:
        return "changed"
    return "added" if rule in now else "dropped"


def _fields(rule: Rule) -> dict[str, Any]:
    """A rule in the words of its file, without its id."""
    condition = " and ".join(f"({' or '.join(map(str, group))})" for group in rule.one_of_each)
    return {
        "level": rule.level.value,
        "condition": condition or _open(rule),
        "different": rule.different,
        "minors_only": rule.minors_only,
        "danish": rule.danish,
        "english": rule.english,
        "source": rule.source,
    }


def _open(rule: Rule) -> str:
    """What a rule asks of signs that are not known."""
    return f"suspected: {rule.suspected}" if rule.suspected else f"unanswered: {' or '.join(rule.unanswered)}"


def _rule_set(which: str) -> RuleSet:
    """The rule set of that version or file. Raises `Trouble`."""
    try:
        return rule_set(int(which)) if which.isdigit() else parse(Path(which).read_text(encoding="utf-8"))
    except LookupError:
        raise Trouble(f"There is no rule set {which}; there are {', '.join(map(str, VERSIONS))}.") from None
    except OSError:
        raise Trouble(f"{which} is neither a version nor a file that can be read.") from None
    except RuleRefused as refused:
        raise Trouble(f"{which} is refused: {refused}.") from None
    except (tomllib.TOMLDecodeError, KeyError, ValueError, TypeError) as error:
        raise Trouble(f"{which} is no rule set: {type(error).__name__} ({error}).") from None
