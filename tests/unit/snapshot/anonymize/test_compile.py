"""Class and type together choose the transform; what does not fit is refused before any data is read."""

import pytest

from harness.model.errors import SnapshotError
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Class, ColumnPolicy
from harness.snapshot.anonymize.schema import Column
from harness.snapshot.anonymize.transform import Transform
from harness.snapshot.anonymize.transforms.compile import compile_transform, suitable_classes
from harness.snapshot.anonymize.transforms.dates import Dates
from harness.snapshot.anonymize.transforms.plain import Nothing

_KEYS = Keys(bytes(range(32)))


def _compile(
    policy: ColumnPolicy, type_: str = "text", *, not_null: bool = False, length: int | None = None
) -> Transform:
    column = Column(name="c", type=type_, base=type_.removesuffix("[]"), not_null=not_null, max_length=length)
    return compile_transform(policy, column=column, domain="d", keys=_KEYS)


@pytest.mark.parametrize(
    ("class_", "type_"),
    [
        (Class.UNCLASSIFIED, "text"),
        (Class.IDENTIFIER, "public.address"),
        (Class.IDENTIFIER, "hstore"),
        (Class.IDENTIFIER, "int4range"),
        (Class.TEXT, "tsvector"),
        (Class.DATE, "time without time zone"),
        (Class.JSON, "text"),
        (Class.BYTES, "text"),
        (Class.EMAIL, "integer"),
        (Class.ORDERED, "double precision"),
        (Class.LUHN, "integer"),
        (Class.FAKER, "integer"),
    ],
)
def test_a_class_that_does_not_suit_the_type_is_refused(class_: Class, type_: str) -> None:
    with pytest.raises(SnapshotError, match=f"c of type .* cannot have the class '{class_.value}'") as caught:
        _compile(ColumnPolicy(class_=class_), type_)
    assert "keep, null" in caught.value.hint


def test_keep_takes_every_type_and_null_every_nullable_one() -> None:
    for type_ in ("public.address", "hstore", "text[]", "int4range"):
        assert _compile(ColumnPolicy(class_=Class.KEEP), type_).many([b"x"]) == [b"x"]
        nothing = _compile(ColumnPolicy(class_=Class.NULL), type_)
        assert isinstance(nothing, Nothing)
        with pytest.raises(ValueError, match="no text form"):
            nothing.many([b"secret"])
    with pytest.raises(SnapshotError, match="c is NOT NULL"):
        _compile(ColumnPolicy(class_=Class.NULL), not_null=True)


def test_suitable_classes_are_those_that_compile() -> None:
    assert suitable_classes("uuid") == ["keep", "null", "identifier", "uuid"]
    assert suitable_classes("jsonb") == ["keep", "null", "json"]
    assert suitable_classes("boolean") == ["keep", "null", "identifier"]
    assert suitable_classes("hstore") == ["keep", "null"]


@pytest.mark.parametrize(
    ("class_", "type_", "value"),
    [
        (Class.NUMBER, "text", b"secret"),
        (Class.ORDERED, "text", b"secret"),
        (Class.DATE, "text", b"secret"),
        (Class.DATE, "date", b"2024-02-30"),
        (Class.DATE, "text", b"2024-02-28 secret"),
        (Class.UUID, "text", b"secret"),
        (Class.LUHN, "text", b"secret"),
        (Class.IBAN, "text", b"secret!"),
        (Class.INET, "text", b"secret"),
        (Class.INET, "inet", b"300.1.1.1"),
        (Class.INET, "cidr", b"10.0.0.0/33"),
        (Class.INET, "macaddr", b"secret"),
        (Class.BYTES, "bytea", b"secret"),
        (Class.BYTES, "bytea", b"\\xzz"),
        (Class.BYTES, "bytea", b"\\x" + b"zz" * 40),
        (Class.IDENTIFIER, "boolean", b"secret"),
        (Class.IDENTIFIER, "text[]", b"secret"),
        (Class.IDENTIFIER, "text[]", b"{secret"),
        (Class.IDENTIFIER, "text", b"secret\0"),
        (Class.TEXT, "text", b"secret\0"),
    ],
)
def test_a_value_of_another_form_is_refused_and_not_quoted(class_: Class, type_: str, value: bytes) -> None:
    transform = _compile(ColumnPolicy(class_=class_), type_)
    for attempt in (lambda: transform(value), lambda: transform.many([value] * 10)):
        with pytest.raises(ValueError, match=r"not|no zero") as caught:
            attempt()
        assert "secret" not in str(caught.value)
        assert value.decode() not in str(caught.value)


