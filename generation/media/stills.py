"""Single frames of clips. Runs in a decoding child, without Django."""

from __future__ import annotations

import io
from pathlib import Path

from core.decoding.contract import MEGABYTE, Limits, Undecodable
from generation.media.decoding import NotAClip, open_clip, to_picture

LIMITS = Limits(cpu_seconds=30, memory_bytes=1536 * MEGABYTE, wall_seconds=20)
#: Browsers round a frame's time, so a frame counts from this much earlier, in seconds.
ROUNDING = 0.001
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
        with open_clip(Path(path)) as (container, stream):
            start = float((stream.start_time or 0) * (stream.time_base or 0))
            wanted = float("inf") if moment is None else start + moment + ROUNDING
            # A seek lands on the key frame before. Containers may give a wrong duration, so the last frame is looked for from
            # 1 s before their end.
            target = (container.duration or 0) / av.time_base - 1 if moment is None else moment
            container.seek(int(max(0.0, target) * av.time_base))
            for frame in container.decode(stream):
                if shown is not None and frame.time is not None and frame.time > wanted:
                    break
                shown = frame
            if shown is None:
                raise FrameUnavailable("It has no frame there.")
            buffer = io.BytesIO()
            to_picture(shown, stream).save(buffer, "PNG")
            return buffer.getvalue()
    except NotAClip as error:
        reason = str(error)
        raise FrameUnavailable(f"{reason[:1].upper()}{reason[1:]}.") from error
