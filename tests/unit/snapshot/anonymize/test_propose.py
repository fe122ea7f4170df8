"""What `--init` proposes: from names in many languages, types, constraints and values; never a value in a reason."""

import json

import pytest

from harness.snapshot.anonymize import detectors
from harness.snapshot.anonymize.check_policy import judge_policy
from harness.snapshot.anonymize.column_names import is_bookkeeping, meaning_of
from harness.snapshot.anonymize.findings import Level
from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.propose import propose
from harness.snapshot.anonymize.schema_read import schema_of_statements

EMAILS = [f"user{number}@example.org".encode() for number in range(30)]
WORDS = [f"the quick brown fox number {number} jumps over it".encode() for number in range(30)]


def proposed(statement: str, **values: list[bytes]) -> Policy:
    schema = schema_of_statements(statement.split(";"))
    return propose(schema, {("public.t", name): some for name, some in values.items()})


def column(type_: str, name: str = "a", *values: bytes) -> ColumnPolicy:
    return proposed(f'CREATE TABLE t ("{name}" {type_})', **{name: list(values)}).tables["public.t"][name]


@pytest.mark.parametrize(
    ("name", "table", "class_", "dictionary"),
    [
        ("email", "t", Class.EMAIL, ""),
        ("customerEMail", "t", Class.EMAIL, ""),
        ("Vorname", "t", Class.NAME, "first_name"),
        ("prénom", "t", Class.NAME, "first_name"),
        ("apellidos", "t", Class.NAME, "last_name"),
        ("cognome", "t", Class.NAME, "last_name"),
        ("achternaam", "t", Class.NAME, "last_name"),
        ("nazwisko", "t", Class.NAME, "last_name"),
        ("name", "customers", Class.NAME, "name"),
        ("nom", "clients", Class.NAME, "name"),
        ("card_holder_name", "t", Class.NAME, "name"),
        ("Straße", "t", Class.TEXT, ""),
        ("phone_2", "t", Class.IDENTIFIER, ""),
        ("telefonnummer", "t", Class.IDENTIFIER, ""),
        ("date_de_naissance", "t", Class.DATE, ""),
        ("password_hash", "t", Class.IDENTIFIER, ""),
        ("iban", "t", Class.IBAN, ""),
        ("ip_address", "t", Class.INET, ""),
        ("order_status", "t", Class.KEEP, ""),
        ("email_sent_count", "t", Class.KEEP, ""),
    ],
)
def test_names_say_what_columns_hold(name: str, table: str, class_: Class, dictionary: str) -> None:
    meaning = meaning_of(name, table=f"public.{table}")
    assert meaning is not None
    assert (meaning.class_, meaning.dictionary) == (class_, dictionary)


@pytest.mark.parametrize("name", ["name", "title", "x", "", "address_id", "7"])
def test_names_that_say_nothing(name: str) -> None:
    assert meaning_of(name, table="public.films") is None


def test_times_of_bookkeeping() -> None:
    assert is_bookkeeping("created_at")
    assert is_bookkeeping("lastUpdated")
    assert not is_bookkeeping("departure")


