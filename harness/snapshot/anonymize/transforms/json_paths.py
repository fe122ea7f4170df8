"""JSON by path: each leaf by the policy of its path; keys, structure and white space stay as they are written.

A path is the keys with dots between them (`customer.email`); elements of an array have the array's path. `a.*` is every
path below `a` that is not named itself, `*` every path: the default. Without one, an unnamed path is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.snapshot.anonymize.transform import Transform
from harness.snapshot.anonymize.transforms.json_scan import leaves, pairs, quoted, unquoted
from harness.snapshot.anonymize.transforms.plain import Keep, Nothing

_NULL = b"null"
_BOOLEANS = frozenset({b"true", b"false"})
_SKELETONS = 4096
ANY = "*"


@dataclass(frozen=True, slots=True)
class LeafTransforms:
    """What becomes of strings and of numbers at a path; booleans stay, unless all becomes null."""

    strings: Transform
    numbers: Transform


class Json:
    """Values of json and jsonb; ValueError where a text is no JSON, or a path has no policy."""

    def __init__(self, paths: Mapping[str, LeafTransforms]) -> None:
        self._paths = paths
        self._skeletons: dict[bytes, list[str]] = {}
        self._found: dict[str, LeafTransforms | None] = {}

    def __call__(self, value: bytes) -> bytes:
        """The document that stands for `value`."""
        return self.many([value])[0]

    def many(self, values: list[bytes]) -> list[bytes]:
        """The same for each of `values`, all leaves of a path together."""
        documents = [pairs(value) for value in values]
        # For each path, strings and others apart: the leaves, and where each belongs.
        groups: dict[tuple[str, bool], tuple[list[bytes], list[int]]] = {}
        pieces: list[bytes] = []
        ends: list[int] = []
        for document in documents:
            for path, (before, leaf) in zip(self._paths_in(document), document, strict=False):
                written, places = groups.setdefault((path, leaf[:1] == b'"'), ([], []))
                written.append(leaf)
                places.append(len(pieces) + 1)
                pieces += (before, leaf)
            pieces.append(document[-1][0])
            ends.append(len(pieces))
        for (path, string), (written, places) in groups.items():
            for place, new in zip(places, self._changed(path, written, string=string), strict=True):
                pieces[place] = new
        return [b"".join(pieces[begin:end]) for begin, end in zip([0, *ends], ends, strict=False)]

    def _paths_in(self, document: list[tuple[bytes, bytes]]) -> list[str]:
        """The path of each leaf; documents of the same keys and structure are looked through once."""
        skeleton = b"0".join([before for before, _ in document])
        known = self._skeletons.get(skeleton)
        if known is None:
            if len(self._skeletons) >= _SKELETONS:
                self._skeletons.clear()
            known = self._skeletons[skeleton] = [leaf.path for leaf in leaves(skeleton)]
        return known

    def _changed(self, path: str, written: list[bytes], *, string: bool) -> list[bytes]:
        policy = self._policy(path)
        transform = policy.strings if string else policy.numbers
        if isinstance(transform, Keep):
            return written
        if isinstance(transform, Nothing):
            return [_NULL] * len(written)
        if string:
            return [quoted(value) for value in transform.many([unquoted(value) for value in written])]
        numbers = iter(transform.many([value for value in written if value not in _WORDS]))
        return [value if value in _WORDS else next(numbers) for value in written]

    def _policy(self, path: str) -> LeafTransforms:
        if path not in self._found:
            self._found[path] = next((self._paths[name] for name in _names(path) if name in self._paths), None)
        policy = self._found[path]
        if policy is None:
            # Keys are structure, like column names; but an application may use values as keys: so only the upper ones.
            raise ValueError('a JSON path has no class, and there is no "*"')
        return policy


_WORDS = _BOOLEANS | {_NULL}


def _names(path: str) -> list[str]:
    """The names in a policy that fit, the closest first.

    >>> _names("a.b.c")
    ['a.b.c', 'a.b.*', 'a.*', '*']
    """
    names, above = [path], path
    while "." in above:
        above = above.rpartition(".")[0]
        names.append(f"{above}.{ANY}")
    return [*names, ANY]
