"""Reading what a person looks for: a receipt's reference, a case's code, or a child's CPR number."""

import re
from enum import StrEnum
from uuid import UUID

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""
_ALIKE = str.maketrans("OIL", "011")
_CODE, _REFERENCE = 4, 8
_SHIFT = 128 - 5 * _CODE


class Sought(StrEnum):
    """By what a case is looked for."""

    REFERENCE = "reference"
    CODE = "code"
    CHILD = "child"


def sought(written: str) -> Sought | None:
    """By what it is: its length tells. None where it is nothing of ours."""
    letters = re.sub(r"[\W_]", "", written)
    if re.fullmatch(r"(?i:cpr)?(\d{10}|\d{12})", letters):
        return Sought.CHILD
    return {_CODE: Sought.CODE, _REFERENCE: Sought.REFERENCE}.get(len(letters))


def code_of(case_id: UUID) -> str:
    """Four letters that tell one case from another in a list. They say nothing of it."""
    bits = case_id.int >> _SHIFT
    return "".join(LETTERS[(bits >> shift) & 31] for shift in (15, 10, 5, 0))


def cases_between(code: str) -> tuple[UUID, UUID] | None:
    """The first and the last id whose case has the code, however it is typed. None where it is no code."""
    typed = re.sub(r"[\W_]", "", code).upper().translate(_ALIKE)
    if len(typed) != _CODE or not set(typed) <= set(LETTERS):
        return None
    bits = 0
    for letter in typed:
        bits = bits << 5 | LETTERS.index(letter)
    return UUID(int=bits << _SHIFT), UUID(int=(bits + 1 << _SHIFT) - 1)
