"""Measures a finished clip, once. Runs in a decoding child, without Django."""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from core.decoding.contract import MEGABYTE, Limits
from generation.providers.base import OnProgress

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

POSTER_WIDTH = 960
#: Stills of a filmstrip, and the width of each in pixels.
STRIP_STILLS, STRIP_WIDTH = 10, 240
#: Of one frame, somewhat more than 8K; frames of ten minutes at 60 per second; and the highest rate of a camera.
MAX_PIXELS, MAX_FRAMES, MAX_FPS = 40_000_000, 40_000, 1000
LIMITS = Limits(cpu_seconds=900, memory_bytes=2048 * MEGABYTE, wall_seconds=900)


class NotAClip(Exception):
    """The file cannot be played."""


@dataclass(frozen=True)
class Inspection:
    """What was measured while decoding a clip. Poster and filmstrip are WebP."""

    seconds: Decimal
    fps: int
    poster: bytes
    filmstrip: bytes


def inspect(path: Path, on_progress: OnProgress = lambda fraction: None) -> Inspection:
    """Decode every frame: a file that is cut short fails only at its end. Raises NotAClip for what browsers cannot play."""
    import av  # 40 MB that the server's processes, which import this module too, never need

    try:
        with av.open(path, format="mp4") as container:
            if not container.streams.video or not container.duration:
                raise NotAClip("it has no video")
            _refuse_too_large(container.streams.video[0])
            container.streams.video[0].thread_type = "AUTO"
            seconds = Decimal(container.duration) / av.time_base
            fps = max(1, round(container.streams.video[0].average_rate or 0))
            stills = _grab_stills(container, float(seconds), on_progress)
    except (av.error.EOFError, ValueError) as error:
        raise NotAClip("it cannot be decoded") from error
    if not stills:
        raise NotAClip("it has no frame")
    poster = stills[len(stills) // 3].copy()
    poster.thumbnail((POSTER_WIDTH, POSTER_WIDTH), Image.Resampling.LANCZOS)
    return Inspection(seconds.quantize(Decimal("0.001")), fps, _encode_webp(poster), _encode_webp(_join_stills(stills)))


def _refuse_too_large(stream: VideoStream) -> None:
    # By the header: the decoder would allocate and count first.
    fps = stream.average_rate or 0
    if stream.width * stream.height > MAX_PIXELS:
        raise NotAClip(f"its picture of {stream.width} x {stream.height} has more than {MAX_PIXELS:,} pixels")
    if fps > MAX_FPS:
        raise NotAClip(f"it has {round(fps):,} frames per second; the limit is {MAX_FPS:,}")
    if stream.frames > MAX_FRAMES:
        raise NotAClip(f"it has {stream.frames:,} frames; the limit is {MAX_FRAMES:,}")


def _grab_stills(container: InputContainer, seconds: float, on_progress: OnProgress) -> list[Image.Image]:
    # STRIP_STILLS frames at even distances. If the frames end early, the last one is repeated.
    wanted = [seconds * (2 * number + 1) / (2 * STRIP_STILLS) for number in range(STRIP_STILLS)]
    stills: list[Image.Image] = []
    frame = None
    for frame in container.decode(video=0):
        on_progress((frame.time or 0) / seconds)
        while len(stills) < STRIP_STILLS and (frame.time or 0) >= wanted[len(stills)]:
            stills.append(frame.to_image())
    if frame is not None and len(stills) < STRIP_STILLS:
        stills += [frame.to_image()] * (STRIP_STILLS - len(stills))
    return stills


def _join_stills(stills: list[Image.Image]) -> Image.Image:
    width, height = stills[0].size
    size = (STRIP_WIDTH, max(1, round(STRIP_WIDTH * height / width)))
    strip = Image.new("RGB", (STRIP_WIDTH * len(stills), size[1]))
    for number, still in enumerate(stills):
        strip.paste(still.resize(size, Image.Resampling.BILINEAR), (number * STRIP_WIDTH, 0))
    return strip


def _encode_webp(picture: Image.Image) -> bytes:
    encoded = io.BytesIO()
    picture.save(encoded, "WEBP", quality=82)
    return encoded.getvalue()
