"""Ends a worker process whose step hangs. Other workers take over its rows, and its queue starts another process.

The timer runs outside the interpreter, so it also ends a step that hangs inside a library and never returns to Python. The
stack is written to standard error.
"""

from __future__ import annotations

import faulthandler
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: How long a step may outlive its lease: a download waits 30 s for a server that sends nothing.
GRACE_SECONDS = 35.0

_ends_at: float | None = None


@contextmanager
def watch_step(seconds: float) -> Iterator[None]:
    """End the process after `seconds` plus GRACE_SECONDS, unless the block ends or `extend_deadline` is called in time."""
    global _ends_at
    _ends_at = 0.0
    extend_deadline(seconds)
    try:
        yield
    finally:
        _ends_at = None
        faulthandler.cancel_dump_traceback_later()


def extend_deadline(for_seconds: float) -> None:
    """Allow `for_seconds` plus GRACE_SECONDS from now. Never shortens what an earlier call allowed."""
    global _ends_at
    if _ends_at is None:
        return
    _ends_at = max(_ends_at, time.monotonic() + for_seconds + GRACE_SECONDS)
    faulthandler.dump_traceback_later(_ends_at - time.monotonic(), exit=True)
