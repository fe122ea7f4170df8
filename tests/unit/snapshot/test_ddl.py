"""What a dump needs, read from its SQL; the data of COPY is not mistaken for statements."""

import pytest

from harness.snapshot.ddl import read_needs

DUMP = b"""--
-- PostgreSQL database dump
--
-- Dumped from database version 17.2 (Debian)
SET SESSION AUTHORIZATION 'auth_role';
CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;
ALTER TABLE public.orders OWNER TO shop;
ALTER TABLE public."od TO d" OWNER TO "Shop Owner";
COPY public.orders (id, note) FROM stdin;
1\tALTER TABLE x OWNER TO not_a_role;
GRANT ALL ON TABLE x TO not_a_role;
\\\\.
\\.
COPY public.empty (id) FROM stdin;
\\.
GRANT SELECT ON TABLE public.orders TO reader WITH GRANT OPTION;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM revoked;
GRANT ALL ON SCHEMA public TO PUBLIC;
GRANT SELECT ON TABLE public.orders TO "re""ader";
GRANT SELECT ON TABLE public.orders TO pg_monitor;
ALTER DEFAULT PRIVILEGES FOR ROLE definer IN SCHEMA public GRANT SELECT ON TABLES TO defaulted;
CREATE POLICY p ON public.orders FOR SELECT TO tenant, other USING ((a = 1));
CREATE USER MAPPING FOR mapped SERVER s;
--
-- PostgreSQL database dump complete
--
"""


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
def test_roles_and_extensions_whatever_the_chunks(size: int) -> None:
    needs = read_needs(DUMP[at : at + size] for at in range(0, len(DUMP), size))
    roles = ["auth_role", "shop", "reader", "revoked", 're"ader', "definer", "defaulted", "tenant", "other", "mapped"]
    assert needs.missing_roles == sorted([*roles, "Shop Owner"])
    assert needs.extensions == {"hstore", "uuid-ossp"}
    assert needs.server_version == "17.2"
    assert (needs.begun, needs.complete, needs.in_copy) == (True, True, False)
    assert needs.size_bytes == len(DUMP)


def test_a_last_line_without_its_newline_counts_in_pieces_too() -> None:
    text = b"SELECT 1;\nALTER TABLE t OWNER TO shop;"
    assert read_needs(text[at : at + 3] for at in range(0, len(text), 3)).missing_roles == ["shop"]


def test_roles_the_dump_creates_itself_are_not_missing() -> None:
    needs = read_needs([b"CREATE ROLE shop;\nALTER TABLE t OWNER TO shop;\nALTER TABLE u OWNER TO other;\n"])
    assert needs.missing_roles == ["other"]


def test_a_dump_that_ends_in_the_data() -> None:
    needs = read_needs([b"-- PostgreSQL database dump\nCOPY t (a) FROM stdin;\n1\n2"])
    assert needs.in_copy
    assert needs.begun
    assert not needs.complete


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_a_change_of_database_is_found_on_its_line_behind_table_data(size: int) -> None:
    text = b"SELECT 1;\nCOPY t (a) FROM stdin;\n1\n2\n\\.\n\\connect shop\n\\c other\n"
    assert read_needs(text[at : at + size] for at in range(0, len(text), size)).connects_at == 6
