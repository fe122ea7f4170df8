"""Table-level lock modes and their conflict matrix, as in the PostgreSQL manual, section 13.3.1, table 13.2."""

from enum import IntEnum


class LockMode(IntEnum):
    """The eight table-level modes, weakest first (the numbers are those of `src/include/storage/lockdefs.h`)."""

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    @property
    def pg_name(self) -> str:
        """The name `pg_locks.mode` and the server log use.

        >>> LockMode.SHARE_UPDATE_EXCLUSIVE.pg_name
        'ShareUpdateExclusiveLock'
        """
        return "".join(word.capitalize() for word in self.name.split("_")) + "Lock"

    @classmethod
    def from_pg(cls, name: str) -> "LockMode":
        """The mode for a name from `pg_locks`; ValueError for predicate locks (SIReadLock) and unknown names."""
        try:
            return _BY_PG_NAME[name]
        except KeyError:
            raise ValueError(f"not a table-level lock mode: {name!r}") from None

    def conflicts_with(self, other: "LockMode") -> bool:
        """Whether the two modes cannot be held on one table by two transactions at once.

        >>> LockMode.SHARE.conflicts_with(LockMode.SHARE)
        False
        """
        return other in CONFLICTS[self]

    @property
    def blocks_reads(self) -> bool:
        """Whether a plain SELECT (ACCESS SHARE) must wait for this mode."""
        return self.conflicts_with(LockMode.ACCESS_SHARE)

    @property
    def blocks_writes(self) -> bool:
        """Whether INSERT, UPDATE, DELETE (ROW EXCLUSIVE) must wait for this mode."""
        return self.conflicts_with(LockMode.ROW_EXCLUSIVE)

    @property
    def is_strong(self) -> bool:
        """SHARE or stronger without SHARE UPDATE EXCLUSIVE: exactly the modes that block ordinary writes."""
        return self.blocks_writes


_BY_PG_NAME = {mode.pg_name: mode for mode in LockMode}

_M = LockMode
CONFLICTS: dict[LockMode, frozenset[LockMode]] = {
    _M.ACCESS_SHARE: frozenset({_M.ACCESS_EXCLUSIVE}),
    _M.ROW_SHARE: frozenset({_M.EXCLUSIVE, _M.ACCESS_EXCLUSIVE}),
    _M.ROW_EXCLUSIVE: frozenset({_M.SHARE, _M.SHARE_ROW_EXCLUSIVE, _M.EXCLUSIVE, _M.ACCESS_EXCLUSIVE}),
    _M.SHARE_UPDATE_EXCLUSIVE: frozenset(
        {_M.SHARE_UPDATE_EXCLUSIVE, _M.SHARE, _M.SHARE_ROW_EXCLUSIVE, _M.EXCLUSIVE, _M.ACCESS_EXCLUSIVE}
    ),
    _M.SHARE: frozenset(
        {
            _M.ROW_EXCLUSIVE,
            _M.SHARE_UPDATE_EXCLUSIVE,
            _M.SHARE_ROW_EXCLUSIVE,
            _M.EXCLUSIVE,
            _M.ACCESS_EXCLUSIVE,
        }
    ),
    _M.SHARE_ROW_EXCLUSIVE: frozenset(set(_M) - {_M.ACCESS_SHARE, _M.ROW_SHARE}),
    _M.EXCLUSIVE: frozenset(set(_M) - {_M.ACCESS_SHARE}),
    _M.ACCESS_EXCLUSIVE: frozenset(_M),
}
