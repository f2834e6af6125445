"""One list decides which errors of the database are no fault of the act: all but those of data and of our own SQL."""

import asyncpg
import pytest

from shared.postgres.faults import INFRASTRUCTURE


def raised(sqlstate: str) -> BaseException:
    """The error that asyncpg makes of an answer with this SQLSTATE."""
    error: BaseException = asyncpg.PostgresError.new({"C": sqlstate, "M": "", "S": "ERROR"})
    return error


@pytest.mark.parametrize(
    "sqlstate",
    [
        *("53100", "53200", "53300", "53400", "25006", "25P02", "42501", "28P01", "28000", "0A000", "40001", "40P01"),
        *("55P03", "55006", "57014", "57P01", "57P02", "57P03", "57P05", "58000", "58030", "58P01", "08006", "08P01"),
        *("XX000", "XX001", "XX002", "F0000", "3D000", "26000", "42P05", "72000", "99999"),
    ],
)
def test_a_fault_of_the_database_is_infrastructure(sqlstate: str) -> None:
    assert isinstance(raised(sqlstate), INFRASTRUCTURE)


@pytest.mark.parametrize(
    "sqlstate",
    [
        "22P02",
        "22021",
        "22003",
        "22008",
        "23505",
        "23514",
        "23503",
        "21000",
        "42601",
        "42P01",
        "42703",
        "P0001",
        "54000",
    ],
)
def test_a_fault_of_data_a_constraint_or_our_own_sql_is_not(sqlstate: str) -> None:
    assert not isinstance(raised(sqlstate), INFRASTRUCTURE)
