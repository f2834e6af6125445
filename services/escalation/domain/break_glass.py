"""Break-glass: a sealed code a unit, by which somebody comes in while nobody can sign in [nødkode].

A code has 24 letters of Crockford's base 32, which holds no letter that is taken for another: 120 bits, so that it
cannot be guessed and a plain digest of it is enough. People copy it from paper by hand.
"""

import hashlib
from datetime import timedelta

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH, GROUP = 24, 4
LASTS = timedelta(minutes=60)
"""How long somebody is in with it. Nothing prolongs it."""
_MEANT = str.maketrans("OIL", "011")


def code_of(raw: bytes) -> str:
    """The code that 15 random bytes make, in groups: `7K2M-0Q9X-…`."""
    number = int.from_bytes(raw, "big")
    letters = "".join(ALPHABET[number >> 5 * n & 31] for n in range(LENGTH))
    return "-".join(letters[n : n + GROUP] for n in range(0, LENGTH, GROUP))


def digest(written: str) -> bytes:
    """What is kept of a code, however it was typed: small letters, spaces, O for 0, I or L for 1."""
    letters = "".join(each for each in written.upper() if each.isalnum())
    return hashlib.sha256(letters.translate(_MEANT).encode("utf-8", "surrogatepass")).digest()
