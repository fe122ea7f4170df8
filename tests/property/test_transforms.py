"""Every transform: a bijection where it says so, the same by ones and by many, lengths and forms kept."""

import ipaddress
import json
import re
import string
import uuid
from collections.abc import Callable, Sequence
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Class, ColumnPolicy
from harness.snapshot.anonymize.schema import Column
from harness.snapshot.anonymize.sql_types import length_of
from harness.snapshot.anonymize.transform import Transform
from harness.snapshot.anonymize.transforms.checked import iban_check, luhn_digit
from harness.snapshot.anonymize.transforms.compile import compile_transform
from harness.snapshot.anonymize.transforms.dates import FIRST_YEAR, LAST_YEAR
from harness.snapshot.anonymize.transforms.json_paths import ANY

_KEYS = Keys(bytes(range(32)))


def _transform(
    class_: Class, type_: str = "text", *, domain: str = "d", keys: Keys = _KEYS, **policy: object
) -> Transform:
    column = Column(name="c", type=type_, base=type_.removesuffix("[]"), max_length=length_of(type_))
    chosen = ColumnPolicy(class_=class_, **policy)  # type: ignore[arg-type]
    return compile_transform(chosen, column=column, domain=domain, keys=keys, enums={"mood": ("sad", "ok", "happy")})


def _form(value: bytes) -> str:
    """The value with each letter and digit replaced by its class."""
    text = value.decode("utf-8", "surrogateescape")
    return "".join(_class(char) for char in text)


def _class(char: str) -> str:
    if char.isdecimal():
        return "9"
    if char.isalpha():
        return "A" if char.isupper() else "a"
    return char


_ANY_TEXT = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
_WORDY = st.text(alphabet=string.ascii_letters + string.digits + " -_.@,éÜßяЖΣ日가ñ", max_size=24)
_TEXTS = st.lists(st.one_of(_WORDY, _ANY_TEXT).map(str.encode), max_size=12)
_ODD_BYTES = st.lists(st.binary(max_size=20).map(lambda value: value.replace(b"\0", b"")), max_size=6)
_INTEGERS = st.one_of(st.integers(-(2**31), 2**31 - 1), st.integers(-40_000, 40_000), st.integers(-2, 12))
_NUMERIC = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12)
_DATES = st.dates(min_value=date(FIRST_YEAR, 1, 1), max_value=date(LAST_YEAR - 1, 12, 31)).map(date.isoformat)
_TIMES = st.builds(
    "{} {}{}".format,
    _DATES,
    st.times().map(lambda time: time.isoformat()),
    st.sampled_from(["", "+00", "-03:30", "+05"]),
)
_UUIDS = st.one_of(st.uuids().map(str), st.uuids(version=4).map(str), st.sampled_from([str(uuid.UUID(int=0)), "f" * 8]))
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), _ANY_TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from("abcé."), inner, max_size=4)),
    max_leaves=12,
)
_DIGIT = st.text(alphabet=string.digits, min_size=1, max_size=19)


def _float(number: float) -> str:
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(number), repr(number))


_FORMS: Sequence[tuple[Class, str, st.SearchStrategy[str]]] = (
    (Class.IDENTIFIER, "text", _ANY_TEXT),
    (Class.IDENTIFIER, "text", _WORDY),
    (Class.EMAIL, "text", st.one_of(st.emails(), _WORDY)),
    (Class.NUMBER, "integer", _INTEGERS.map(str)),
    (Class.NUMBER, "numeric", _NUMERIC.map(str)),
    (Class.NUMBER, "double precision", st.floats().map(_float)),
    (Class.ORDERED, "integer", _INTEGERS.map(str)),
    (Class.ORDERED, "numeric(20,2)", _NUMERIC.map(str)),
    (Class.DATE, "date", _DATES),
    (Class.DATE, "timestamp with time zone", _TIMES),
    (Class.UUID, "uuid", st.uuids().map(str)),
    (Class.LUHN, "text", _DIGIT),
    (Class.NAME, "text", st.one_of(_WORDY, st.sampled_from(["Anna", "SMITH", "müller", "Anna Smith-Meier"]))),
    (Class.TEXT, "text", st.one_of(_WORDY, _ANY_TEXT)),
    (Class.INET, "inet", st.ip_addresses().map(str)),
    (Class.INET, "cidr", st.sampled_from(["10.0.0.0/8", "192.168.4.0/22", "2001:db8::/32", "0.0.0.0/0"])),
    (Class.INET, "macaddr", st.sampled_from(["08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff"])),
    (Class.BYTES, "bytea", st.binary(max_size=600).map(lambda value: "\\x" + value.hex())),
    (Class.IDENTIFIER, "boolean", st.sampled_from("tf")),
    (Class.IDENTIFIER, "mood", st.sampled_from(["sad", "ok", "happy"])),
    (Class.IDENTIFIER, "text[]", st.sampled_from(["{}", '{a,"b c",NULL}', '{{1,2},{"",x}}', '[2:3]={"q\\"",b}'])),
    (Class.FAKER, "text", _WORDY),
)  # fmt: skip


