"""One database on a server that somebody else provides."""

from collections.abc import Callable

from harness.model.errors import SandboxError
from harness.model.words import Role
from harness.postgres.connect import connect
from harness.postgres.ports import CloneReport
from harness.sandbox.address import Address


class ExternalServer:
    """A database on a server that is not ours to stop; `limits` says what cannot be observed or set there."""

    engine = "external"

    def __init__(
        self, address: Address, *, discard: Callable[[], None], report: CloneReport | None, limits: tuple[str, ...]
    ) -> None:
        self._address = address
        self._discard: Callable[[], None] | None = discard
        self._report = report
        self.limits = limits
        with connect(self.conninfo(application_name=Role.HARNESS.application_name)) as connection:
            self._version_num = connection.info.server_version
            self._version = (connection.info.parameter_status("server_version") or "").split()[0]

    @property
    def version_num(self) -> int:
        """`server_version_num`."""
        return self._version_num

    @property
    def version(self) -> str:
        """`server_version`, without the packager's addition."""
        return self._version

    @property
    def description(self) -> str:
        """Version and address, and what cannot be observed there."""
        limits = f"; {'; '.join(self.limits)}" if self.limits else ""
        return f"PostgreSQL {self._version} (external, {self._address.host}:{self._address.port}){limits}"

    @property
    def clone_report(self) -> CloneReport | None:
        """How the data came there."""
        return self._report

    @property
    def dbname(self) -> str:
        """The working database."""
        return self._address.dbname

    def conninfo(self, *, application_name: str) -> str:
        """A connection string to the working database."""
        return self._address.conninfo(application_name=application_name)

    def environment(self, *, application_name: str) -> dict[str, str]:
        """DATABASE_URL and PG* for a tool's process; encryption is left to the server's wishes."""
        variables = self._address.environment(application_name=application_name)
        return {**variables, "PGSSLMODE": "prefer"}

    def stop(self, *, crash: bool = False) -> None:
        """Refused: the server is somebody else's."""
        raise SandboxError(
            f"an external server cannot be {'crashed' if crash else 'stopped'} from here",
            hint="leave the crash drill out, or use the docker or embedded engine",
        )

    def start(self) -> None:
        """Nothing to do: it runs."""

    def discard(self) -> None:
        """Drop the database, or have the provider remove the server; safe to call twice."""
        discard, self._discard = self._discard, None
        if discard:
            discard()
