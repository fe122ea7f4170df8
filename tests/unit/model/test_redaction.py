"""Nothing that must not leave the machine does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.redaction import mask_credentials, redact_message

SECRET = "hunter2secret"


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://app:{SECRET}@127.0.0.1:5432/shop?schema=public",
        f"host=localhost password={SECRET} dbname=shop",
        f"host=localhost password = '{SECRET} x' dbname=shop",
        f"PGPASSWORD={SECRET} psql",
        f"ALTER ROLE app PASSWORD '{SECRET}'",
        f"create user x with encrypted password '{SECRET}'",
        f"token: {SECRET}",
        f'{{"password": "{SECRET}"}}',
    ],
)
def test_passwords_are_masked(text: str) -> None:
    masked = mask_credentials(text)
    assert SECRET not in masked
    assert "***" in masked


def test_what_is_no_secret_stays() -> None:
    text = "ALTER TABLE users ADD COLUMN password_hash text; -- postgresql://app@host/db"
    assert mask_credentials(text) == text


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=40))
def test_any_password_in_a_url(password: str) -> None:
    assert mask_credentials(f"postgres://u:{password}@h/d") == "postgres://u:***@h/d"


def test_values_of_data_errors_are_removed() -> None:
    message = 'invalid input syntax for type integer: "anna@example.org"'
    assert redact_message(message, sqlstate="22P02") == "invalid input syntax for type integer: …"


def test_a_value_with_quotes_in_it_is_removed_whole() -> None:
    message = 'invalid input syntax for type integer: "an"na" and more"'
    assert redact_message(message, sqlstate="22P02") == "invalid input syntax for type integer: …"


def test_what_a_migration_raises_itself_is_not_kept() -> None:
    assert "anna" not in redact_message("duplicate: anna@example.org", sqlstate="P0001")


def test_identifiers_of_schema_errors_stay() -> None:
    message = 'column "login" does not exist'
    assert redact_message(message, sqlstate="42703") == message


def test_only_the_first_line_is_kept() -> None:
    message = (
        'duplicate key value violates unique constraint "users_email_key"\nDETAIL:  Key (email)=(a@b.c) already exists.'
    )
    assert (
        redact_message(message, sqlstate="23505") == 'duplicate key value violates unique constraint "users_email_key"'
    )


def test_an_empty_message() -> None:
    assert redact_message("", sqlstate="XX000") == ""
