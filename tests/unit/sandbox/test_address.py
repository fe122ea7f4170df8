"""How clients are told where a server answers."""

from urllib.parse import unquote, urlsplit

from psycopg.conninfo import conninfo_to_dict

from harness.sandbox.address import Address, free_port, new_password

ODD = Address(host="127.0.0.1", port=5433, user="o'neil", password="p@ss/w:rd 'x'", dbname="a b")


def test_the_connection_string_survives_odd_characters() -> None:
    fields = conninfo_to_dict(ODD.conninfo(application_name="rehearse/traffic 3"))
    assert fields["password"] == ODD.password
    assert (fields["user"], fields["dbname"], fields["port"]) == (ODD.user, ODD.dbname, "5433")
    assert fields["application_name"] == "rehearse/traffic 3"
    assert conninfo_to_dict(ODD.conninfo(application_name="x", dbname="postgres"))["dbname"] == "postgres"


def test_the_url_survives_odd_characters_and_has_no_parameters() -> None:
    environment = ODD.environment(application_name="rehearse/migration")
    url = urlsplit(environment["DATABASE_URL"])
    assert unquote(url.password or "") == ODD.password == environment["PGPASSWORD"]
    assert (unquote(url.username or ""), unquote(url.path), url.port) == (ODD.user, "/a b", 5433)
    assert url.query == ""


def test_ports_are_free_and_passwords_random() -> None:
    assert 1024 <= free_port() <= 65535
    assert new_password() != new_password()
    assert new_password().isalnum()
