"""Measures a finished clip, once: what it is, and its stills. Runs in a decoding child, without Django."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image

from core.decoding.contract import MEGABYTE, Limits
from generation.media.decoding import NotAClip, display_size, open_clip, rotation_of, sample_aspect, to_picture
from generation.media_info import MediaInfo, Sound
from generation.providers.base import OnProgress

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

POSTER_SIDE = 960
#: Stills of a filmstrip, and the width of each in pixels.
STRIP_STILLS, STRIP_WIDTH = 10, 240
#: More than ten minutes at 60 frames a second.
MAX_FRAMES = 40_000
#: The highest rate of a camera.
MAX_FPS = 1000
LIMITS = Limits(cpu_seconds=900, memory_bytes=2048 * MEGABYTE, wall_seconds=900)
#: WebM counts in milliseconds, so its average rate may be off by this fraction.
RATE_TOLERANCE = Fraction(1, 5000)
FILM_RATES = [Fraction(rate) for rate in (24, 25, 30, 48, 50, 60)]
NTSC_RATES = [Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60)]


@dataclass(frozen=True)
class Inspection:
    """What was measured while decoding a clip. Poster and filmstrip are WebP."""

    info: MediaInfo
    poster: bytes
    filmstrip: bytes


def inspect_clip(path: Path, on_progress: OnProgress = lambda fraction: None) -> Inspection:
    """Decode every frame: a file that is cut short fails only at its end. Raises NotAClip."""
    _refuse_too_many_frames(path)
    length = _measure_length(path)
    with open_clip(path) as (container, stream):
        film = _Film(stream, length)
        for frame in _decode(container, stream):
            film.add(frame)
            on_progress(min(1.0, film.seconds / length) if length else 0.5)
        if film.last is None:
            raise NotAClip("it has no frame")
        info = _describe(path, container, stream, film)
        # Within the block: a closed container takes its streams along.
        stills = film.stills + [to_picture(film.last, stream, POSTER_SIDE)] * (STRIP_STILLS - len(film.stills))
    return Inspection(info, encode_webp(stills[STRIP_STILLS // 3]), encode_webp(_join(stills)))


def _refuse_too_many_frames(path: Path) -> None:
    # By the header: the decoder would count first.
    with open_clip(path) as (_, stream):
        rate = stream.average_rate or 0
        if rate > MAX_FPS:
            raise NotAClip(f"it has {round(rate):,} frames per second; the limit is {MAX_FPS:,}")
        if stream.frames > MAX_FRAMES:
            raise NotAClip(f"it has {stream.frames:,} frames; the limit is {MAX_FRAMES:,}")


def _measure_length(path: Path) -> float:
    # Seconds until the end of the last frame. Headers may lack it (fragmented MP4) or count the sound, so packets are read.
    with open_clip(path) as (container, stream):
        ends = (packet.pts + (packet.duration or 0) for packet in container.demux(stream) if packet.pts is not None)
        return float((max(ends, default=0) - (stream.start_time or 0)) * (stream.time_base or 0))


def _decode(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    for number, frame in enumerate(container.decode(stream), 1):
        if number > MAX_FRAMES:
            raise NotAClip(f"it has more than {MAX_FRAMES:,} frames")
        yield frame


class _Film:
    # What is gathered frame by frame: STRIP_STILLS stills at even distances, and where the picture begins and ends.

    def __init__(self, stream: VideoStream, length: float) -> None:
        self.stream = stream
        self.wanted = [length * (2 * number + 1) / (2 * STRIP_STILLS) for number in range(STRIP_STILLS)]
        self.stills: list[Image.Image] = []
        self.last: VideoFrame | None = None
        self.frames = self.rotation = 0
        self.start = self.end = Fraction(0)

    @property
    def seconds(self) -> float:
        return float(self.end - self.start)

    def add(self, frame: VideoFrame) -> None:
        at = Fraction(frame.pts or 0) * Fraction(frame.time_base or 0) if frame.pts is not None else self.end
        if self.last is None:
            self.start, self.rotation = at, rotation_of(frame)
        average = Fraction(self.stream.average_rate or 0)
        duration = Fraction(frame.duration) * Fraction(frame.time_base or 0) or (1 / average if average else 0)
        self.end = max(self.end, at + duration)
        self.frames += 1
        self.last = frame
        while len(self.stills) < STRIP_STILLS and at - self.start >= self.wanted[len(self.stills)]:
            self.stills.append(to_picture(frame, self.stream, POSTER_SIDE))


def _describe(path: Path, container: InputContainer, stream: VideoStream, film: _Film) -> MediaInfo:
    width, height = display_size(stream, film.rotation)
    sound: Any = container.streams.best("audio")
    return MediaInfo(
        container=_name_container(path, container),
        codec=stream.codec.canonical_name,
        profile=stream.profile or "",
        pixel_format=stream.codec_context.pix_fmt or "",
        coded_width=stream.width,
        coded_height=stream.height,
        width=width,
        height=height,
        rotation=film.rotation,
        sample_aspect=sample_aspect(stream),
        fps=_exact_rate(stream, film),
        frames=film.frames,
        seconds=round(Decimal(film.seconds), 3),
        sound=Sound(codec=sound.codec.canonical_name, rate=sound.rate, channels=sound.channels) if sound else None,
    )


def _name_container(path: Path, container: InputContainer) -> Literal["mp4", "mov", "webm", "mkv"]:
    if "matroska" in container.format.name:
        with path.open("rb") as file:
            return "webm" if b"webm" in file.read(64) else "mkv"
    return "mp4" if container.metadata.get("major_brand", "qt").strip() != "qt" else "mov"


def _exact_rate(stream: VideoStream, film: _Film) -> Fraction:
    # 24000/1001 rather than 23.98: everything that counts frames drifts otherwise.
    measured = Fraction(stream.average_rate or 0) or Fraction(film.frames) / (film.end - film.start or 1)
    nearest = min((*FILM_RATES, *NTSC_RATES), key=lambda rate: abs(rate - measured))
    return nearest if abs(nearest - measured) <= nearest * RATE_TOLERANCE else measured.limit_denominator(10_000)


def _join(stills: list[Image.Image]) -> Image.Image:
    width, height = stills[0].size
    size = (STRIP_WIDTH, min(max(1, round(STRIP_WIDTH * height / width)), 4 * STRIP_WIDTH))
    strip = Image.new("RGB", (STRIP_WIDTH * len(stills), size[1]))
    for number, still in enumerate(stills):
        strip.paste(still.resize(size, Image.Resampling.BILINEAR), (number * STRIP_WIDTH, 0))
    return strip


def encode_webp(picture: Image.Image) -> bytes:
    encoded = io.BytesIO()
    picture.save(encoded, "WEBP", quality=82)
    return encoded.getvalue()
