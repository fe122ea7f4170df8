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


CACHED_PLAN = "0A000"
"""feature_not_supported: as an application meets it, "cached plan must not change result type". The statement was
prepared before its result changed, and works again when it is prepared anew."""

_BY_STATE = {
    CACHED_PLAN: ErrorClass.SCHEMA,
    "25006": ErrorClass.CONNECTION,  # read_only_sql_transaction: the connection leads to a standby
    "25P03": ErrorClass.TIMEOUT,  # idle_in_transaction_session_timeout
    "25P04": ErrorClass.TIMEOUT,  # transaction_timeout
    "26000": ErrorClass.CONNECTION,  # a prepared statement of another session: a pooler in between, or DISCARD
    "40002": ErrorClass.CONSTRAINT,  # transaction_integrity_constraint_violation
    "40003": ErrorClass.CONNECTION,  # statement_completion_unknown
    "40P01": ErrorClass.LOCK,  # deadlock_detected
    "42501": ErrorClass.PRIVILEGE,
    "53300": ErrorClass.CAPACITY,  # too_many_connections
    "55000": ErrorClass.SCHEMA,  # object_not_in_prerequisite_state: no replica identity
    "55006": ErrorClass.LOCK,  # object_in_use
    "55P03": ErrorClass.LOCK,  # lock_not_available: lock_timeout or NOWAIT
    "55P04": ErrorClass.SCHEMA,  # unsafe_new_enum_value_usage
    "57014": ErrorClass.TIMEOUT,  # query_canceled: statement_timeout
    "57P01": ErrorClass.CONNECTION,  # admin_shutdown
    "57P02": ErrorClass.CONNECTION,  # crash_shutdown
    "57P03": ErrorClass.CONNECTION,  # cannot_connect_now
    "57P04": ErrorClass.CONNECTION,  # database_dropped
    "57P05": ErrorClass.CONNECTION,  # idle_session_timeout
    "HV00N": ErrorClass.CONNECTION,  # fdw_unable_to_establish_connection
    "POOLT": ErrorClass.CAPACITY,  # ours: no connection could be checked out before pool_timeout
    "POOLF": ErrorClass.CAPACITY,  # ours: traffic.max_waiters waited already
    "ABAND": ErrorClass.TIMEOUT,  # ours: not done when traffic stopped
}
_BY_CLASS = {
    "08": ErrorClass.CONNECTION,
    "0L": ErrorClass.PRIVILEGE,  # invalid grantor
    "0P": ErrorClass.PRIVILEGE,  # invalid role
    "20": ErrorClass.DATA,  # case not found
    "21": ErrorClass.DATA,  # cardinality violation: one row was expected, several came
    "22": ErrorClass.DATA,
    "23": ErrorClass.CONSTRAINT,
    "27": ErrorClass.DATA,  # triggered data change violation
    "28": ErrorClass.PRIVILEGE,  # invalid authorization
    "2B": ErrorClass.SCHEMA,  # dependent objects still exist
    "3D": ErrorClass.SCHEMA,  # invalid catalog (database) name
    "3F": ErrorClass.SCHEMA,  # invalid schema name
    "40": ErrorClass.SERIALIZATION,
    "42": ErrorClass.SCHEMA,
    "44": ErrorClass.CONSTRAINT,  # WITH CHECK OPTION violation
    "53": ErrorClass.CAPACITY,
    "54": ErrorClass.SCHEMA,  # program limit exceeded: triggers that call each other, too many columns
    "58": ErrorClass.CAPACITY,  # system error: I/O, a file that is missing or exists twice
    "72": ErrorClass.SERIALIZATION,  # snapshot too old: run it again
}

_DOES_NOT_FIT = frozenset({"22001", "22003", "2200H", "22P02", "23502", "23514", "44000"})

POOL_TIMEOUT = "POOLT"
"""Our own state for an operation that got no connection within pool_timeout; no server sends it."""
POOL_FULL = "POOLF"
"""Our own state for an operation that found `traffic.max_waiters` in the queue for a connection already."""
ABANDONED = "ABAND"
"""Our own state for an operation that had not ended when traffic stopped; no server sends it."""


def classify(sqlstate: str) -> ErrorClass:
    """The class of a five-character SQLSTATE; OTHER where the manual's class says nothing to an application.

    >>> classify("42703"), classify("40P01")
    (<ErrorClass.SCHEMA: 'schema'>, <ErrorClass.LOCK: 'lock'>)
    """
    return _BY_STATE.get(sqlstate) or _BY_CLASS.get(sqlstate[:2], ErrorClass.OTHER)


def breaks_application(sqlstate: str) -> bool:
    """Whether the error says that the schema no longer fits the application's statement.

    Missing objects and columns, changed types and plans (classes 42, 0A000, 55000), lost privileges, and NOT NULL or
    CHECK constraints or a view's CHECK OPTION that the old application cannot satisfy (23502, 23514, 44000), values
    that a type does not take (22001, 22003, 22P02: an enum's too), a sequence at its end (2200H), triggers that call
    each other without end (54001).
    """
    return classify(sqlstate) in (ErrorClass.SCHEMA, ErrorClass.PRIVILEGE) or sqlstate in _DOES_NOT_FIT
