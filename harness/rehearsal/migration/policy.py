"""How a script's statements are put into transactions."""

import re
from enum import Enum
from typing import Final

from harness.rehearsal.migration.plan import MigrationPlan, Script
from harness.rehearsal.migration.statement import Control, Statement
from harness.spec.scenario import Transaction

# COMMIT AND CHAIN and ROLLBACK AND CHAIN leave a transaction open (manual, COMMIT).
_CHAINS: Final = re.compile(r"\bAND\s+CHAIN\b", re.IGNORECASE)


class Mode(Enum):
    """What the runner adds to a script."""

    AS_WRITTEN = "as-written"
    """Nothing: like `psql -f` with ON_ERROR_STOP. A transaction left open at the end is rolled back."""
    WRAPPED = "wrapped"
    """BEGIN before the first statement and COMMIT after the last."""
    IMPLICIT = "implicit"
    """As when the whole file is sent as one simple query, which is what Prisma does.

    A transaction begins with the first statement and again after each COMMIT of the script's own, and what is open at
    the end is committed; the script's BEGIN only says that it is to be ended by its own COMMIT. A statement that
    refuses a transaction block fails with 25001 unless it is alone.
    """


def mode_of(script: Script, *, plan: MigrationPlan) -> Mode:
    """The mode for a script.

    With transaction = "step" a script that has a BEGIN or COMMIT of its own, or a statement that refuses a transaction
    block (CONCURRENTLY, VACUUM, …), runs as written. A Prisma migration of one statement runs outside any transaction.
    """
    if plan.tool == "prisma":
        return Mode.IMPLICIT if len(script.statements) > 1 else Mode.AS_WRITTEN
    controlled = any(s.control in (Control.BEGIN, Control.END) for s in script.statements)
    refusing = any(s.refuses_block for s in script.statements)
    if plan.transaction is Transaction.AS_WRITTEN or controlled or refusing:
        return Mode.AS_WRITTEN
    return Mode.WRAPPED


def together(script: Script, *, index: int, mode: Mode) -> tuple[Statement, ...]:
    """The statements from `index` on, where no transaction is open, that come in one transaction; or the one outside.

    As the text says: a transaction that fails, or one that a procedure ends, is over earlier.
    """
    rest = script.statements[index:]
    first = rest[0]
    opens = mode is Mode.WRAPPED or (mode is Mode.IMPLICIT and first.control is None)
    if not opens and first.control is not Control.BEGIN:
        return rest[:1]
    ends = (i for i, s in enumerate(rest) if s.control is Control.END and not _CHAINS.search(s.text))
    return rest[: next(ends, len(rest)) + 1]
