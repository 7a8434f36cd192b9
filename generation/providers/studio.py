"""Sketches drawn in a process of its own.

Drawing needs OpenCV and some 50 ms of processor; neither the web process's memory nor its event streams are to feel it. The
process starts with the first drawing and ends when nothing has been drawn for a while.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from typing import cast

from generation.providers.base import Shot


def draw_sketch(shot: Shot, width: int, height: int) -> bytes:
    """WebP. The drawing libraries are imported by whatever process calls this."""
    return cast(bytes, import_module("generation.providers.sketch").draw_webp(shot, width, height))


def end_with_parent() -> None:
    """Leave no orphan behind a web process that was killed."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent:
            parent.join()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


class Studio:
    """One artist in a process of its own, sent home after IDLE_SECONDS without work."""

    IDLE_SECONDS = 60.0

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.artist: ProcessPoolExecutor | None = None
        self.going_home: threading.Timer | None = None

    def draw(self, shot: Shot, width: int, height: int) -> bytes:
        """WebP. A killed drawing process is replaced once; a second death over the same drawing raises."""
        artist, drawing = self._commission(shot, width, height)
        try:
            return drawing.result()
        except BrokenProcessPool:
            self._dismiss(artist)
            return self._commission(shot, width, height)[1].result()

    def _commission(self, shot: Shot, width: int, height: int) -> tuple[ProcessPoolExecutor, Future[bytes]]:
        with self.lock:
            if self.artist is None:
                context = multiprocessing.get_context("spawn")
                self.artist = ProcessPoolExecutor(1, mp_context=context, initializer=end_with_parent)
            if self.going_home:
                self.going_home.cancel()
            self.going_home = threading.Timer(self.IDLE_SECONDS, self._dismiss, [self.artist])
            self.going_home.daemon = True
            self.going_home.start()
            try:
                return self.artist, self.artist.submit(draw_sketch, shot, width, height)
            except BrokenProcessPool as error:
                failed: Future[bytes] = Future()
                failed.set_exception(error)
                return self.artist, failed

    def _dismiss(self, artist: ProcessPoolExecutor) -> None:
        """Drop this pool, unless another call has replaced it already."""
        with self.lock:
            if self.artist is artist:
                self.artist = None
        artist.shutdown(wait=False)
