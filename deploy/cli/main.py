"""The commands. Each ends with 0, or with one sentence that says what to do and 1."""

import asyncio
import dataclasses
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from deploy.cli import delivery, evidence, reach, reading, rules, screen
from deploy.cli.demo import Demo
from deploy.cli.logs import log_files, tail
from deploy.cli.people import person_with, token_for
from deploy.compose import ensure_secrets
from deploy.local.keys import SERVICES
from deploy.local.place import ROOT, Place
from deploy.local.stack import Stack
from deploy.local.trouble import Trouble
from shared.auth.people import Role
from shared.clock import Clock

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Runs beredskab on this machine and shows that it works. Data and logs lie under BEREDSKAB_HOME "
    "(.beredskab in the checkout), ports count from BEREDSKAB_PORT_BASE (8000).",
)
rules.add_to(app)
app.add_typer(delivery.parked, name="parked")
app.add_typer(reading.reading, name="reading")
app.command()(delivery.outbox)
app.command()(delivery.reconcile)
app.command()(evidence.verify_evidence)
app.command()(reach.reach)
app.command()(reach.who_would_be_paged)
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Name = Annotated[str, typer.Argument(help="A process, as `status` names it.")]


def _stack() -> Stack:
    place = Place.chosen()
    return Stack(place.home, place.port_base)


@app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo", help="Then send the example concern through.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start everything in the background and wait until it is ready. Harmless when it runs."""
    stack = _stack()
    with screen.starting() as watching:
        started = stack.up(watching)
    if demo:
        return _show_demo(stack, leave_open=False, warm_up=started, as_json=as_json)
    if as_json:
        return _say_json(asyncio.run(stack.status()))
    screen.out.print("Everything is ready." if started else "Everything runs already.")
    return screen.show_addresses(stack.urls)


@app.command()
def down(
    erase: Annotated[bool, typer.Option("--erase", help="Delete data, logs and keys too.")] = False,
    as_json: AsJson = False,
) -> None:
    """End everything; nothing is left running."""
    ended = _stack().down(erase=erase)
    if as_json:
        return _say_json({"ended": ended, "erased": erase})
    sentence = "Everything has ended" if ended else "Nothing was running"
    return screen.out.print(f"{sentence}{'; the data are deleted' if erase else ''}.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """What runs, whether it is ready, and where. Exit code 1 unless everything is ready."""
    stack = _stack()
    stack.place.ensure_secrets()
    found = asyncio.run(stack.status())
    if as_json:
        _say_json(found)
    elif stack.running:
        screen.show_status(found)
    else:
        screen.out.print("Nothing is running: start it with `make up`.")
    raise typer.Exit(0 if found["ready"] else 1)


@app.command()
def logs(
    name: Annotated[str | None, typer.Argument(help="A process; all when none is named.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    lines: Annotated[int, typer.Option(help="How many last lines of each.", min=0)] = 30,
) -> None:
    """The logs."""
    for process, line in tail(log_files(Place.chosen(), name), lines=lines, follow=follow):
        print(line if name else f"{process:<16}│ {line}", flush=follow)


@app.command()
def demo(
    leave_open: Annotated[bool, typer.Option("--open", help="Leave it paging.")] = False, as_json: AsJson = False
) -> None:
    """Send the example concern and show its way; then answer, judge and close it as the people on duty would."""
    _show_demo(_stack(), leave_open=leave_open, warm_up=False, as_json=as_json)


@app.command()
def token(
    role: Annotated[Role, typer.Option("--as", help="The role of the person to sign in as.")], as_json: AsJson = False
) -> None:
    """A bearer token for the API, as a seeded person of that role. Good on this stack alone, for 8 hours."""
    person = person_with(role, now=Clock().now())
    bearer = token_for(Place.chosen(), person)
    if as_json:
        return _say_json({"token": bearer, "person_id": str(person.id), "name": person.name, "roles": person.roles})
    return print(bearer)


@app.command()
def migrate() -> None:
    """Bring every service's database and topic to this code. PostgreSQL and Kafka must run."""
    stack = _stack()
    stack.demand("postgres", "kafka")
    for service in SERVICES:
        command = [sys.executable, "-m", f"services.{service}", "migrate"]
        environment = {**os.environ, **stack.environment(f"{service}-migrate")}
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
            raise Trouble(f"{service} was not migrated: see the line above.")


