"""The catalogue of signs [tegn]: the coded observations that a report can say or deny (`signs.csv`)."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, NewType

from pydantic import AfterValidator, WithJsonSchema


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign: its tier (acute, high, strong, concern), whether it is a gate, and its words."""

    id: str
    tier: str
    gate: bool
    danish: str
    english: str
    note: str


def _load() -> Mapping[str, Sign]:
    with Path(__file__).with_name("signs.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter=";")
        signs = [Sign(**{**row, "gate": row["gate"] == "yes"}) for row in rows]  # type: ignore[arg-type]
    return MappingProxyType({sign.id: sign for sign in signs})


SIGNS: Mapping[str, Sign] = _load()


def _known(value: str) -> str:
    if value not in SIGNS:
        raise ValueError("not a sign of the catalogue")
    return value


SignId = NewType("SignId", str)
KnownSign = Annotated[SignId, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(SIGNS)})]
"""A sign id in an event: one of the catalogue's, so that no event can carry free text in its place."""
