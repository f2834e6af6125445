"""`make mutants`: how many of the changes to the deciding modules the tests notice. Fails below nine in ten.

Each mutant runs in a fork of this process, in which everything but our own services is loaded already.
"""

import importlib.abc
import importlib.util
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest
from rich.console import Console
from rich.progress import track

import shared.events.envelope
import shared.web.application
from tests.mutation.mutants import Mutant, mutants

TARGETS = {
    "services.triage.domain": [
        "tests/unit/triage/test_golden.py",
        "tests/unit/triage/test_grades.py",
        "tests/unit/triage/test_rate.py",
        "tests/unit/triage/test_rules.py",
        "tests/unit/triage/test_properties.py",
    ],
    "services.intake.reading.scope": ["tests/unit/intake/reading/test_scope.py"],
}
"""What decides, and the tests that hold it."""
ENOUGH = 0.9
_LEAN = ("-c", os.devnull, "--rootdir=.", "--noconftest", "--assert=plain", "-p", "no:cacheprovider", "-x", "-q")
AT_MOST = 600
"""Seconds; a mutant that hangs is noticed."""


class Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads the mutant in the place of its module."""

    def __init__(self, name: str, mutant: Mutant) -> None:
        self.name = name
        self.mutant = mutant

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self.name.replace(".", "/") + ".py"
        exec(compile(self.mutant.tree, module.__file__, "exec"), module.__dict__)


def is_noticed(name: str, mutant: Mutant | None, tests: Sequence[str], place: str) -> bool:
    """Whether the tests fail with the mutant in place. They write below `place`, not where other runs do."""
    child = os.fork()
    if child == 0:
        signal.alarm(AT_MOST)
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        if mutant is not None:
            sys.meta_path.insert(0, Instead(name, mutant))
        os._exit(bool(pytest.main([*_LEAN, f"--basetemp={place}/run", *tests])))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


def main() -> int:
    """Run every mutant; tell those that nobody noticed."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    hypothesis.settings.register_profile("mutants", database=None, derandomize=True)
    hypothesis.settings.load_profile("mutants")
    with tempfile.TemporaryDirectory() as place:
        shares = [_share(name, tests, place) for name, tests in TARGETS.items()]
    return int(min(shares) < ENOUGH)


def _share(name: str, tests: Sequence[str], place: str) -> float:
    """The share of a module's mutants that the tests notice."""
    file = Path(name.replace(".", "/") + ".py")
    if is_noticed(name, None, tests, place):
        print(f"The tests of {name} are red without any mutant.")
        return 0
    every = list(mutants(file.read_text(encoding="utf-8")))
    noticed = 0
    for mutant in track(every, description=name, console=Console(stderr=True), transient=True):
        if is_noticed(name, mutant, tests, place):
            noticed += 1
        else:
            print(f"{file}:{mutant.line}: nobody noticed: {mutant.before}  →  {mutant.after}", flush=True)
    print(f"{name}: {noticed} of {len(every)} mutants noticed ({noticed / len(every):.0%})")
    return noticed / len(every)


assert shared.events.envelope
assert shared.web.application

if __name__ == "__main__":
    sys.exit(main())