@app.command()
def rate(
    file: Annotated[str, typer.Argument(help="Reports, a body a line as JSON; - is standard input.")] = "-",
) -> None:
    """Read and rate reports from a file, without any service; sends nothing. Exit code 1 if a line was no report."""
    # Loaded here, because no other command needs the lexicon.
    from deploy.cli.rate import rated

    wrong = False
    with sys.stdin.buffer if file == "-" else _opened(file) as lines:
        for result in rated(lines):
            _say_json(result)
            wrong = wrong or "error" in result
    raise typer.Exit(1 if wrong else 0)


def _opened(file: str) -> BinaryIO:
    try:
        return Path(file).open("rb")
    except (FileNotFoundError, IsADirectoryError):
        raise Trouble(f"{file} is no file: name one, or give the reports on standard input.") from None


@app.command()
def journey(
    reference: Annotated[str, typer.Argument(help="The reference on the reporter's receipt.")], as_json: AsJson = False
) -> None:
    """The way of one concern, by its trace: when it was where. Nothing of what it says is shown."""
    from deploy.cli.trace import way_of  # late: reading a reference takes half of intake along

    stack = _stack()
    stack.demand("postgres")
    way = way_of(stack.place, reference)
    if as_json:
        return _say_json(dataclasses.asdict(way))
    screen.show_way(way)
    return screen.out.print(f"\nIts trace: {stack.urls['traces']}/zipkin/traces/{way.trace_id}")


@app.command()
def keys(
    folder: Annotated[Path, typer.Argument(help="Where to make them; what is there is kept.")],
    kafka_host: Annotated[str, typer.Option(help="The name by which other hosts reach Kafka.")] = "localhost",
) -> None:
    """Make the folder of keys, passwords and certificates that docker-compose.yml needs."""
    ensure_secrets(folder, now=Clock().now(), kafka_host=kafka_host)
    screen.out.print(f"Everything secret is in {folder}, which you alone may read.")


@app.command()
def start(name: Name) -> None:
    """Start a stopped process and wait until it is ready."""
    _stack().start(name)


@app.command()
def stop(name: Name) -> None:
    """Stop a process and keep it stopped until `start`."""
    _stack().stop(name)


@app.command()
def restart(name: Name) -> None:
    """Stop a process and start it again."""
    _stack().restart(name)


def _show_demo(stack: Stack, *, leave_open: bool, warm_up: bool, as_json: bool) -> None:
    stack.demand()
    demo = Demo(stack.place)
    if warm_up:
        first = demo.run_to_end()
        screen.err.print(f"The first concern after a start took {first.mailed:.0f} ms; the next one in full:")
    sent = demo.send()
    case = demo.wait_for_page(sent)
    way = demo.wait_for_journey(sent)
    demo.find_mail(case)
    if not as_json:
        screen.show_journey(sent.reference, way)
        screen.show_case(case)
    if not leave_open:
        case = _answer(demo, case, quiet=as_json)
    if as_json:
        told = {**dataclasses.asdict(way), "report_id": sent.report_id, "trace_id": demo.trace_of(sent), "case": case}
        return _say_json(told)
    return screen.show_where(stack.urls, demo.trace_of(sent))


def _answer(demo: Demo, case: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    names = {role: person.name for role, person in demo.people.items()}
    steps = (
        (demo.acknowledge, f"acknowledged by {names[Role.CONSULTANT]}"),
        (demo.judge, f"judged by {names[Role.AUTHORITY]}, who has authority: acute, help has started"),
        (demo.close, f"closed by {names[Role.CONSULTANT]}, countersigned by {names[Role.LEADER]}"),
    )
    for step, sentence in steps:
        case = step(case)
        if not quiet:
            screen.out.print(f"  [green]✓[/] {sentence}")
    return case


def _say_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False))


def main() -> None:
    """Run a command. What an operator can mend ends in one sentence and exit code 1."""
    try:
        app(prog_name="beredskab")
    except Trouble as trouble:
        _fail(str(trouble))
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _fail("The disk is full: make room, or point BEREDSKAB_HOME to another disk.")
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            _fail(f"{error.filename or 'A file'} may not be written by you: point BEREDSKAB_HOME to a folder of yours.")
        if error.errno in (errno.EEXIST, errno.ENOTDIR):
            _fail(f"{error.filename} is a file where a folder should be: point BEREDSKAB_HOME elsewhere.")
        raise


def _fail(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    sys.exit(1)
