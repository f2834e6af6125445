"""Faults that are not the fault of the act: it is tried again, unchanged, for as long as they last."""

import asyncpg

_OF_THE_ACT = frozenset({"20", "21", "22", "23", "27", "42", "44", "54", "P0"})
"""SQLSTATE classes that say something of the data or of our own SQL: no second try will go better."""

_AFTER_ALL: tuple[type[Exception], ...] = (
    asyncpg.InsufficientPrivilegeError,  # 42501: a GRANT that is missing comes back
    asyncpg.DuplicatePreparedStatementError,  # 42P05: somebody else's statement, on a session that a pooler lent us
)

INFRASTRUCTURE: tuple[type[Exception], ...] = (
    *(kind for kind in asyncpg.PostgresError.__subclasses__() if (kind.sqlstate or "")[:2] not in _OF_THE_ACT),
    *_AFTER_ALL,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg makes of a connection that breaks in the middle of an answer
    OSError,
    TimeoutError,
)
"""Every error of the database but those of data, constraints and our own SQL; and of the network.

The list is open: a class of SQLSTATE that nobody thought of (PostgreSQL, appendix A) belongs to it. asyncpg gives each
class an exception of its own, of which those of its codes are kinds.
"""
