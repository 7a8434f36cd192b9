from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextvars import copy_context
from typing import Any, TypeVar

T = TypeVar("T")

_local = threading.local()


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to completion on this thread's own event loop, in the caller's context.

    The loop outlives the call: providers' clients keep their HTTP connections on it from one poll to the next.
    """
    if not hasattr(_local, "runner"):
        _local.runner = asyncio.Runner()
    runner: asyncio.Runner = _local.runner
    # Without an explicit context, a runner stays in the one it was created in.
    return runner.run(work, context=copy_context())
