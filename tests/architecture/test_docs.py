"""What the documents name exists: files, commands, tests, words."""

import re
from functools import cache
from pathlib import Path

import pytest
import typer

from deploy.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "services").rglob("README.md")]
PAGES += (ROOT / "deploy").rglob("*.md")
LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)\s]+)\)")
SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/app.py"))


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = [target.split("#")[0] for _, target in LINK.findall(text(page))]
    assert [target for target in targets if not (page.parent / target).exists()] == []


NAMED = [
    *LINK.findall(text(ROOT / "docs" / "rules.md")),
    *((name, target) for name, target in LINK.findall(text(ROOT / "docs" / "security.md")) if name[:5] == "test_"),
]


@pytest.mark.parametrize(("name", "target"), NAMED)
def test_what_the_tables_of_rules_and_security_name_is_defined_where_it_says(name: str, target: str) -> None:
    source = text((ROOT / "docs" / target).resolve())
    assert re.search(rf"^\s*(async def|def|class) {re.escape(name)}\b|^{re.escape(name)}\b.*=", source, re.M)


@pytest.mark.parametrize("page", [ROOT / "docs" / "security.md", ROOT / "docs" / "threat-model.md"], ids=name_of)
def test_every_test_that_the_pages_on_security_name_exists(page: Path) -> None:
    there = {name for file in (ROOT / "tests").rglob("*.py") for name in re.findall(r"def (test_\w+)\(", text(file))}
    named = set(re.findall(r"\btest_\w+\b(?!\.py)", text(page)))
    assert named - there == set()


def test_the_page_on_security_has_every_entry_with_its_proof() -> None:
    tried = text(ROOT / "docs" / "security.md").split("## OWASP")[0]
    rows = re.findall(r"^\| (\d+) \|.*\|(.*)\|$", tried, re.M)
    assert [int(n) for n, _ in rows] == [*range(1, 31), *range(1, 15)]
    assert [n for n, proof in rows if "[test_" not in proof] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_named_exists(page: Path) -> None:
    group = typer.main.get_command(app)
    commands = set(getattr(group, "commands", {}))
    targets = set(re.findall(r"^([a-z]+):", text(ROOT / "Makefile"), re.M))
    named = set(re.findall(r"(?:`|/)beredskab ([a-z][a-z-]+)", text(page)))
    assert named - commands == set()
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", text(page), re.M)) - targets == set()


def test_the_readme_names_every_command() -> None:
    section = text(ROOT / "README.md").split("## The command")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*`) \|", section, re.M)
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert named == set(getattr(typer.main.get_command(app), "commands", {})), "keep the table of README.md true"


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_readme_says_what_it_owns_publishes_consumes_and_how_it_fails(service: str) -> None:
    page = text(ROOT / "services" / service / "README.md")
    rows = {row.strip() for row in re.findall(r"^\| *(\w+) *\|", page, re.M)}
    assert {"owns", "publishes", "consumes"} <= rows
    assert re.search(r"^## How it fails", page, re.M)


@pytest.mark.parametrize("word", re.findall(r"`([a-z_]+)`", text(ROOT / "docs" / "glossary.md")))
def test_a_word_of_the_glossary_is_one_the_code_uses(word: str) -> None:
    assert re.search(rf"(?<![a-z]){word}", everything()), f"nothing in services or shared says {word}"


@cache
def everything() -> str:
    files = [file for folder in ("services", "shared") for file in (ROOT / folder).rglob("*")]
    return "\n".join(text(file).lower() for file in files if file.suffix in (".py", ".sql"))
