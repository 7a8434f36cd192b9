"""Single frames of clips. Runs in a decoding child, without Django."""

from __future__ import annotations

import io

from core.decoding.contract import MEGABYTE, Limits, Undecodable

LIMITS = Limits(cpu_seconds=30, memory_bytes=1536 * MEGABYTE, wall_seconds=20)
#: Browsers round a frame's time, so a frame counts from this much earlier, in seconds.
ROUNDING = 0.001
UNSPECIFIED, HD_LINES = 2, 720
#: Of one frame: somewhat more than 8K.
MAX_PIXELS = 40_000_000
#: Seconds from the beginning; None is the last frame.
Moment = float | None
FIRST, LAST = 0.0, None


class FrameUnavailable(Undecodable):
    """The message is a sentence for people."""


def read_frame(path: str, moment: Moment) -> bytes:
    """PNG of the frame that a player shows at that moment. Raises FrameUnavailable."""
    import av  # 40 MB that a web process, which imports this module too, never needs

    shown = None
    try:
        with av.open(path) as container:
            if not container.streams.video:
                raise FrameUnavailable("It has no video.")
            stream = container.streams.video[0]
            if stream.width * stream.height > MAX_PIXELS:
                raise FrameUnavailable(f"Its picture of {stream.width} x {stream.height} is too large.")
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
    except (av.error.EOFError, ValueError) as error:
        raise FrameUnavailable("Its file cannot be decoded.") from error
    if shown is None:
        raise FrameUnavailable("It has no frame there.")
    # Clips without a named colour space: browsers assume HDTV for large ones, FFmpeg never does.
    options = {"src_colorspace": "ITU709"} if shown.colorspace == UNSPECIFIED and shown.height >= HD_LINES else {}
    buffer = io.BytesIO()
    shown.to_image(**options).save(buffer, "PNG")
    return buffer.getvalue()
