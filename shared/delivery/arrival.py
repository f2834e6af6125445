"""What has arrived, by either road: headers and bytes that nobody has vouched for yet."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from shared.events.envelope import Envelope, Undecodable, envelope_of, text_headers
from shared.ids import derived_id

_TYPE = re.compile(r"beredskab\.[a-z]{1,20}\.[a-z-]{1,40}\.v[0-9]{1,3}")
_OURS = re.compile(r"ce_[a-z]{1,20}|content-type|traceparent")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event as it came. `partition` and `offset` say where it stood in its topic, if it came by Kafka."""

    topic: str
    headers: tuple[tuple[str, bytes | None], ...]
    body: bytes
    partition: int | None = None
    offset: int | None = None

    def envelope(self) -> Envelope:
        """The envelope in its headers. Raises `Undecodable`."""
        return envelope_of(text_headers(self.headers))

    @property
    def event_id(self) -> UUID | None:
        """The id it says it has, if that can be read."""
        try:
            return self.envelope().id
        except Undecodable:
            return None

    @property
    def arrival_id(self) -> UUID:
        """The same for the same event, by whichever road and however often; junk is known by its bytes."""
        return derived_id(self.topic, self.event_id or hashlib.sha256(self.packed()).hexdigest())

    @property
    def type(self) -> str | None:
        """The type it says it has, where that is named like ours: what else may stand there is not repeated."""
        said = text_headers(self.headers).get("ce_type", "")
        return said if _TYPE.fullmatch(said) else None

    @property
    def header_names(self) -> list[str]:
        """The names of its headers that are named like ours."""
        return sorted({name for name, _ in self.headers if _OURS.fullmatch(name)})

    def packed(self) -> bytes:
        """Headers and body as one string of bytes, to be sealed."""
        headers = [[name, None if value is None else _text(value)] for name, value in self.headers]
        return json.dumps({"headers": headers, "body": _text(self.body)}).encode("utf-8", "surrogatepass")

    @classmethod
    def unpacked(cls, topic: str, packed: bytes) -> Self:
        """The opposite of `packed`."""
        found = json.loads(packed.decode("utf-8", "surrogatepass"))
        headers = ((name, None if value is None else base64.b64decode(value)) for name, value in found["headers"])
        return cls(topic, tuple(headers), base64.b64decode(found["body"]))


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
