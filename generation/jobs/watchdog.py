"""Ends a worker process whose step hangs: what it held is taken over, and its queue makes another process.

The clock runs outside of the interpreter, so it also ends a step that hangs inside a library and never gives Python a
turn. Where it hung is written to standard error.
"""

from __future__ import annotations

import faulthandler
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: A step may be silent for a while after its lease has run out: a download waits 30 s for a server that sends nothing.
GRACE_SECONDS = 35.0

_ends_at: float | None = None


@contextmanager
def watched(seconds: float) -> Iterator[None]:
    """The step inside must give a sign of life within so many seconds, and each time again."""
    global _ends_at
    _ends_at = 0.0
    alive(seconds)
    try:
        yield
    finally:
        _ends_at = None
        faulthandler.cancel_dump_traceback_later()


def alive(for_seconds: float) -> None:
    """A sign of life, good for so many seconds; never shortens what an earlier one was good for."""
    global _ends_at
    if _ends_at is None:
        return
    _ends_at = max(_ends_at, time.monotonic() + for_seconds + GRACE_SECONDS)
    faulthandler.dump_traceback_later(_ends_at - time.monotonic(), exit=True)