@pytest.mark.parametrize("text", [b"", b"{", b'{"a": 1', b"]", b'{"secret": x}', b"secret", b"{]", b","])
def test_what_is_no_json_is_refused_and_not_quoted(text: bytes) -> None:
    transform = _compile(ColumnPolicy(class_=Class.JSON, paths={"*": ColumnPolicy(class_=Class.KEEP)}), "jsonb")
    with pytest.raises(ValueError, match="not JSON") as caught:
        transform(text)
    assert "secret" not in str(caught.value)


def test_json_paths_choose_the_closest_name() -> None:
    paths = {
        "a.b": ColumnPolicy(class_=Class.KEEP),
        "a.*": ColumnPolicy(class_=Class.NULL),
        "n": ColumnPolicy(class_=Class.ORDERED),
        "d": ColumnPolicy(class_=Class.DATE),
    }
    transform = _compile(ColumnPolicy(class_=Class.JSON, paths=paths), "jsonb")
    out = transform(b'{"a": {"b": "x", "c": [1, {"d": "y"}]}, "n": [1000, 2000.50], "d": "2024-01-31"}')
    assert out.startswith(b'{"a": {"b": "x", "c": [null, {"d": null}]}, "n": [1')
    with pytest.raises(ValueError, match="a JSON path has no class"):
        transform(b'{"other": 1}')


def test_json_leaves_of_one_domain_are_those_of_a_column() -> None:
    inner = {
        "ref": ColumnPolicy(class_=Class.IDENTIFIER, domain="d"),
        "n": ColumnPolicy(class_=Class.NUMBER, domain="d"),
    }
    document = _compile(ColumnPolicy(class_=Class.JSON, paths=inner), "json")
    column, number = (
        _compile(ColumnPolicy(class_=Class.IDENTIFIER)),
        _compile(ColumnPolicy(class_=Class.NUMBER), "bigint"),
    )
    wanted = b'{"ref":"' + column(b"abc-123") + b'","n": ' + number(b"4711") + b"}"
    assert document(b'{"ref":"abc-123","n": 4711}') == wanted


def test_faker_is_seeded_by_the_value_and_cut_to_the_column() -> None:
    policy = ColumnPolicy(class_=Class.FAKER, provider="company:de_DE")
    transform = _compile(policy, "character varying(6)", length=6)
    out = transform.many([b"a", b"b", b"a"])
    assert out[0] == out[2] == transform(b"a") != out[1]
    assert all(len(one.decode()) <= 6 for one in out)
    for wrong in ("nonesuch", "seed", "_x", "company:xx_XX"):
        with pytest.raises(SnapshotError, match="Faker has no"):
            _compile(ColumnPolicy(class_=Class.FAKER, provider=wrong))
    with pytest.raises(SnapshotError, match="names no provider"):
        _compile(ColumnPolicy(class_=Class.FAKER))


def test_dictionaries_are_named() -> None:
    transform = _compile(ColumnPolicy(class_=Class.NAME, dictionary="last_name:de_DE"))
    assert len(transform(b"Schmidt")) == len(b"Schmidt")
    for wrong in ("nonesuch", "last_name:xx_XX"):
        with pytest.raises(SnapshotError, match="dictionary"):
            _compile(ColumnPolicy(class_=Class.NAME, dictionary=wrong))


def test_dates_move_by_subject() -> None:
    dates = Dates(_KEYS.subkey("d"))
    visits = [b"2024-01-01", b"2024-02-01", b"2024-01-01"]
    by_subject = dates.for_subjects(visits, [b"1", b"1", None])
    assert by_subject[2] == dates(visits[2])
    shifts = {dates.for_subject(b"2024-01-01", b"%d" % subject) for subject in range(200)}
    assert 40 < len(shifts) <= 52
    assert dates.for_subject(b"2024-01-01", b"1") == by_subject[0]


def test_arrays_keep_bounds_nulls_and_nesting() -> None:
    transform = _compile(ColumnPolicy(class_=Class.NUMBER), "integer[]")
    element = _compile(ColumnPolicy(class_=Class.NUMBER), "integer")
    assert transform(b"[0:1]={{10,NULL},{11,12}}") == b"[0:1]={{%s,NULL},{%s,%s}}" % tuple(
        element.many([b"10", b"11", b"12"])
    )


@pytest.mark.parametrize(
    ("type_", "base", "value"),
    [
        ("numeric(4,2)", "numeric", b"99.50"),
        ("numeric(4,2)[]", "numeric", b"{99.50,1.00}"),
        ("price", "smallint", b"32000"),
    ],
)
def test_ordered_numbers_stay_within_the_type_as_written_or_under_the_domain(
    type_: str, base: str, value: bytes
) -> None:
    column = Column(name="c", type=type_, base=base)
    out = compile_transform(ColumnPolicy(class_=Class.ORDERED), column=column, domain="d", keys=_KEYS)(value)
    assert len(out) == len(value)
