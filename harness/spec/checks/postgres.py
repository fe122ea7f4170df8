"""[postgres] and [snapshot]."""

import re

from harness.model.units import NS_PER_MS
from harness.spec.checks.refuse import Refuse
from harness.spec.decode import quote
from harness.spec.scenario import EngineName, Scenario

_VERSION = re.compile(r"[1-9][0-9]")
# psql's rule for variable names (manual, psql, Variables), without letters beyond ASCII.
_VARIABLE = re.compile(r"[A-Za-z0-9_]+")
MOST_COPIES = 1_000
"""A snapshot that would have to be a thousand times as large says too little about the other one's distributions."""


def check_postgres(scenario: Scenario, refuse: Refuse) -> None:
    postgres = scenario.postgres
    refuse.unless(
        bool(_VERSION.fullmatch(postgres.version)),
        "postgres.version",
        f"{quote(postgres.version)} is not a major version",
        hint='write the major version alone, like version = "18"',
    )
    if postgres.engine is EngineName.EXTERNAL:
        told = bool(postgres.dsn_env) or postgres.provider is not None
        refuse.unless(told, "postgres.engine", "the external engine is not told where the server is",
                      hint="set dsn_env or [postgres.provider]")  # fmt: skip
    if postgres.provider is not None:
        refuse.unless(bool(postgres.provider.create.strip()), "postgres.provider.create", "the command is empty")
    refuse.settings(postgres.settings, "postgres.settings")
    for index, name in enumerate(postgres.extensions):
        refuse.name(name, f"postgres.extensions[{index}]")
    refuse.duration(postgres.deadlock_timeout, "postgres.deadlock_timeout", least_ns=NS_PER_MS)


def check_snapshot(scenario: Scenario, refuse: Refuse) -> None:
    snapshot = scenario.snapshot
    provided = scenario.postgres.engine is EngineName.EXTERNAL and scenario.postgres.provider is not None
    refuse.unless(not provided or not (snapshot.source or snapshot.setup), "snapshot",
                  "source and setup are not used with [postgres.provider]: its servers come with their data",
                  hint="leave them out, or give a server by dsn_env")  # fmt: skip
    refuse.unless(1 <= snapshot.scale <= MOST_COPIES, "snapshot.scale",
                  f"{snapshot.scale} is not from 1 to {MOST_COPIES}",
                  hint="1 leaves the data as it is, 10 makes every table ten times as large")  # fmt: skip
    given = bool(snapshot.source or snapshot.setup)
    refuse.unless(given or snapshot.scale == 1, "snapshot.scale", "there is nothing to amplify",
                  hint="name a dump as source, or setup files")  # fmt: skip
    for name in snapshot.variables:
        right = bool(_VARIABLE.fullmatch(name))
        refuse.unless(right, "snapshot.variables", f"{quote(name)} is not a psql variable's name",
                      hint="use letters, digits and underscores")  # fmt: skip
