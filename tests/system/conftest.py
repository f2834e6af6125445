"""The whole system on real Kafka, PostgreSQL and SMTP: one stack for the tests that only look, more on demand."""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from deploy.local.stack import Stack, last_error
from tests.support.system import SERVICES, System, running_stack, system_of

_HERE = Path(__file__).parent
_PATIENCE = 300
"""Seconds a test may take with the start of a stack in it."""

OwnStack = Callable[..., Awaitable[System]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this folder more time than a unit test has."""
    for item in items:
        if item.path.is_relative_to(_HERE) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_PATIENCE))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say with a failure where the logs lie, and the last error of each."""
    report = yield
    if report.failed:
        for stack in _stacks_of(item):
            logs = sorted(stack.place.home.glob("*.log"))
            report.sections.append((f"logs in {stack.place.home}", "\n".join(map(_told, logs))))
    return report


def _stacks_of(item: pytest.Item) -> list[Stack]:
    values = getattr(item, "funcargs", {}).values()
    found = {id(stack): stack for each in values if isinstance(stack := getattr(each, "stack", each), Stack)}
    return list(found.values())


def _told(log: Path) -> str:
    return f"{log.name:<24} {last_error(log)[:400]}"


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The stack that all tests share. Whoever stops or kills something asks for `own_stack` instead."""
    with running_stack(only=(), keep=lambda: bool(request.session.testsfailed)) as running:
        yield running


@pytest.fixture
async def system(stack: Stack) -> AsyncIterator[System]:
    """The shared stack, with hands and eyes."""
    async with system_of(stack) as system:
        yield system


@pytest.fixture
async def own_stack(request: pytest.FixtureRequest) -> AsyncIterator[OwnStack]:
    """Starts a stack of the test's own: `await own_stack(only=…, settings=…)`; all services when nothing is named."""
    async with AsyncExitStack() as ends:

        async def started(
            *, only: Sequence[str] = SERVICES, settings: Mapping[str, Mapping[str, str]] | None = None
        ) -> System:
            kept = running_stack(only=only, settings=settings, keep=lambda: bool(request.session.testsfailed))
            return await ends.enter_async_context(system_of(ends.enter_context(kept)))

        yield started
