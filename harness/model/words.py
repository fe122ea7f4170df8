"""The names of passes, phases, directions and roles: the same in code, journal, reports and docs."""

from enum import Enum


class Pass(Enum):
    """Which clone of a rehearsal: quiet tracing, experiments, under load, or with faults."""

    PREPARE = "prepare"
    TRACE = "trace"
    PROBE = "probe"
    LOAD = "load"
    DRILL = "drill"


class PhaseKind(Enum):
    """The phases of a pass, in order."""

    PROVISION = "provision"
    RESTORE = "restore"
    CLONE = "clone"
    TRACE = "trace"
    VERSIONS = "versions"
    QUEUE = "queue"
    DEADLOCK = "deadlock"
    CALIBRATE = "calibrate"
    BASELINE = "baseline"
    MIGRATE = "migrate"
    SETTLE = "settle"
    ROLLBACK = "rollback"
    VERIFY = "verify"


class Direction(Enum):
    """The way of a migration."""

    UP = "up"
    DOWN = "down"


class Role(Enum):
    """Who a session is; always in its application_name, as `rehearse/<role>`."""

    MIGRATION = "migration"
    TRAFFIC = "traffic"
    ANTAGONIST = "antagonist"
    OBSERVER = "observer"
    HARNESS = "harness"
    OTHER = "other"

    @property
    def application_name(self) -> str:
        """The application_name of this role's sessions."""
        return f"rehearse/{self.value}"

    @classmethod
    def of(cls, application_name: str) -> "Role":
        """The role a session's application_name says; OTHER for anybody else's.

        >>> Role.of("rehearse/traffic 3")
        <Role.TRAFFIC: 'traffic'>
        """
        return _ROLES.get(application_name.partition(" ")[0], cls.OTHER)


_ROLES = {role.application_name: role for role in Role}