@pytest.mark.parametrize(
    ("class_", "type_", "values"), _FORMS, ids=lambda one: getattr(one, "value", None) or str(one)[:12]
)
def test_many_is_what_ones_are_and_a_fresh_one_says_the_same(
    class_: Class, type_: str, values: st.SearchStrategy[str]
) -> None:
    first, second = (_transform(class_, type_, provider="company" if class_ is Class.FAKER else "") for _ in range(2))

    @given(st.lists(values.map(str.encode), max_size=14))
    def check(column: list[bytes]) -> None:
        ones = [first(value) for value in column]
        assert first.many(column) == ones
        assert second.many(list(reversed(column))) == ones[::-1]
        assert all(isinstance(one, bytes) for one in ones)

    check()


@pytest.mark.parametrize("class_", [Class.IDENTIFIER, Class.EMAIL, Class.NAME, Class.TEXT])
def test_text_keeps_lengths_and_forms(class_: Class) -> None:
    transform = _transform(class_)

    @given(_TEXTS)
    def check(column: list[bytes]) -> None:
        out = transform.many(column)
        assert list(map(len, out)) == list(map(len, column))
        assert [len(one.decode()) for one in out] == [len(one.decode()) for one in column]
        assert len(set(out)) == len(set(column))
        if class_ is Class.IDENTIFIER:
            assert list(map(_form, out)) == list(map(_form, column))

    check()


@pytest.mark.parametrize("class_", [Class.IDENTIFIER, Class.TEXT])
def test_bytes_that_are_no_utf8_stay_where_they_are(class_: Class) -> None:
    transform = _transform(class_)

    @given(_ODD_BYTES)
    def check(column: list[bytes]) -> None:
        out = transform.many(column)
        assert list(map(len, out)) == list(map(len, column))
        assert out == [transform(value) for value in column]

    check()


@given(_TEXTS)
def test_identifiers_commute_with_case(column: list[bytes]) -> None:
    transform = _transform(Class.IDENTIFIER, "character varying(80)")
    plain = [value for value in column if value.isascii()]
    assert [one.lower() for one in transform.many(plain)] == transform.many([value.lower() for value in plain])


@pytest.mark.parametrize(
    ("alphabet", "length"),
    [("0123456789", 1), ("0123456789", 2), ("0123456789", 3), (string.ascii_lowercase, 1), (string.ascii_lowercase, 2)],
)
def test_small_domains_are_permuted_exhaustively(alphabet: str, length: int) -> None:
    domain = sorted("".join(chars).encode() for chars in product(alphabet, repeat=length))
    out = _transform(Class.IDENTIFIER).many(domain)
    assert sorted(out) == domain
    assert out != domain


def test_small_numbers_are_permuted_exhaustively_within_their_type() -> None:
    transform = _transform(Class.NUMBER, "smallint")
    domain = [b"%d" % number for number in range(-32768, 32768)]
    out = transform.many(domain)
    assert sorted(map(int, out)) == list(range(-32768, 32768))
    assert list(map(len, out)) == list(map(len, domain))
    cents = [b"%d.%02d" % divmod(number, 100) for number in range(2000)]
    assert sorted(_transform(Class.NUMBER, "numeric(4,2)").many(cents)) != cents
    assert len(set(_transform(Class.NUMBER, "numeric(4,2)").many(cents))) == len(cents)


@given(st.lists(_INTEGERS, max_size=20))
def test_numbers_keep_sign_digits_and_type_whatever_integer_type_refers_to_them(numbers: list[int]) -> None:
    column = [b"%d" % number for number in numbers]
    out = _transform(Class.NUMBER, "integer").many(column)
    assert out == _transform(Class.NUMBER, "bigint").many(column) == _transform(Class.NUMBER, "numeric").many(column)
    assert list(map(len, out)) == list(map(len, column))
    assert all(str(int(one)).encode() == one and -(2**31) <= int(one) < 2**31 for one in out)
    assert [int(one) < 0 for one in out] == [number < 0 for number in numbers]
    assert len(set(out)) == len(set(column))


