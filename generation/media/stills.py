"""Single frames of clips, decoded in a process of their own that ends with the work.

Decoding takes 40 MB of libraries and may hang or crash over a damaged file; a web process is to feel none of it. This module
knows files only, so that the process which imports it starts quickly.
"""

from __future__ import annotations

import io
import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

#: No single frame takes longer.
SECONDS = 20.0
#: Browsers tell the time of a frame rounded, so a frame is taken to begin that much earlier.
ROUNDING = 0.001
PNG = b"\x89PNG"
UNSPECIFIED, HD_LINES = 2, 720
#: Seconds from the beginning; None is the last frame.
Moment = float | None
FIRST, LAST = 0.0, None


class FrameUnavailable(Exception):
    """There is no such picture; the text is a sentence for people."""


class Decoder:
    """Gives the frames that clips show at a moment; a context, at whose end the process is gone."""

    def __init__(self) -> None:
        self.process: SpawnProcess | None = None

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *exc: object) -> None:
        self._end()

    def still(self, clip: Path, moment: Moment) -> bytes:
        """PNG. Raises FrameUnavailable; the next clip is decoded by another process where this one was too much for it."""
        if not clip.is_file():
            raise FrameUnavailable("Its file is gone from storage.")
        if self.process is None:
            self._begin()
        try:
            self.pipe.send((str(clip), moment))
            if not self.pipe.poll(SECONDS):
                self._end()
                raise FrameUnavailable(f"Decoding it took more than {SECONDS:.0f} seconds and was given up.")
            answer = self.pipe.recv_bytes()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._end()
            raise FrameUnavailable("Its file cannot be decoded.") from None
        if not answer.startswith(PNG):
            raise FrameUnavailable(answer.decode(errors="replace"))
        return answer

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve_frames, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def _end(self) -> None:
        if self.process:
            self.process.kill()
            self.process.join()
            self.process.close()
            self.pipe.close()
            self.process = None


def serve_frames(asked: Connection) -> None:
    """The whole life of the process: answers with PNG, or with the sentence that says why not, until nobody asks.

    As plain bytes: a clip that takes the decoder over must not get at whoever asked.
    """
    while True:
        try:
            path, moment = asked.recv()
        except EOFError:
            return
        try:
            asked.send_bytes(read_frame(path, moment))
        except FrameUnavailable as error:
            asked.send_bytes(str(error).encode())


def read_frame(path: str, moment: Moment) -> bytes:
    """PNG of the frame that a player shows at that moment. Raises FrameUnavailable."""
    import av  # not in the process that merely asks

    shown = None
    try:
        with av.open(path) as container:
            if not container.streams.video:
                raise FrameUnavailable("It holds no moving picture.")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            begin = float((stream.start_time or 0) * (stream.time_base or 0))
            wanted = float("inf") if moment is None else begin + moment + ROUNDING
            # A seek lands on the key frame before; where the end is not where the container says, from the beginning.
            target = (container.duration or 0) / av.time_base - 1 if moment is None else moment
            container.seek(int(max(0.0, target) * av.time_base))
            for frame in container.decode(video=0):
                if shown is not None and frame.time is not None and frame.time > wanted:
                    break
                shown = frame
    except (av.error.InvalidDataError, av.error.EOFError) as error:
        raise FrameUnavailable("Its file cannot be decoded.") from error
    if shown is None:
        raise FrameUnavailable("It holds no picture there.")
    # Clips that do not say how their colours are meant: browsers take large ones for HDTV, FFmpeg never does.
    meant = {"src_colorspace": "ITU709"} if shown.colorspace == UNSPECIFIED and shown.height >= HD_LINES else {}
    buffer = io.BytesIO()
    shown.to_image(**meant).save(buffer, "PNG")  # type: ignore[no-untyped-call]  # PyAV leaves it so
    return buffer.getvalue()
