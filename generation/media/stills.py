"""Single frames of clips, decoded in a child process that ends with the work.

The decoder takes 40 MB and may hang or crash on a damaged file, which must not affect a web process. This module imports
neither Django nor PyAV, so that the child starts quickly.
"""

from __future__ import annotations

import io
import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

#: The child is killed if one frame takes longer.
SECONDS = 20.0
#: Browsers round a frame's time, so a frame counts from this much earlier, in seconds.
ROUNDING = 0.001
PNG = b"\x89PNG"
UNSPECIFIED, HD_LINES = 2, 720
#: Seconds from the beginning; None is the last frame.
Moment = float | None
FIRST, LAST = 0.0, None


class FrameUnavailable(Exception):
    """The message is a sentence for people."""


class Decoder:
    """A context manager that owns the child process."""

    def __init__(self) -> None:
        self.process: SpawnProcess | None = None

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop()

    def still(self, clip: Path, moment: Moment) -> bytes:
        """PNG. Raises FrameUnavailable. If the child crashed or hung, the next call starts a new one."""
        if not clip.is_file():
            raise FrameUnavailable("Its file is missing from storage.")
        if self.process is None:
            self._start()
        try:
            self.pipe.send((str(clip), moment))
            if not self.pipe.poll(SECONDS):
                self._stop()
                raise FrameUnavailable(f"Decoding took more than {SECONDS:.0f} s.")
            answer = self.pipe.recv_bytes()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._stop()
            raise FrameUnavailable("Its file cannot be decoded.") from None
        if not answer.startswith(PNG):
            raise FrameUnavailable(answer.decode(errors="replace"))
        return answer

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, child_end = context.Pipe()
        self.process = context.Process(target=serve_frames, args=(child_end,), daemon=True)
        self.process.start()
        child_end.close()  # else no end of file would arrive here when the child dies

    def _stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.join()
            self.process.close()
            self.pipe.close()
            self.process = None


def serve_frames(requests: Connection) -> None:
    """The child's main loop: answers each request with PNG or with an error sentence, until the pipe is closed.

    Answers are bytes and never pickled objects: with those a clip that takes over the decoder could run code in the parent.
    """
    while True:
        try:
            path, moment = requests.recv()
        except EOFError:
            return
        try:
            requests.send_bytes(read_frame(path, moment))
        except FrameUnavailable as error:
            requests.send_bytes(str(error).encode())


def read_frame(path: str, moment: Moment) -> bytes:
    """PNG of the frame that a player shows at that moment. Raises FrameUnavailable."""
    import av  # only in the child

    shown = None
    try:
        with av.open(path) as container:
            if not container.streams.video:
                raise FrameUnavailable("It has no video.")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            start = float((stream.start_time or 0) * (stream.time_base or 0))
            wanted = float("inf") if moment is None else start + moment + ROUNDING
            # A seek lands on the key frame before. Containers may give a wrong duration, so the last frame is looked for from
            # 1 s before their end.
            target = (container.duration or 0) / av.time_base - 1 if moment is None else moment
            container.seek(int(max(0.0, target) * av.time_base))
            for frame in container.decode(video=0):
                if shown is not None and frame.time is not None and frame.time > wanted:
                    break
                shown = frame
    except (av.error.InvalidDataError, av.error.EOFError) as error:
        raise FrameUnavailable("Its file cannot be decoded.") from error
    if shown is None:
        raise FrameUnavailable("It has no frame there.")
    # Clips without a named colour space: browsers assume HDTV for large ones, FFmpeg never does.
    options = {"src_colorspace": "ITU709"} if shown.colorspace == UNSPECIFIED and shown.height >= HD_LINES else {}
    buffer = io.BytesIO()
    shown.to_image(**options).save(buffer, "PNG")  # type: ignore[no-untyped-call]  # untyped in PyAV
    return buffer.getvalue()