@pytest.mark.parametrize(
    ("detector", "yes", "no"),
    [
        (detectors.is_email, ["anna.meier@example.co.uk"], ["anna@", "a b@c.org", "@x.org"]),
        (detectors.is_uuid, ["0190a5c6-7d6e-7abc-8def-0123456789ab"], ["0190a5c6"]),
        (detectors.is_iban, ["GB82 WEST 1234 5698 7654 32"], ["DE88370400440532013000", "DE"]),
        (detectors.is_card, ["4111 1111 1111 1111", "5500000000000004"], ["4111111111111112", "42"]),
        (detectors.is_phone, ["+49 30 1234567", "030/123456-7", "(555) 010-9999", "+1 (780) 428-9482"],
         ["1234567", "2024-01-02", "10.0.0.1", "x"]),
        (detectors.is_address, ["192.0.2.1", "2001:db8::1", "10.0.0.0/8"], ["12345", "1.2.3"]),
        (detectors.is_link, ["https://example.org/x"], ["example"]),
        (detectors.is_date, ["2024-02-03", "2024-02-03 10:00:00"], ["3.2.2024"]),
        (detectors.is_hash, ["d41d8cd98f00b204e9800998ecf8427e", "$2b$12$abcdefghijklmnopqrstuv"], ["abc"]),
        (detectors.is_code, ["AB-1234"], ["two words 1", "abc"]),
        (detectors.is_free_text, ["one two three four"], ["one two"]),
        (detectors.is_name_of("first_name"), ["Anna", "MARIA"], ["Xqzt", "42"]),
        (detectors.is_name_of("name"), ["Anna Smith"], ["Qwxz Vbnm"]),
    ],
)  # fmt: skip
def test_detectors(detector: detectors.Detector, yes: list[str], no: list[str]) -> None:
    assert [detector(text) for text in yes] == [True] * len(yes)
    assert [detector(text) for text in no] == [False] * len(no)


@pytest.mark.parametrize(
    ("type_", "class_"),
    [
        ("uuid", Class.UUID), ("inet", Class.INET), ("bytea", Class.BYTES), ("boolean", Class.KEEP),
        ("interval", Class.KEEP), ("tsvector", Class.UNCLASSIFIED), ("point", Class.UNCLASSIFIED),
        ("int GENERATED ALWAYS AS IDENTITY", Class.KEEP), ("serial", Class.KEEP), ("int", Class.UNCLASSIFIED),
        ("timestamp DEFAULT now()", Class.KEEP), ("timestamp", Class.UNCLASSIFIED),
        ("text CHECK (a IN ('x', 'y'))", Class.KEEP), ("text", Class.UNCLASSIFIED),
    ],
)  # fmt: skip
def test_types_and_constraints_decide_where_names_do_not(type_: str, class_: Class) -> None:
    one = column(type_)
    assert one.class_ is class_
    assert one.reason
    assert (one.confidence is None) == (class_ is Class.UNCLASSIFIED)


@pytest.mark.parametrize(
    ("type_", "name", "class_"),
    [
        ("date", "birthday", Class.DATE), ("text", "geburtsdatum", Class.IDENTIFIER), ("bigint", "phone", Class.NUMBER),
        ("numeric(9,2)", "salary", Class.ORDERED), ("money", "salary", Class.NUMBER), ("int", "quantity", Class.KEEP),
        ("timestamp", "departed_at", Class.KEEP), ("text", "country", Class.KEEP), ("text", "status", Class.KEEP),
    ],
)  # fmt: skip
def test_a_name_means_what_its_type_allows(type_: str, name: str, class_: Class) -> None:
    assert column(type_, name).class_ is class_


def test_name_and_values_together_are_surer_than_either() -> None:
    both, name, values = column("text", "email", *EMAILS), column("text", "email"), column("text", "x", *EMAILS)
    assert both.class_ is name.class_ is values.class_ is Class.EMAIL
    assert both.confidence is not None
    assert both.confidence > (name.confidence or 0)
    assert both.reason == "name; 100 % of the values look like an e-mail address"
    assert both.confidence > (values.confidence or 0)


def test_values_decide_where_they_are_plain() -> None:
    assert column("text", "x", *WORDS).class_ is Class.TEXT
    assert column("text", "status", *EMAILS).class_ is Class.EMAIL
    assert column("text", "x", *[b"red", b"green"] * 20).class_ is Class.KEEP
    assert column("text", "x", *[b"AB-%d" % number for number in range(30)]).class_ is Class.IDENTIFIER
    assert column("text", "x", *[b"Anna", b"Maria", b"John", b"Peter", b"Mary", b"Xqzt"]).dictionary == "first_name"
    assert column("text", "x", b"Anna").class_ is Class.UNCLASSIFIED
    assert column("text", "city", *[b"Berlin"] * 90, *[b"Ulm"] * 90).class_ is Class.NAME
    assert column("int", "x", *[b"1", b"2"] * 20).class_ is Class.KEEP


