"""A mail address that is set is one address, and nothing that a mail server would have to take apart."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.notify.settings import Settings

GIVEN = {
    "database_url": "postgresql://u:p@h/d",
    "kafka_bootstrap_servers": "k:1",
    "keys_dir": Path(),
    "http_port": 1,
    "seed_file": Path("s"),
    "duty_phone": "70 20 00 00",
    "smtp_host": "h",
    "console_url": "https://vagt.example",
}
NO_ADDRESS = [
    *(
        "mailto:a@b.dk",
        "a@b.dk;c@d.dk",
        "a@b.dk,c@d.dk",
        "<a@b.dk>",
        "Vagt<a@b.dk>",
        "a@b@c.dk",
        "a@b.dk?cc=c",
        "a@",
        "@b",
    ),
    *("a@b..dk", "a(x)@b.dk", "å@b.dk", "a@b.dk\n"),
]


@pytest.mark.parametrize("address", ["beredskab@kommune.example", "a.b+c@x-y.dk", "root@localhost"])
def test_one_address_is_taken(address: str) -> None:
    given = Settings(**GIVEN, smtp_sender=address, canary_address=address)
    assert (given.smtp_sender, given.canary_address) == (address, address)


@pytest.mark.parametrize("name", ["smtp_sender", "canary_address"])
@pytest.mark.parametrize("address", NO_ADDRESS)
def test_whatever_is_more_or_less_than_one_address_is_refused(name: str, address: str) -> None:
    with pytest.raises(ValidationError, match=f"1 validation error.*\n{name}"):
        Settings(**(GIVEN | {"smtp_sender": "a@b.dk"} | {name: address}))
