"""Whether a child is known here is not told by how long the answer takes."""

import json
import math
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.intake.conftest import Intake
from tests.support.children import new_child

PAIRS = 192
NOTICED = 0.002
"""Seconds that a stranger on the same network could tell apart."""
MOST = 4.5 * math.sqrt(PAIRS)
"""Of a fair coin's throws so many more fall on one side once in 150,000 times."""


def body(child: dict[str, str]) -> dict[str, Any]:
    return {"text": "Noget.", "reporter": {"kind": "teacher"}, "children": [child]}


async def took(intake: Intake, sent: dict[str, Any], key: str) -> float:
    began = time.perf_counter()
    answer = await intake.client.post("/v1/reports", content=json.dumps(sent), headers={"Idempotency-Key": key})
    took = time.perf_counter() - began
    assert answer.status_code == 201
    return took


def lots() -> Iterator[bool]:
    """Which of the two is sent first, the same in every run."""
    return iter(random.Random(10).choices([True, False], k=PAIRS))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", ["known child", "sent before"])
async def test_the_time_of_an_answer_does_not_tell_a_known_child(intake: Intake, way: str) -> None:
    known = new_child()
    for n in range(8):
        await took(intake, body(known if n == 0 else new_child()), f"warm {n}")
    slower = faster = 0
    for n, first in enumerate(lots()):
        new = (body(new_child()), f"new {n}")
        old = (body(known), f"known {n}") if way == "known child" else (body(known), "warm 0")
        times = {id(each): await took(intake, *each) for each in ((new, old) if first else (old, new))}
        difference = times[id(old)] - times[id(new)]
        slower, faster = slower + (difference > NOTICED), faster + (difference < -NOTICED)
    assert abs(slower - faster) <= MOST, (slower, faster)
