"""A home, and snapshots put into its store without a server."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.snapshot.intake import Taken, describe_content
from harness.snapshot.store.entry import Source, TableSize
from harness.snapshot.store.shelf import Shelf, Stored

BIG = 1 << 40

Put = Callable[..., Stored]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def put(home: Path) -> Put:
    """Stores `content` under a name."""

    def put(name: str, content: bytes = b"rows", *, replace: bool = False, limit: int = BIG) -> Stored:
        shelf = Shelf(home)
        taken = Taken(
            kind="plain",
            content="dump",
            source=Source(kind="dump", server_version="18.4"),
            tables=(TableSize(name="public.t", rows=3), TableSize(name="public.u")),
        )
        with shelf.making(name, replace=replace) as partial:
            (partial / "dump").write_bytes(content)
            entry = describe_content(partial, name, taken, limit_bytes=limit)
            return shelf.publish(partial, entry, replace=replace)

    return put
