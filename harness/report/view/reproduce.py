"""What somebody needs to repeat the run: command, seed, digests, settings, versions."""

import shlex

from harness.analysis.facts import Facts
from harness.events.history import RunInfo
from harness.model.redaction import mask_credentials
from harness.report.words import DASH, duration


def command_line(info: RunInfo) -> str:
    """The command, quoted for a POSIX shell, credentials masked; made up from the scenario where none was kept."""
    return mask_credentials(shlex.join(info.command or ("rehearse", "run", info.scenario_file)))


def reproduce_rows(info: RunInfo, facts: Facts) -> tuple[tuple[str, str], ...]:
    """Label and value, in the order of a log's preamble; what is not known is left out."""
    env = facts.environment
    rows = [
        ("Run", f"{info.run_id}, started {info.started_at}"),
        ("Scenario", info.scenario_file),
        ("Seed", str(info.scenario.seed)),
        ("Tool", f"rehearse {info.tool_version}"),
        ("Commit", info.commit),
        ("Platform", info.platform),
    ]
    if env:
        rows += [
            ("Server", f"PostgreSQL {env.server_version}, {env.description}"),
            ("Engine", f"{env.engine}: {env.engine_reason}"),
            ("Clone", f"{env.clone_method}, {duration(env.clone_ns)}"),
            ("Snapshot", f"{env.snapshot_source or 'empty database'} {env.snapshot_digest}"),
        ]
    settings = info.scenario.postgres.settings
    rows.append(("Settings", ", ".join(f"{key} = {value}" for key, value in sorted(settings.items())) or DASH))
    rows += [(f"SHA-256 of {name}", digest) for name, digest in sorted(info.digests.items())]
    return tuple((label, value) for label, value in rows if value)
