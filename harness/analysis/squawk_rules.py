"""squawk's rules in this project's words: which hazards each predicts, and why.

A rule that predicts nothing measurable is one of style. Read from the rules' documentation of squawk 2.70 and from what
it says of the labelled cases.
"""

from typing import Final

_ACCESS = ("long_access_exclusive", "full_scan_under_lock")
_WRITES = ("blocks_writes", "full_scan_under_lock")
_QUEUE = ("lock_queue", "missing_lock_timeout")
_BREAKS = ("breaks_old_app", "grants_or_owner_lost", "wrong_results")
_REWRITE = ("table_rewrite", *_ACCESS)

RULES: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "require-concurrent-index-creation": (_WRITES, "a plain CREATE INDEX takes SHARE while it reads the table"),
    "require-concurrent-index-deletion": (
        (*_QUEUE, "long_access_exclusive"),
        "a plain DROP INDEX asks ACCESS EXCLUSIVE of the table",
    ),
    "require-concurrent-partition-detach": (_QUEUE, "a plain DETACH asks ACCESS EXCLUSIVE of the parent"),
    "require-concurrent-partition-attach": (("partition_attach_scan", *_QUEUE), "ATTACH scans for the bounds"),
    "require-concurrent-reindex": ((*_WRITES, *_ACCESS), "a plain REINDEX keeps writers, and planners, out"),
    "require-concurrent-refresh-materialized-view": (_ACCESS, "a plain REFRESH keeps readers out"),
    "constraint-missing-not-valid": ((*_WRITES, *_ACCESS), "the rows are checked under the lock of ADD CONSTRAINT"),
    "adding-foreign-key-constraint": (
        (*_WRITES, "implicit_fk_lock_on_other_table", *_QUEUE),
        "the rows are checked while both tables refuse writes",
    ),
    "disallowed-unique-constraint": (_ACCESS, "the index is built under ACCESS EXCLUSIVE"),
    "adding-not-nullable-field": (_ACCESS, "SET NOT NULL scans under ACCESS EXCLUSIVE"),
    "adding-required-field": (
        ("constraint_violation_on_real_data", "migration_fails", "breaks_old_app"),
        "rows there are, and inserts of the old application, have no value",
    ),
    "adding-field-with-default": (_REWRITE, "a default that is not constant rewrites the table"),
    "adding-serial-primary-key-field": (_REWRITE, "every row gets a number, and the key's index is built"),
    "changing-column-type": ((*_REWRITE, *_BREAKS), "most changes of type rewrite, some break what reads the column"),
    "prefer-text-field": (_REWRITE, "changing the length of a varchar may scan or rewrite"),
    "renaming-column": (_BREAKS, "the old application asks for the old name"),
    "renaming-table": (_BREAKS, "the old application asks for the old name"),
    "ban-drop-column": (("destroys_data", *_BREAKS), "the values are gone, and so is what reads them"),
    "ban-drop-table": (("destroys_data", *_BREAKS), "the rows are gone, and so is what reads them"),
    "ban-drop-database": (("destroys_data",), "everything is gone"),
    "ban-truncate": (("destroys_data",), "the rows are gone"),
    "ban-truncate-cascade": (("destroys_data",), "the rows are gone, of referencing tables too"),
    "ban-drop-not-null": (_BREAKS, "the old application does not expect NULL"),
    "ban-drop-default": (_BREAKS, "inserts of the old application leave the value to it"),
    "ban-drop-constraint": (_BREAKS, "the old application relies on it"),
    "ban-drop-view": (_BREAKS, "the old application, and grants, go with it"),
    "ban-drop-function": (_BREAKS, "the old application, and grants, go with it"),
    "ban-replace-view-function": (_BREAKS, "the old application gets other answers"),
    "ban-drop-index": (("query_plan_regression",), "a query may have needed it"),
    "ban-new-write-restriction": (_BREAKS, "what the old application writes may be refused"),
    "ban-concurrent-index-creation-in-transaction": (("not_in_transaction_failure",), "the server refuses it there"),
    "ban-alter-domain-with-add-constraint": ((*_WRITES, *_ACCESS), "every column of the domain is read under locks"),
    "ban-create-domain-with-constraint": (_WRITES, "changing it later reads every column of the domain"),
    "ban-uncommitted-transaction": (("silent_noop",), "what is not committed is rolled back"),
    "ban-duplicate-column-assignments": (("migration_fails",), "the server refuses it"),
    "ban-add-enum-value": (("enum_value_in_same_transaction",), "it cannot be used in the same transaction"),
    "transaction-nesting": (
        ("silent_noop", "partial_apply_on_failure", "migration_fails", "long_transaction"),
        "a COMMIT inside ends the tool's own transaction",
    ),
    "require-lock-timeout": (_QUEUE, "the request may stand in the queue without end"),
    "require-timeout-settings": (_QUEUE, "the request may stand in the queue without end"),
    "prefer-bigint-over-int": (("id_exhaustion_or_overflow",), "the keys may run out"),
    "prefer-bigint-over-smallint": (("id_exhaustion_or_overflow",), "the keys may run out"),
    "syntax-error": (("migration_fails",), "the server will not read it either"),
    "prefer-robust-stmts": ((), "whether it can be run twice is a habit, not a measurement"),
    "prefer-identity": ((), "serial or identity: a habit"),
    "prefer-timestamp-tz": ((), "a habit"),
    "prefer-repack": ((), "which tool is a habit"),
    "ban-char-field": ((), "a habit"),
    "ban-add-column": ((), "a house rule, off by default"),
    "ban-set-default": ((), "a house rule, off by default"),
    "ban-detach-inheritance": ((), "a house rule, off by default"),
    "require-enum-value-ordering": ((), "where the value stands is a habit"),
    "require-statement-timeout": ((), "how long a statement may last is a habit where it keeps nobody out"),
    "require-table-schema": ((), "a habit"),
    "identifier-too-long": ((), "the server cuts it, everywhere alike"),
}
"""Hazards each rule predicts (none: style), and the reason."""


def predicted(rule: str) -> frozenset[str]:
    """The hazards a rule predicts; none for a rule of style, or one that is not known here."""
    return frozenset(RULES.get(rule, ((), ""))[0])
