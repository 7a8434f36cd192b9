"""Runs functions that draw in a process of its own.

Drawing needs OpenCV and up to seconds of processor; neither the web process's memory nor its event streams are to feel it.
The process starts with the first call and ends when nothing has been drawn for a while.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def end_with_parent() -> None:
    # Leave no orphan behind a web process that was killed.

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent:
            parent.join()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


class DrawingProcess:
    """One process, which ends after IDLE_SECONDS without work."""

    IDLE_SECONDS = 60.0

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.pool: ProcessPoolExecutor | None = None
        self.idle_timer: threading.Timer | None = None

    def run(self, draw: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Calls a function of a module. A killed process is replaced once; a second death over the same call raises."""
        pool, drawing = self._submit(draw, *args, **kwargs)
        try:
            return drawing.result()
        except BrokenProcessPool:
            self._end(pool)
            return self._submit(draw, *args, **kwargs)[1].result()

    def _submit(
        self, draw: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> tuple[ProcessPoolExecutor, Future[Result]]:
        with self.lock:
            if self.pool is None:
                context = multiprocessing.get_context("spawn")
                self.pool = ProcessPoolExecutor(1, mp_context=context, initializer=end_with_parent)
            if self.idle_timer:
                self.idle_timer.cancel()
            self.idle_timer = threading.Timer(self.IDLE_SECONDS, self._end, [self.pool])
            self.idle_timer.daemon = True
            self.idle_timer.start()
            try:
                return self.pool, self.pool.submit(draw, *args, **kwargs)
            except BrokenProcessPool as error:
                failed: Future[Result] = Future()
                failed.set_exception(error)
                return self.pool, failed

    def _end(self, pool: ProcessPoolExecutor) -> None:
        # Drop this pool, unless another call has replaced it already.
        with self.lock:
            if self.pool is pool:
                self.pool = None
        pool.shutdown(wait=False)
