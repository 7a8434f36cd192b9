from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext


@contextmanager
def count_queries() -> Iterator[list[dict[str, str]]]:
    """Yield a list that holds the statements of the block once it has ended."""
    queries: list[dict[str, str]] = []
    with CaptureQueriesContext(connection) as captured:
        yield queries
    queries.extend(captured.captured_queries)
