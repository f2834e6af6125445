"""A canary goes the whole way, pages nobody, and is seen to have arrived."""

from tests.support.system import System, one_by_one, until
from tests.system.delivery.conftest import restarted

SINK = "canary@kommune.example"


async def test_a_canary_comes_round_and_reaches_nobody(faulty: System) -> None:
    faulty.stack.override(
        one_by_one({"intake-work": {"CANARY_EVERY_SECONDS": "2"}, "notify-work": {"CANARY_ADDRESS": SINK}}),
    )
    try:
        await restarted(faulty, "intake-work", "notify-work")

        await until(lambda: _arrived(faulty, 2), within=60, every=0.5)
    finally:
        faulty.stack.override(one_by_one({}))
        await restarted(faulty, "intake-work", "notify-work")
    made = await faulty.value("intake", "SELECT count(*) FROM cases WHERE canary")

    async def ended() -> bool:
        ends = """SELECT count(*) FROM escalations JOIN cases USING (case_id)
                  WHERE canary AND state = 'closed' AND level IN ('high', 'acute')"""
        return bool(await faulty.value("escalation", ends) == made)

    await until(ended, within=60, every=0.5)
    await until(faulty.at_rest, within=60, every=0.3)
    others = "SELECT count(*) FROM messages WHERE canary AND (state <> 'accepted' OR attempts > 1)"
    assert await faulty.value("notify", others) == 0
    await until(lambda: _arrived(faulty, made), within=60, every=0.5)
    for service in ("intake", "escalation", "notify"):
        told = "SELECT count(*) FROM evidence JOIN cases USING (case_id) WHERE canary"
        assert await faulty.value(service, told) == 0

    async def measured() -> bool:
        figures = {each["name"]: each["value"] for each in await faulty.metrics()}
        return 0 < figures.get("beredskab.canary.took", 0) < 20

    await until(measured, within=60, every=1)


async def _arrived(system: System, n: int) -> list[str]:
    """The Message-IDs of the canaries' mails, once there are so many, each once."""
    names = [str(mail["Message-ID"]) for mail in await system.mails() if mail["To"] == SINK]
    assert len(set(names)) == len(names)
    return names if len(names) >= n else []
