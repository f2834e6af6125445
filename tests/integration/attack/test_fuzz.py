"""Whatever a stranger sends: 201 or a clear refusal, and what intake told of it opens an escalation."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.attack.test_dates import way as way
from tests.support.bodies import BYTES, sent
from tests.support.whole_way import WRITER, WholeWay

DRAWN: list[tuple[bytes, bytes]] = []


@given(st.tuples(BYTES, sent()))
@settings(max_examples=60, database=None, deadline=None, suppress_health_check=list(HealthCheck))
def drawn(pair: tuple[bytes, bytes]) -> None:
    DRAWN.append(pair)


@pytest.mark.usefixtures("way")
async def test_whatever_is_sent_is_accepted_or_clearly_refused_and_opens_an_escalation(way: WholeWay) -> None:
    drawn()
    bearer = way.intake.bearer(WRITER, "consultant")
    for anything, body in DRAWN:
        for path, raw in (("/v1/reports", anything), ("/v1/reports", body), ("/v1/reports/phone", body)):
            answer = await way.client.post(path, content=raw, headers=bearer)
            assert answer.status_code in ((201,) if raw is body else (201, 400)), (path, raw)
    cases = {event.case_id for event in await way.told()}
    await way.handle()
    assert len(await way.unanswered()) == len(cases) > 50
