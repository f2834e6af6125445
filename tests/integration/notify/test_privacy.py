"""What must never leave with a message, nor stay in the clear."""

import pytest

from tests.integration.notify.conftest import Notify

REFUSAL = "refuse 550 mailbox aase.eksempel@ekt.example of Aase Eksempel is closed"


async def test_a_mail_holds_no_id_of_ours(notify: Notify) -> None:
    request = await notify.asked()
    await notify.send()
    mail = notify.sink.taken[0].decode().lower()
    ids = (request.case_id, request.report_id, request.message_id, request.recipient.id)
    assert [each for each in ids if str(each) in mail or each.hex in mail] == []
    assert not {"akut", "acute", "sag", "case", "barn"} & set(mail.replace("-", " ").replace(":", " ").split())


async def test_a_mail_has_no_header_beyond_what_an_automatic_mail_needs(notify: Notify) -> None:
    await notify.asked()
    await notify.send()
    allowed = {"from", "to", "subject", "date", "message-id", "auto-submitted", "x-auto-response-suppress"}
    mime = {"mime-version", "content-type", "content-transfer-encoding"}
    assert {name.lower() for name in notify.sink.mails[0].keys()} <= allowed | mime  # noqa: SIM118


async def test_no_address_and_no_word_of_the_server_is_stored_or_logged(
    notify: Notify, capsys: pytest.CaptureFixture[str]
) -> None:
    await notify.asked()
    notify.sink.faults.append(REFUSAL)
    await notify.send()
    tables = await notify.ground.pool.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    stored = [
        str(row)
        for table in tables
        for row in await notify.ground.pool.fetch(f"SELECT t::text FROM {table['table_name']} t")
    ]
    said = capsys.readouterr()
    for text in (*stored, said.out, said.err):
        assert "ekt.example" not in text
        assert "mailbox" not in text
    plain = b"aase.eksempel".hex()
    assert not [text for text in stored if plain in text]


async def test_a_failure_of_our_own_is_logged_by_its_name_alone(
    notify: Notify, capsys: pytest.CaptureFixture[str]
) -> None:
    await notify.asked()
    await notify.ground.pool.execute("UPDATE contacts SET sealed = sealed || 'x'")
    await notify.send()
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "message.try_lost" in line]
    assert "SealBroken" in line
    assert "ekt.example" not in line
