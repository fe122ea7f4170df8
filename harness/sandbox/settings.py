"""What servers are started with: the scenario's production settings, what observing needs, what restoring may skip."""

import re
from collections.abc import Mapping

from harness.model.errors import SandboxError
from harness.model.units import NS_PER_MS, parse_duration
from harness.postgres.ports import ServerSettings
from harness.spec.scenario import PostgresSpec

# jsonlog came with PostgreSQL 15 (release notes 15, E.19.3.1.8).
_JSONLOG_SINCE = 15
# For the actors, the antagonists, the migration tool's own pool and the observer. Only where the scenario does not say
# what production has: the lock table grows with it, and one larger than production's would never run out.
_USUAL_CONNECTIONS = 200
# The address, the files and the log belong to the harness: the observer could not find them elsewhere.
_OURS = frozenset(
    {
        "config_file", "data_directory", "event_source", "external_pid_file", "hba_file", "ident_file",
        "listen_addresses", "log_destination", "log_directory", "log_file_mode", "log_filename", "log_lock_waits",
        "log_min_error_statement", "log_min_messages", "log_rotation_age", "log_rotation_size", "log_timezone",
        "log_truncate_on_rotation", "logging_collector", "port", "ssl", "unix_socket_directories",
    }
)  # fmt: skip
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)*$")

# Restoring happens before anything is measured, and an interrupted restore is thrown away, so durability buys nothing
# (manual, section 14.5 "Non-Durable Settings" and 14.4 "Populating a Database"). Without wal_recycle = off the snapshot
# would carry gigabytes of recycled WAL into every clone.
UNSAFE_RESTORE: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_recycle": "off",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "autovacuum": "off",
    "maintenance_work_mem": "256MB",
}


def server_settings(spec: PostgresSpec, *, major: int) -> ServerSettings:
    """The settings of a clone: production's as written, and those that measuring needs.

    Durability (fsync, synchronous_commit, full_page_writes) is production's; where the scenario says nothing it is
    PostgreSQL's default, on: a clone that commits faster than production would hide lock and latency trouble.
    SandboxError names a setting that is not a name, or that the harness keeps for itself.
    """
    production = {name: _text(value) for name, value in spec.settings.items()}
    for name in production:
        _check_name(name)
    return ServerSettings(production=production, observation=_observation(spec, major=major, production=production))


def log_settings(major: int) -> dict[str, str]:
    """The settings that make the server's log one machine-readable file, `log/server.json` in the data directory."""
    return {
        "logging_collector": "on",
        "log_destination": "jsonlog" if major >= _JSONLOG_SINCE else "csvlog",
        "log_directory": "log",
        "log_filename": "server.log",
        "log_rotation_age": "0",
        "log_rotation_size": "0",
        "log_timezone": "UTC",
        "lc_messages": "C",
    }


def deadlock_timeout_ms(spec: PostgresSpec) -> int:
    """The scenario's deadlock_timeout in whole milliseconds, at least 1, which is the server's own smallest value."""
    return max(1, parse_duration(spec.deadlock_timeout) // NS_PER_MS)


def render(settings: Mapping[str, str]) -> str:
    """The settings as lines of postgresql.conf.

    >>> render({"application_name": "it's"})
    "application_name = 'it''s'\\n"
    """
    return "".join(f"{name} = '{_escape(value)}'\n" for name, value in settings.items())


def _observation(spec: PostgresSpec, *, major: int, production: Mapping[str, str]) -> dict[str, str]:
    settings = {
        **log_settings(major),
        "log_lock_waits": "on",
        "deadlock_timeout": f"{deadlock_timeout_ms(spec)}ms",
        "log_min_messages": "warning",
        "log_min_error_statement": "error",
        "log_error_verbosity": "default",
        "log_temp_files": "0",
        "log_checkpoints": "on",
        "log_autovacuum_min_duration": "0",
        "track_activities": "on",
        "track_counts": "on",
        "track_io_timing": "on",
        "track_activity_query_size": "16kB",
    }
    if "max_connections" not in production:
        settings["max_connections"] = str(_USUAL_CONNECTIONS)
    return settings


def _check_name(name: str) -> None:
    if not _NAME.match(name):
        raise SandboxError(f"[postgres] settings: {name!r} is not the name of a setting")
    if name.lower() in _OURS:
        raise SandboxError(
            f"[postgres] settings: {name} belongs to the harness, which needs its own value",
            hint="remove it; the report says with which settings the clone ran",
        )
    if name.lower() == "deadlock_timeout":
        raise SandboxError(
            "[postgres] settings: deadlock_timeout has a key of its own, because it decides which lock waits are seen",
            hint='write deadlock_timeout = "10ms" in [postgres]',
        )


def _text(value: str | float) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
