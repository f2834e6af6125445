"""A test mail on its whole way: asked for in escalation, sent by notify, answered by the person who got it."""

from email.message import EmailMessage
from typing import Any

from shared.auth.people import Role
from tests.support.system import System, until


async def test_a_test_mail_is_asked_for_arrives_and_is_answered(system: System) -> None:
    async def own() -> dict[str, Any]:
        told: dict[str, Any] = (await system.ask("me/contact", by=Role.AUTHORITY)).json()["contacts"][0]["contact"]
        return told

    async def waits() -> bool:
        return bool((await own())["waits"])

    async def arrived() -> list[EmailMessage]:
        tests = [mail for mail in await system.mails() if str(mail["Subject"]).startswith("Prøve: ")]
        return [mail for mail in tests if mail["Message-ID"] not in earlier]

    earlier: set[str] = set()
    earlier = {mail["Message-ID"] for mail in await arrived()}  # of people whom other tests have asked for
    assert (await own())["proved_at"] is None, "none goes out by itself here"
    assert (await system.act("me/contact/proof", by=Role.AUTHORITY)).status_code == 202
    await until(waits)
    (mail,) = await until(arrived)
    assert f"{system.urls['escalation']}/me" in mail.get_content()
    assert (await system.act("me/contact/confirm", by=Role.AUTHORITY)).status_code == 204
    assert (await own())["proved_at"] is not None
