"""Why a server did not start, from its log."""

from harness.sandbox.failures import PortTakenError, start_failure

PREFIX = "2026-11-22 10:03:40.869 GMT [14694] "


def test_an_unknown_setting_is_named_with_its_neighbour() -> None:
    log = f'{PREFIX}LOG:  unrecognized configuration parameter "wrk_mem" in file "/x/postgresql.conf" line 2\n'
    error = start_failure(log, server="PostgreSQL 18.4", known_settings=["work_mem", "port"])
    assert "PostgreSQL 18.4 knows no setting 'wrk_mem'" in error.message
    assert error.hint == "did you mean 'work_mem'?"
    assert "manual" in start_failure(log, server="PostgreSQL 18.4").hint


def test_a_refused_value_is_named() -> None:
    log = f'{PREFIX}LOG:  invalid value for parameter "shared_buffers": "lots"\n'
    assert "refuses shared_buffers: invalid value" in start_failure(log, server="it").message
    log = f'{PREFIX}LOG:  1 kB is outside the valid range for parameter "work_mem" (64 kB .. 2147483647 kB)\n'
    assert start_failure(log, server="it").message.endswith(
        'it refuses work_mem: 1 kB is outside the valid range for parameter "work_mem" (64 kB .. 2147483647 kB)'
    )


def test_a_taken_port_is_an_error_of_its_own() -> None:
    for log in (
        '{"error_severity":"LOG","message":"could not bind IPv4 address \\"127.0.0.1\\": Address already in use"}',
        "driver failed programming external connectivity: Bind for 127.0.0.1:5 failed: port is already allocated",
    ):
        assert isinstance(start_failure(log, server="it"), PortTakenError)


def test_the_end_of_the_log_is_shown_without_data_and_credentials() -> None:
    lines = [f"{PREFIX}LOG:  line {i}" for i in range(20)]
    lines.append('{"error_severity":"FATAL","state_code":"22P02","message":"invalid input: \\"anna\\"","detail":"x"}')
    lines.append("FATAL: password=hunter2 is wrong")
    message = start_failure("\n".join(lines), server="it").message
    assert "line 19" in message
    assert "line 5\n" not in message
    assert "FATAL: invalid input: …" in message
    assert "anna" not in message
    assert "hunter2" not in message


def test_an_empty_log_says_so() -> None:
    assert "its log is empty" in start_failure("", server="it").message
