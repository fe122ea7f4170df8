"""A clone for whoever wants to look or to try something: no pass sees it."""

from collections.abc import Iterator
from contextlib import contextmanager

from harness.postgres.connect import Connection
from harness.postgres.ports import Engine
from harness.rehearsal.stage import harness_session


@contextmanager
def clone_session(engine: Engine, digest: str) -> Iterator[Connection]:
    """A session on a clone that no pass sees: trying operations leaves dead rows and used-up sequence numbers."""
    server = engine.clone(digest)
    try:
        with harness_session(server) as connection:
            yield connection
    finally:
        server.discard()
