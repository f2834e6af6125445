"""Part of `make mutants`: delivery broken in tempting ways, each in a copy of its own; the tests must object."""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("services", "shared", "deploy", "tests", "docs")


@dataclass(frozen=True)
class Mutant:
    """One wrong turn: a text of a file replaced by another, and the tests that must notice."""

    name: str
    file: str
    right: str
    wrong: str
    tests: str


MUTANTS = (
    Mutant(
        "commit the offset before the effect",
        "shared/delivery/consumer.py",
        """            if not await self._taken(_arrival(record)):
                return
            self._offsets[TopicPartition(record.topic, record.partition)] = record.offset + 1
""",
        """            self._offsets[TopicPartition(record.topic, record.partition)] = record.offset + 1
            if not await self._taken(_arrival(record)):
                return
""",
        "tests/system/delivery/test_consumer.py",
    ),
    Mutant(
        "skip the inbox",
        "shared/delivery/inbox.py",
        "            if await _is_new(tx, envelope):\n",
        "            if await _is_new(tx, envelope) or True:\n",
        "tests/integration/shared/test_inbox.py",
    ),
    Mutant(
        "delete before the acknowledgement",
        "shared/delivery/relay.py",
        """        done = await self._settle(conn, sent)
        crash_point("relay.acknowledged")
        await conn.execute("DELETE FROM outbox WHERE seq = ANY($1::bigint[])", done)
""",
        """        done = [each.seq for each in sent]
        await conn.execute("DELETE FROM outbox WHERE seq = ANY($1::bigint[])", done)
        await self._settle(conn, sent)
""",
        "tests/system/delivery/test_relay.py",
    ),
    Mutant(
        "send without a lease",
        "services/notify/store.py",
        "UPDATE messages m SET state = 'sending', next_at = $2,",
        "UPDATE messages m SET state = 'sending', next_at = $1 + ($2 - $2),",
        "tests/integration/notify/test_sending.py",
    ),
    Mutant(
        "read the outbox with a cursor",
        "shared/delivery/relay.py",
        'stuck IS NULL ORDER BY seq LIMIT $1", self._batch)\n',
        'stuck IS NULL AND seq > $2 ORDER BY seq LIMIT $1", self._batch, getattr(self, "_passed", 0))\n'
        '        self._passed = max([getattr(self, "_passed", 0), *(row["seq"] for row in rows)])\n',
        "tests/system/delivery/test_relay.py",
    ),
    Mutant(
        "forget the second road",
        "shared/delivery/relay.py",
        "            needed = self.outage or peer in self._stuck_for\n",
        "            needed = False\n",
        "tests/system/delivery/test_relay.py",
    ),
    Mutant(
        "believe whoever has a token",
        "shared/delivery/door.py",
        '    own = caller in TOPICS and request.headers.get("ce-source") == caller\n',
        "    own = caller in TOPICS\n",
        "tests/integration/shared/test_events_door.py",
    ),
)


def caught(mutant: Mutant) -> bool:
    """Whether the tests object to the mutant."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder)
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md", ".env.example"):
            shutil.copy(ROOT / name, copy / name)
        copy.chmod(0o755)
        broken = copy / mutant.file
        text = broken.read_text(encoding="utf-8")
        assert text.count(mutant.right) == 1, f"{mutant.name}: {mutant.file} reads otherwise now; mend the mutant"
        broken.write_text(text.replace(mutant.right, mutant.wrong), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.tests]
        return subprocess.run(command, cwd=copy, stdout=subprocess.DEVNULL, check=False).returncode == 1


def main() -> int:
    """Try them all; 1 if one went unnoticed."""
    survivors = 0
    for mutant in MUTANTS:
        seen = caught(mutant)
        survivors += not seen
        print(f"{'caught' if seen else 'NOT CAUGHT':<11} {mutant.name}", flush=True)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
