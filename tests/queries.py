from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext


@contextmanager
def count_queries() -> Iterator[list[dict[str, str]]]:
    """A list that holds the statements run inside, once the block is over."""
    queries: list[dict[str, str]] = []
    with CaptureQueriesContext(connection) as captured:
        yield queries
    queries.extend(captured.captured_queries)