def test_unique_names_get_a_class_that_keeps_them_apart() -> None:
    one = column("text UNIQUE", "name", *WORDS)
    assert (one.class_, one.dictionary) == (Class.IDENTIFIER, "")
    assert "unique" in one.reason


def test_columns_follow_what_they_refer_to() -> None:
    policy = proposed(
        """CREATE TABLE users (id uuid PRIMARY KEY, boss uuid REFERENCES users (id));
           CREATE TABLE t (id int PRIMARY KEY, owner uuid REFERENCES users, user_id uuid, users_id int);
           CREATE TABLE loop (a int REFERENCES t (b)); ALTER TABLE t ADD COLUMN b int UNIQUE REFERENCES loop (a)"""
    )
    t = policy.tables["public.t"]
    assert t["owner"].class_ is t["user_id"].class_ is Class.UUID
    assert t["owner"].reason == "refers to public.users.id"
    assert policy.tables["public.users"]["boss"].class_ is Class.UUID
    assert policy.references == {"public.t.user_id": "public.users.id"}
    assert t["users_id"].class_ is Class.UNCLASSIFIED


def test_partitions_have_no_lines_and_their_values_count_for_the_parent() -> None:
    schema = schema_of_statements(
        [
            "CREATE TABLE p (at date, x text) PARTITION BY RANGE (at)",
            "CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
        ]
    )
    policy = propose(schema, {("public.p_1", "x"): EMAILS})
    assert set(policy.tables) == {"public.p"}
    assert policy.tables["public.p"]["x"].class_ is Class.EMAIL
    assert policy.tables["public.p"]["at"].class_ is Class.KEEP


def test_what_would_break_a_constraint_is_left_to_the_reviewer_with_all_that_refers_to_it() -> None:
    statement = """CREATE TABLE t (email text UNIQUE CHECK (email LIKE '%@example.org'), x text);
                   CREATE TABLE u (t text REFERENCES t (email))"""
    policy = proposed(statement, email=EMAILS)
    assert policy.tables["public.t"]["email"].class_ is Class.UNCLASSIFIED
    assert "pattern" in policy.tables["public.t"]["email"].reason
    assert policy.tables["public.u"]["t"].class_ is Class.UNCLASSIFIED
    errors = [
        one for one in judge_policy(policy, schema_of_statements(statement.split(";"))) if one.level is Level.ERROR
    ]
    assert {one.reason for one in errors} == {"is unclassified"}


def test_documents_get_a_policy_for_each_path() -> None:
    documents = [
        json.dumps(
            {"email": email.decode(), "address": {"city": "Ulm"}, "tags": ["new"], "price": 7, "user": 3, "ok": True}
        )
        for email in EMAILS
    ]
    one = column("jsonb", "doc", *(document.encode() for document in documents), b"no json")
    assert {path: leaf.class_ for path, leaf in one.paths.items()} == {
        "email": Class.EMAIL, "address.city": Class.NAME, "tags": Class.KEEP, "price": Class.KEEP,
        "user": Class.NUMBER, "*": Class.TEXT,
    }  # fmt: skip
    assert "ok" not in one.paths


def test_documents_with_data_in_their_keys_are_masked_word_by_word() -> None:
    documents = [json.dumps({f"user{number}": "x"}).encode() for number in range(300)]
    assert list(column("jsonb", "doc", *documents).paths) == ["*"]


def test_no_reason_quotes_a_value() -> None:
    secret = b"planted-secret-4711"
    policy = proposed(
        "CREATE TABLE t (a text, b jsonb, c text)", a=[secret] * 50, b=[b'{"k": "%s"}' % secret] * 9, c=[secret]
    )
    assert "planted" not in repr(policy)
