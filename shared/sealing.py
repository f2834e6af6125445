"""Sealed columns: AES-256-GCM (NIST SP 800-38D) with one data key per case, itself sealed by the service's key.

What is sealed is bound to its place (`table|column|row`), so that a sealed value moved elsewhere does not open.
Destroying a case's wrapped data key erases everything sealed with it, in backups too.
"""

import base64
import hmac
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class SealBroken(Exception):
    """The bytes were not sealed with this key for this place."""


def _place(table: str, column: str, row: UUID) -> bytes:
    return f"{table}|{column}|{row}".encode()


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """The key of one case. `wrapped` is what may be stored of it."""

    key: bytes
    wrapped: bytes

    def seal(self, plain: bytes, *, table: str, column: str, row: UUID) -> bytes:
        """Nonce (12 bytes), ciphertext and tag (16 bytes) of the plain bytes."""
        return _seal(self.key, plain, _place(table, column, row))

    def unseal(self, sealed: bytes, *, table: str, column: str, row: UUID) -> bytes:
        """The plain bytes. Raises `SealBroken`."""
        return _unseal(self.key, sealed, _place(table, column, row))


class KeyRing:
    """The service's key-encryption keys: one is current, older ones still open what they sealed (rotation re-wraps)."""

    def __init__(self, current: str, keys: dict[str, bytes]) -> None:
        self._current = current
        self._keys = keys

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a mounted secret: `{"current": id, "keys": {id: base64 of 32 bytes}}`."""
        secret = json.loads(path.read_text(encoding="utf-8"))
        return cls(secret["current"], {name: base64.b64decode(key) for name, key in secret["keys"].items()})

    def new_data_key(self) -> DataKey:
        """A fresh data key with its wrapping."""
        key = os.urandom(32)
        return DataKey(key, self._with_id(_seal(self._keys[self._current], key, b"data key")))

    def unwrap(self, wrapped: bytes) -> DataKey:
        """The data key inside. Raises `SealBroken`."""
        key_id, sealed = self._split(wrapped)
        return DataKey(_unseal(self._key(key_id), sealed, b"data key"), wrapped)

    def seal(self, plain: bytes, *, table: str, column: str, row: UUID) -> bytes:
        """Seal what belongs to no case with the service's own key; its id stands in front."""
        return self._with_id(_seal(self._keys[self._current], plain, _place(table, column, row)))

    def unseal(self, sealed: bytes, *, table: str, column: str, row: UUID) -> bytes:
        """The plain bytes of `seal`. Raises `SealBroken`."""
        key_id, inner = self._split(sealed)
        return _unseal(self._key(key_id), inner, _place(table, column, row))

    def _with_id(self, sealed: bytes) -> bytes:
        name = self._current.encode()
        return bytes([len(name)]) + name + sealed

    @staticmethod
    def _split(sealed: bytes) -> tuple[str, bytes]:
        end = 1 + sealed[0] if sealed else 0
        return sealed[1:end].decode("utf-8", "replace"), sealed[end:]

    def _key(self, key_id: str) -> bytes:
        if key_id not in self._keys:
            raise SealBroken("sealed with a key this service does not hold")
        return self._keys[key_id]


@dataclass(frozen=True, slots=True, repr=False)
class MacKeys:
    """The keys of evidence, which the database does not hold (HMAC-SHA256, RFC 2104). Older ones still verify.

    `unkeyed_until`: entries up to then may be of the time before keys, where there was one.
    """

    current: str
    keys: dict[str, bytes]
    unkeyed_until: datetime | None = None

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a mounted secret: `{"current": id, "keys": {id: base64 of 32 bytes}, "unkeyed_until": instant}`."""
        secret = json.loads(path.read_text(encoding="utf-8"))
        until = secret.get("unkeyed_until")
        keys = {name: base64.b64decode(key) for name, key in secret["keys"].items()}
        return cls(secret["current"], keys, until and datetime.fromisoformat(until))

    def mac(self, plain: bytes, key_id: str | None = None) -> bytes:
        """The keyed hash, by the current key or by the one named. Raises `SealBroken` when that is not held."""
        key = self.keys.get(key_id or self.current)
        if key is None:
            raise SealBroken("hashed with a key this service does not hold")
        return hmac.digest(key, plain, "sha256")


def _seal(key: bytes, plain: bytes, place: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, place)


def _unseal(key: bytes, sealed: bytes, place: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], place)
    except (InvalidTag, ValueError):
        raise SealBroken("not sealed with this key for this place") from None
