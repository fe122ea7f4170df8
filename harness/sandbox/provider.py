"""Where an external server's address comes from: a variable, or a command that makes the server."""

import json
import os
import subprocess
from collections.abc import Mapping

import psycopg
from psycopg.conninfo import conninfo_to_dict

from harness.model.errors import SandboxError
from harness.model.redaction import mask_credentials
from harness.sandbox.address import Address
from harness.spec.scenario import Provider

# A thin clone of a large volume, or a branch in somebody's cloud, can take minutes.
_PROVIDER_TIMEOUT_S = 900


def address_in(variable: str, environment: Mapping[str, str]) -> Address:
    """The address of the DSN that `environment` holds under `variable`. SandboxError where there is none."""
    if not variable:
        raise SandboxError(
            "the external engine needs a DSN or a provider",
            hint='write [postgres.provider], or dsn_env = "REHEARSE_DSN" in [postgres] and the DSN in that variable',
        )
    dsn = environment.get(variable, "")
    if not dsn:
        raise SandboxError(f"[postgres] dsn_env: the variable {variable} is not set", hint=f"export {variable}=…")
    return parse_dsn(dsn, source=f"the DSN in {variable}")


def parse_dsn(dsn: str, *, source: str) -> Address:
    """The address in a URL or libpq connection string; `source` names it in the SandboxError, which never quotes it."""
    try:
        fields = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value is not None}
    except psycopg.ProgrammingError as error:
        # The message would quote the DSN, and with it the password.
        raise SandboxError(f"{source} is neither a URL nor a libpq connection string") from error
    return Address(
        host=fields.get("host", "127.0.0.1"),
        port=int(fields.get("port", "5432")),
        user=fields.get("user", "postgres"),
        password=fields.get("password", ""),
        dbname=fields.get("dbname", fields.get("user", "postgres")),
    )


def create_server(provider: Provider) -> str:
    """Run the provider's create command; the DSN it prints. SandboxError where it fails or prints something else."""
    output = run_command(provider.create, {})
    try:
        return str(json.loads(output)["dsn"])
    except (ValueError, KeyError, TypeError) as error:
        raise SandboxError(
            "the provider's create command printed no DSN",
            hint='it must print {"dsn": "postgresql://…"} and nothing else',
        ) from error


def run_command(command: str, variables: Mapping[str, str]) -> str:
    """Run a provider's shell line with `variables` added to the environment; what it prints. SandboxError where it
    fails."""
    # The command is the scenario author's own shell line, as a migration tool's is.
    done = subprocess.run(  # noqa: S602 - a shell line by contract
        command, shell=True, capture_output=True, text=True, check=False, timeout=_PROVIDER_TIMEOUT_S,
        env={**os.environ, **variables},
    )  # fmt: skip
    if done.returncode != 0:
        last = mask_credentials(done.stderr.strip()).splitlines()[-1:] or ["it said nothing"]
        raise SandboxError(f"the provider's command failed with {done.returncode}: {last[0][:300]}")
    return done.stdout