@given(st.lists(st.floats(width=64, allow_nan=False, allow_infinity=False), max_size=10))
def test_floating_point_stays_readable(numbers: list[float]) -> None:
    for one in _transform(Class.NUMBER, "double precision").many([repr(number).encode() for number in numbers]):
        assert abs(float(one)) < float("inf")


@given(st.lists(_NUMERIC, max_size=20, unique=True))
def test_ordered_numbers_keep_order_and_scale(numbers: list[object]) -> None:
    column = [str(number).encode() for number in sorted(numbers, key=lambda one: float(str(one)))]
    out = _transform(Class.ORDERED, "numeric(20,2)").many(column)
    amounts = [int(one.replace(b".", b"")) for one in out]
    assert amounts == sorted(amounts)
    assert len(set(amounts)) == len({one.lstrip(b"-") if not one.strip(b"-0.") else one for one in column})
    assert all(re.fullmatch(rb"-?[0-9]+\.[0-9]{2}", one) for one in out)


@given(st.lists(_INTEGERS, max_size=30))
def test_ordered_integers_keep_order_and_bounds(numbers: list[int]) -> None:
    values = sorted(set(numbers))
    out = [int(one) for one in _transform(Class.ORDERED, "integer").many([b"%d" % value for value in values])]
    assert out == sorted(out)
    assert all(-(2**31) <= one < 2**31 for one in out)
    small = [(value, one) for value, one in zip(values, out, strict=True) if abs(value) < 2**30]
    assert len({one for _, one in small}) == len(small)


@given(st.lists(_DIGIT, max_size=10))
def test_luhn_keeps_validity_and_issuer(column: list[str]) -> None:
    transform = _transform(Class.LUHN)
    for digits in column:
        valid = (digits + str(luhn_digit(digits.encode()))).encode()
        out = transform(valid)
        assert luhn_digit(out[:-1]) == out[-1] - ord("0")
        assert len(out) == len(valid)
        if len(valid) >= 12:
            assert out[:6] == valid[:6]
        wrong = valid[:-1] + b"%d" % ((valid[-1] - ord("0") + 3) % 10)
        assert luhn_digit(transform(wrong)[:-1]) != transform(wrong)[-1] - ord("0")


def test_luhn_numbers_stay_unique() -> None:
    column = [b"%04d" % number for number in range(10_000)]
    assert sorted(_transform(Class.LUHN).many(column)) == column


@given(st.sampled_from(["DE", "GB", "NO"]), st.from_regex(r"\A[A-Z]{0,4}[0-9]{6,18}\Z"), st.booleans())
def test_iban_keeps_validity_and_country(country: str, account: str, spaced: bool) -> None:
    check = b"%02d" % iban_check(country.encode(), account.encode())
    value = country.encode() + check + account.encode()
    if spaced:
        value = b" ".join(value[at : at + 4] for at in range(0, len(value), 4))
    out = _transform(Class.IBAN)(value)
    assert _form(out) == _form(value)
    assert out[:2] == value[:2]
    compact = out.replace(b" ", b"")
    assert compact[2:4] == b"%02d" % iban_check(country.encode(), compact[4:])


def test_iban_is_a_bijection_of_right_and_wrong_ones() -> None:
    column = [b"NO%02d%02d" % (check, account) for check in range(100) for account in range(100)]
    assert sorted(_transform(Class.IBAN).many(column)) == sorted(column)


@given(st.lists(st.uuids(), min_size=1, max_size=30))
def test_uuids_keep_version_variant_and_time(values: list[uuid.UUID]) -> None:
    made = [
        uuid.UUID(int=(one.int & ~(0xF << 76)) | version << 76) for one in values for version in (0, 1, 4, 6, 7, 15)
    ]
    column = [str(one).encode() for one in made]
    out = [uuid.UUID(one.decode()) for one in _transform(Class.UUID, "uuid").many(column)]
    assert len(set(out)) == len(set(made))
    for before, after in zip(made, out, strict=True):
        assert (after.int >> 76 & 0xF, after.variant) == (before.int >> 76 & 0xF, before.variant)
        if before.variant == uuid.RFC_4122 and before.version in (1, 6):
            assert after.int >> 64 == before.int >> 64
        if before.variant == uuid.RFC_4122 and before.version == 7:
            assert after.int >> 80 == before.int >> 80


