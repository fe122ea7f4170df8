"""The page of a hazard: docs/hazards/<name>.md and `rehearse explain` say the same."""

from harness.analysis.hazards.registry import hazards
from harness.analysis.judgement import Hazard


def page(hazard: Hazard) -> str:
    """The hazard's page in Markdown."""
    return f"""# {hazard.id} {hazard.name}: {hazard.title}

**When.** {hazard.condition}

**What happens.** {hazard.effect}

**What to do.** {hazard.workaround}

Unsafe:

```sql
{hazard.bad}
```

Safer:

```sql
{hazard.good}
```

Somebody looked at it and it is all right here? Say so above the statement, with the reason:

```sql
-- rehearse: accept {hazard.name} (reason)
```
"""


def index() -> str:
    """The list of all hazards in Markdown."""
    lines = [f"| [{h.id}]({h.name}.md) | {h.name} | {h.title} |" for h in hazards()]
    return "\n".join(["# Hazards", "", "| id | name | what it is |", "| --- | --- | --- |", *lines, ""])


def pages() -> dict[str, str]:
    """Every page by its file name below docs/hazards."""
    return {"README.md": index(), **{f"{hazard.name}.md": page(hazard) for hazard in hazards()}}
