"""SQLSTATE classes, as in the PostgreSQL manual's appendix A, grouped by what they mean to an application."""

from enum import Enum


class ErrorClass(Enum):
    """What an error means to the application that got it."""

    LOCK = "lock"
    TIMEOUT = "timeout"
    SERIALIZATION = "serialization"
    SCHEMA = "schema"
    CONSTRAINT = "constraint"
    PRIVILEGE = "privilege"
    CAPACITY = "capacity"
    CONNECTION = "connection"
    DATA = "data"
    OTHER = "other"


_BY_STATE = {
    "55P03": ErrorClass.LOCK,  # lock_not_available: lock_timeout or NOWAIT
    "40P01": ErrorClass.LOCK,  # deadlock_detected
    "57014": ErrorClass.TIMEOUT,  # query_canceled: statement_timeout
    "25P03": ErrorClass.TIMEOUT,  # idle_in_transaction_session_timeout
    "25P04": ErrorClass.TIMEOUT,  # transaction_timeout
    "40001": ErrorClass.SERIALIZATION,
    "0A000": ErrorClass.SCHEMA,  # "cached plan must not change result type"
    "42501": ErrorClass.PRIVILEGE,
    "57P01": ErrorClass.CONNECTION,  # admin_shutdown
    "57P02": ErrorClass.CONNECTION,  # crash_shutdown
    "57P03": ErrorClass.CONNECTION,  # cannot_connect_now
    "57P05": ErrorClass.CONNECTION,  # idle_session_timeout
    "55000": ErrorClass.SCHEMA,  # object_not_in_prerequisite_state: no replica identity
    "POOLT": ErrorClass.CAPACITY,  # ours: no connection could be checked out before pool_timeout
}
_BY_CLASS = {
    "08": ErrorClass.CONNECTION,
    "22": ErrorClass.DATA,
    "23": ErrorClass.CONSTRAINT,
    "40": ErrorClass.SERIALIZATION,
    "42": ErrorClass.SCHEMA,
    "53": ErrorClass.CAPACITY,
    "54": ErrorClass.CAPACITY,
}

POOL_TIMEOUT = "POOLT"
"""Our own state for an operation that got no connection within pool_timeout; no server sends it."""


def classify(sqlstate: str) -> ErrorClass:
    """The class of a five-character SQLSTATE; OTHER where the manual's class says nothing to an application.

    >>> classify("42703"), classify("40P01")
    (<ErrorClass.SCHEMA: 'schema'>, <ErrorClass.LOCK: 'lock'>)
    """
    return _BY_STATE.get(sqlstate) or _BY_CLASS.get(sqlstate[:2], ErrorClass.OTHER)


def breaks_application(sqlstate: str) -> bool:
    """Whether the error says that the schema no longer fits the application's statement.

    Missing objects and columns, changed types and plans (classes 42, 0A000, 55000), lost privileges, and NOT NULL or
    CHECK constraints the old application cannot satisfy (23502, 23514).
    """
    return classify(sqlstate) in (ErrorClass.SCHEMA, ErrorClass.PRIVILEGE) or sqlstate in ("23502", "23514")
