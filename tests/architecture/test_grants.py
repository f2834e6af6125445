"""Each table of the migrations has its line in the package's grants.toml, and each line its table."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path for part in ("services", "shared") for path in (ROOT / part).glob("*/migrations"))
_MADE = re.compile(r"^\s*(CREATE|DROP) TABLE (?:IF (?:NOT )?EXISTS )?(\w+)", re.M | re.I)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_table_says_what_the_processes_may_do_with_it(folder: Path) -> None:
    tables: set[str] = set()
    for file in sorted(folder.glob("*.sql")):
        for verb, table in _MADE.findall(file.read_text(encoding="utf-8")):
            (tables.add if verb.upper() == "CREATE" else tables.discard)(table)
    granted = tomllib.loads((folder / "grants.toml").read_text(encoding="utf-8"))
    where = folder.relative_to(ROOT) / "grants.toml"
    assert tables - granted.keys() == set(), f"add them to {where}, with the privileges their statements need"
    assert granted.keys() - tables == set(), f"take them out of {where}"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_nothing_but_reading_and_writing_of_rows_is_granted(folder: Path) -> None:
    granted = tomllib.loads((folder / "grants.toml").read_text(encoding="utf-8"))
    every = {word for words in granted.values() for word in re.sub(r"\(.*?\)", "", words).replace(",", " ").split()}
    assert every <= {"SELECT", "INSERT", "UPDATE", "DELETE"}
