"""Whatever a policy says, its file says the same."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.policy_file import policy_toml, read_policy

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
FIELDS = {
    "class_": st.sampled_from(Class),
    "type": TEXT,
    "domain": TEXT,
    "subject": TEXT,
    "dictionary": TEXT,
    "provider": TEXT,
    "reason": TEXT,
    "confidence": st.none() | st.floats(0, 1),
}
LEAVES = st.builds(ColumnPolicy, **FIELDS)
COLUMNS = st.builds(ColumnPolicy, **FIELDS, paths=st.dictionaries(TEXT, LEAVES, max_size=3))
POLICIES = st.builds(
    Policy,
    tables=st.dictionaries(TEXT, st.dictionaries(TEXT, COLUMNS, max_size=4), max_size=3),
    references=st.dictionaries(TEXT, TEXT, max_size=3),
    allowed_leaks=st.dictionaries(TEXT, st.lists(TEXT, max_size=2), max_size=2),
)


@settings(deadline=None, max_examples=60)
@given(POLICIES)
def test_a_written_policy_reads_back_equal_and_is_written_the_same_again(policy: Policy) -> None:
    text = policy_toml(policy)
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        read = read_policy(Path(file.name))
    assert read == policy
    assert policy_toml(read) == text
