"""The wall clock is read in one place; everything else is given the moment (`now`)."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
READERS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "dt.datetime.now"}
SQL_CLOCK = re.compile(r"\b(now\(\)|current_timestamp|clock_timestamp|statement_timestamp|localtime)\b", re.I)


def service_files(pattern: str) -> list[Path]:
    return [file for folder in ("services", "shared") for file in (ROOT / folder).rglob(pattern)]


def test_only_the_clock_reads_the_wall_clock() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in service_files("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in READERS
    ]
    assert [place for place in found if not place.startswith("shared/clock.py:")] == []
    assert found != []


def test_no_sql_asks_the_database_for_the_time() -> None:
    strings = [
        (file, node.value)
        for file in service_files("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    scripts = [(file, file.read_text(encoding="utf-8")) for file in service_files("*.sql")]
    found = {str(file.relative_to(ROOT)) for file, text in strings + scripts if SQL_CLOCK.search(text)}
    assert found == {"shared/clock.py"}
