"""`shared/` is a ledger: each module has two users or more, directly or by what uses it; none is a drawer.

The users are the four services and `deploy`, which signs the local people in and makes the keys.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USERS = ("services/intake", "services/triage", "services/escalation", "services/notify", "deploy")
DRAWERS = {"utils", "common", "helpers", "base", "misc"}


def modules(folder: str) -> dict[str, Path]:
    """Module name → file, for everything below a folder."""
    files = (ROOT / folder).rglob("*.py")
    return {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def imports(file: Path, known: set[str]) -> set[str]:
    """The known modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found & known


SHARED = modules("shared")
REACH = {name: imports(file, set(SHARED)) for name, file in SHARED.items()}


def reached(user: str) -> set[str]:
    """The shared modules that a user imports, and those that they import."""
    files = modules(user).values()
    todo = set[str]().union(*(imports(file, set(SHARED)) for file in files))
    seen: set[str] = set()
    while todo:
        seen |= todo
        todo = set[str]().union(*(REACH[name] for name in todo)) - seen
    return seen


USED = {user: reached(user) for user in USERS}


@pytest.mark.parametrize("module", sorted(name for name, file in SHARED.items() if file.name != "__init__.py"))
def test_a_shared_module_has_two_users_or_more(module: str) -> None:
    users = [user for user in USERS if module in USED[user]]
    assert len(users) >= 2, f"only {users} use it: it belongs there"


def test_no_module_is_a_drawer() -> None:
    everything = SHARED | modules("services") | modules("deploy")
    assert [name for name in everything if DRAWERS & set(name.split("."))] == []
