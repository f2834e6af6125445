"""What operators see of messages: since when a page waits for a provider, how many were given up."""

from services.notify.figures import found
from shared.events.codes import RecipientKind
from shared.events.escalation import Recipient
from shared.ids import new_id
from tests.integration.notify.conftest import Notify


async def seen(notify: Notify) -> tuple[float, float]:
    figures = await found(notify.ground.pool, notify.ground.clock.now())
    return figures["beredskab.page.waiting.age"], figures["beredskab.messages.given_up"]


async def test_a_page_waits_until_a_provider_takes_it(notify: Notify) -> None:
    await notify.asked()
    notify.ground.clock.pass_by(seconds=70)
    await notify.send(notify.sender(port=9))
    assert await seen(notify) == (70, 0)
    notify.ground.clock.pass_by(seconds=60)
    await notify.send()
    assert await seen(notify) == (0, 0)


async def test_the_page_of_a_canary_waits_too_because_the_mail_server_is_away_for_it(notify: Notify) -> None:
    await notify.asked(canary=True)
    notify.ground.clock.pass_by(seconds=61)
    assert await seen(notify) == (61, 0)


async def test_messages_that_were_given_up_are_seen_for_a_quarter_of_an_hour(notify: Notify) -> None:
    await notify.asked(recipient=Recipient(kind=RecipientKind.PERSON, id=new_id()))
    await notify.send()
    assert await seen(notify) == (0, 1)
    notify.ground.clock.pass_by(minutes=15)
    assert await seen(notify) == (0, 0)
