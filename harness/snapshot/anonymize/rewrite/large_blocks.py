"""Blocks that are worth compiled loops: the same results as `Blocks`, with columns changed where they stand."""

from collections import Counter

import numpy as np

from harness.snapshot.anonymize.copytext import NULL
from harness.snapshot.anonymize.kernels.changed import Changed
from harness.snapshot.anonymize.kernels.fields import Fields, fields_of
from harness.snapshot.anonymize.kernels.originals import RECENT, originals_of, unchanged_rows
from harness.snapshot.anonymize.kernels.pieces import Filter, blanked, suspects_of
from harness.snapshot.anonymize.kernels.sorting import COMPILED
from harness.snapshot.anonymize.kernels.words import Words, all_rows
from harness.snapshot.anonymize.leaks import Originals, original_hashes
from harness.snapshot.anonymize.policy import Class
from harness.snapshot.anonymize.rewrite.blocks import LEAVES_PARTS, Blocks, Collected, Compiler, Rewritten
from harness.snapshot.anonymize.rewrite.lines import BLOCK_BYTES
from harness.snapshot.anonymize.rewrite.plan import TablePlan
from harness.snapshot.anonymize.tokens import seed_of
from harness.snapshot.anonymize.transform import InPlace
from harness.snapshot.anonymize.transforms.keyed import keep_freed_memory

# Beyond this a block is one line, of one large value: the lists need less memory for it.
_MOST_BYTES = 4 * BLOCK_BYTES


class LargeBlocks(Blocks):
    """Works on blocks of lines, as `Blocks` says."""

    sorting = COMPILED

    def __init__(self, compiler: Compiler, *, key: bytes, originals: Originals | None = None) -> None:
        keep_freed_memory()
        super().__init__(compiler, key=key, originals=originals)
        self._seed = seed_of(key)
        self._recent: dict[int, Words] = {}
        self._filter = Filter(originals.filter_bits, originals.filter_shift) if originals is not None else None

    def collect(self, table: TablePlan, block: bytes) -> Collected:
        """The originals in a block of `table`; what repeats may be told once for several blocks."""
        fields = _fields_of(table, block)
        if fields is None:
            return super().collect(table, block)
        out, text = Collected(rows=fields.rows), blanked(fields)
        for at, plan in enumerate(table.columns):
            if not plan.masked or not plan.text:
                continue
            if plan.by_leaf or plan.elements:
                values = self._values(table, plan, fields.values(at, all_rows(fields.rows)))
                hashes, phrase = original_hashes(values, key=self._key)
            else:
                recent = self._recent.setdefault(plan.number, np.zeros(RECENT, dtype=np.uint64))
                hashes, phrase = originals_of(text, at, seed=self._seed, recent=recent)
            if len(hashes):
                out.originals[plan.number] = (hashes, phrase)
        return out

    def rewrite(self, table: TablePlan, block: bytes) -> Rewritten:
        """The block with its masked columns transformed. SnapshotError names the column that cannot be."""
        if not self._is_looked_at(table):
            return Rewritten(block, rows=block.count(b"\n"))
        fields = _fields_of(table, block)
        if fields is None:
            return super().rewrite(table, block)
        out, after = Rewritten(rows=fields.rows), Changed(fields)
        text = blanked(fields) if self._originals else fields
        for at, plan in enumerate(table.columns):
            if plan.masked:
                self._change(table, at, fields, after)
                if self._originals and plan.text:
                    self._check_changed(table, at, text, fields, after, out)
            elif plan.text and self._originals:
                self._found(f"{table.name}.{plan.name}", self._looked_up(text, at), out)
        out.data = after.block() if any(plan.masked for plan in table.columns) else block
        return out

    def _change(self, table: TablePlan, at: int, before: Fields, after: Changed) -> None:
        plan = table.columns[at]
        if plan.policy.class_ is Class.NULL:
            after.put_everywhere(at, NULL)
            return
        left, subjects = all_rows(before.rows), None
        if plan.policy.subject:
            subjects = before.values(table.place(plan.policy.subject), left)
        elif isinstance(transform := self._transform_of(plan), InPlace):
            left = transform.change_fields(before, after.fields, at)
        if len(left):
            after.put(at, left, self._transformed(table, plan, before.values(at, left), subjects))

    def _check_changed(
        self, table: TablePlan, at: int, text: Fields, before: Fields, after: Changed, out: Rewritten
    ) -> None:
        plan = table.columns[at]
        if not after.is_in_place(at) or plan.by_leaf:
            rows = all_rows(before.rows)
            self._check_masked(table, plan, before.values(at, rows), after.fields.values(at, rows), out)
            return
        same = unchanged_rows(before.eights, after.fields.eights, *before.column(at))
        if len(same):
            out.unchanged[plan.number], _ = original_hashes(before.values(at, same), key=self._key)
        if plan.policy.class_ in LEAVES_PARTS:
            hits = self._looked_up(blanked(after.fields), at, left_of=text)
            # Its own values are counted as unchanged ones; a word of one text is no whole original of another.
            hits.pop(plan.number, None)
            self._found(f"{table.name}.{plan.name}", hits, out)

    def _looked_up(self, text: Fields, at: int, *, left_of: Fields | None = None) -> Counter[int]:
        """`Originals.in_fields` for a column whose escapes are blanked."""
        originals = self._originals
        if not originals or self._filter is None:
            return Counter()
        before = text if left_of is None else left_of
        suspects = suspects_of(text, before, at, self._filter, seed=self._seed, phrase=originals.phrase)
        return originals.count(suspects.numbers)


def _fields_of(table: TablePlan, block: bytes) -> Fields | None:
    """The block's fields; None where it is empty, a large line, or does not fit the table, which the lists explain."""
    if not block or not table.columns or len(block) > _MOST_BYTES:
        return None
    return fields_of(block, width=len(table.columns))
