"""Keys for drafts: a tab keeps what was written so that a reload does not lose it, but only sealed.

The key is derived from the draft's id and told for half a day; nothing is stored here. What a browser wrote to its disk
is then closed for good, also to whoever finds it.
"""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.clock import Clock

LIFETIME = timedelta(hours=12)
"""Longer than a working day at a school: a draft is not lost to a pause."""
_RANDOM = 16


@dataclass(frozen=True, slots=True, repr=False)
class Draft:
    """A draft's id, which the tab keeps beside what it sealed, and its key (256 bits), which it does not."""

    id: str
    key: str


class DraftKeys:
    """Makes and finds again the keys of drafts."""

    def __init__(self, secret: bytes, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def new(self) -> Draft:
        """A draft that begins now."""
        born = int(self._clock.now().timestamp()).to_bytes(8)
        return self._draft(born + os.urandom(_RANDOM))

    def opened(self, draft_id: str) -> Draft | None:
        """The draft with its key; None when the id is not one of ours or too old."""
        try:
            told = base64.b64decode(draft_id, altchars=b"-_", validate=True)
        except ValueError:
            return None
        draft = self._draft(told[: 8 + _RANDOM])
        if not hmac.compare_digest(draft.id, draft_id):
            return None
        born = datetime.fromtimestamp(int.from_bytes(told[:8]), UTC)
        return draft if self._clock.now() - born < LIFETIME else None

    def _draft(self, begun: bytes) -> Draft:
        seal, key = (
            hmac.digest(self._secret, purpose + begun, hashlib.sha256) for purpose in (b"draft|", b"draft key|")
        )
        return Draft(_text(begun + seal[:16]), _text(key))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()
