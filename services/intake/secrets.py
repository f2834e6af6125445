"""The keys this service holds."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from shared.sealing import KeyRing


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """`ring` seals columns; `lookup` finds a child by CPR number again and makes the words of receipts."""

    ring: KeyRing
    lookup: bytes

    @classmethod
    def read(cls, ring: KeyRing, keys_dir: Path) -> Self:
        """With the lookup key from its file (base64). Raises `FileNotFoundError`."""
        return cls(ring, base64.b64decode((keys_dir / "lookup.key").read_text(encoding="ascii")))