@given(st.lists(_TIMES, max_size=10))
def test_dates_keep_weekday_time_and_distance(column: list[str]) -> None:
    transform = _transform(Class.DATE, "timestamp without time zone")
    out = transform.many([value.encode() for value in column])
    moved = set()
    for before, after in zip(column, out, strict=True):
        assert after[10:] == before.encode()[10:]
        moved.add(date.fromisoformat(after[:10].decode()) - date.fromisoformat(before[:10]))
    assert len(moved) <= 1
    assert all(shift.days % 7 == 0 and 0 < abs(shift.days) <= 26 * 7 for shift in moved)


@pytest.mark.parametrize("family", [4, 6])
def test_networks_keep_common_prefixes(family: int) -> None:
    transform = _transform(Class.INET, "inet")

    def prefix(one: str, other: str) -> int:
        first, second = ipaddress.ip_address(one), ipaddress.ip_address(other)
        return first.max_prefixlen - (int(first) ^ int(second)).bit_length()

    addresses = st.ip_addresses(v=4) if family == 4 else st.ip_addresses(v=6)

    @given(addresses, addresses, st.integers(0, 127))
    def check(one: ipaddress.IPv4Address, other: ipaddress.IPv4Address, flipped: int) -> None:
        near = type(one)(int(one) ^ (1 << flipped % one.max_prefixlen))
        for second in (other, near):
            out = [value.decode() for value in transform.many([str(one).encode(), str(second).encode()])]
            assert prefix(*out) == prefix(str(one), str(second))

    check()


@given(st.lists(st.binary(max_size=2000), max_size=4))
def test_bytes_keep_their_length(values: list[bytes]) -> None:
    column = [b"\\x" + value.hex().encode() for value in values]
    out = _transform(Class.BYTES, "bytea").many(column)
    assert list(map(len, out)) == list(map(len, column))
    assert len(set(out)) == len(set(column))


def test_json_keeps_structure_and_parses() -> None:
    paths = {"a": ColumnPolicy(class_=Class.IDENTIFIER), ANY: ColumnPolicy(class_=Class.TEXT)}
    transform = _transform(Class.JSON, "jsonb", paths=paths)

    @given(st.lists(_JSON, min_size=1, max_size=4))
    def check(documents: list[object]) -> None:
        column = [json.dumps(document, ensure_ascii=at % 2 == 0).encode() for at, document in enumerate(documents)]
        for before, after in zip(documents, transform.many(column), strict=True):
            _same_structure(before, json.loads(after))

    check()


def _same_structure(before: object, after: object) -> None:
    if isinstance(before, dict) and isinstance(after, dict):
        assert list(before) == list(after)
        for key, value in before.items():
            _same_structure(value, after[key])
    elif isinstance(before, list) and isinstance(after, list):
        assert len(before) == len(after)
        for one, other in zip(before, after, strict=True):
            _same_structure(one, other)
    elif isinstance(before, str) and isinstance(after, str):
        assert len(before.encode()) == len(after.encode())
    else:
        assert type(before) is type(after)
        assert before == after or type(before) is int


@pytest.mark.parametrize(
    ("class_", "type_", "make"),
    [
        (Class.IDENTIFIER, "text", lambda number: f"customer-{number:06d}"),
        (Class.NUMBER, "integer", lambda number: str(10_000 + number)),
        (Class.UUID, "uuid", lambda number: str(uuid.UUID(int=number, version=4))),
        (Class.BYTES, "bytea", lambda number: f"\\x{number:08x}"),
    ],
    ids=["identifier", "number", "uuid", "bytes"],
)
def test_domains_and_keys_do_not_agree(class_: Class, type_: str, make: Callable[[int], str]) -> None:
    column = [make(number).encode() for number in range(500)]
    outputs = [
        _transform(class_, type_, domain=domain, keys=keys).many(column)
        for domain, keys in (("a", _KEYS), ("b", _KEYS), ("a", Keys(bytes(32))))
    ]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        same = sum(first == second for first, second in zip(outputs[one], outputs[other], strict=True))
        assert same < 10
    assert all(len(set(output)) == 500 for output in outputs)


def test_ranks_are_spread_evenly() -> None:
    """Chi-squared of the first and last character of a long run of consecutive numbers: far from any pattern."""
    out = _transform(Class.IDENTIFIER).many([b"%08d" % number for number in range(20_000)])
    for place in (0, 3, 7):
        counts = [sum(one[place] == ord("0") + digit for one in out) for digit in range(10)]
        assert sum((count - 2000) ** 2 / 2000 for count in counts) < 40
