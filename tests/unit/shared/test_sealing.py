"""Sealed columns open with their key at their place, and nowhere else."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ids import new_id
from shared.sealing import KeyRing, SealBroken

ROW = new_id()


def ring(**keys: bytes) -> KeyRing:
    return KeyRing(list(keys)[-1], keys)


@given(st.binary())
def test_what_is_sealed_opens_at_its_place(plain: bytes) -> None:
    key = ring(k1=bytes(32)).new_data_key()
    assert key.unseal(key.seal(plain, table="t", column="c", row=ROW), table="t", column="c", row=ROW) == plain


@pytest.mark.parametrize(("table", "column", "row"), [("x", "c", ROW), ("t", "x", ROW), ("t", "c", new_id())])
def test_a_sealed_value_that_was_moved_does_not_open(table: str, column: str, row: object) -> None:
    key = ring(k1=bytes(32)).new_data_key()
    sealed = key.seal(b"plain", table="t", column="c", row=ROW)
    with pytest.raises(SealBroken):
        key.unseal(sealed, table=table, column=column, row=row)  # type: ignore[arg-type]


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    old, new = os.urandom(32), os.urandom(32)
    wrapped = ring(k1=old).new_data_key().wrapped
    both = ring(k1=old, k2=new)
    assert both.unwrap(wrapped).wrapped == wrapped
    assert both.new_data_key().wrapped[1:3] == b"k2"
    with pytest.raises(SealBroken):
        ring(k2=new).unwrap(wrapped)


@given(st.binary(max_size=80))
def test_junk_does_not_open(junk: bytes) -> None:
    with pytest.raises(SealBroken):
        ring(k1=bytes(32)).unseal(junk, table="t", column="c", row=ROW)


def test_a_key_does_not_show_itself() -> None:
    key = ring(k1=bytes(32)).new_data_key()
    assert key.key.hex() not in repr(key)
    assert str(key.key) not in repr(key)
