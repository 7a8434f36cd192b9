"""Sketches drawn in a process of its own.

Drawing needs OpenCV and some 50 ms of processor; neither the web process's memory nor its event streams are to feel it. The
process starts with the first drawing and ends when nothing has been drawn for a while.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
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
        """WebP. An artist that was killed is replaced once."""
        try:
            return self._hire().submit(draw_sketch, shot, width, height).result()
        except BrokenProcessPool:
            self.close()
            return self._hire().submit(draw_sketch, shot, width, height).result()

    def _hire(self) -> ProcessPoolExecutor:
        with self.lock:
            if self.artist is None:
                context = multiprocessing.get_context("spawn")
                self.artist = ProcessPoolExecutor(1, mp_context=context, initializer=end_with_parent)
            if self.going_home:
                self.going_home.cancel()
            self.going_home = threading.Timer(self.IDLE_SECONDS, self.close)
            self.going_home.daemon = True
            self.going_home.start()
            return self.artist

    def close(self) -> None:
        with self.lock:
            if self.artist:
                self.artist.shutdown(wait=False)
            self.artist = None
