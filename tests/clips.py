"""Clips of every kind that providers send. Their upper half is red, their left quarter blue, the rest black."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy

#: A clip as measured, in JSON.
GOT: dict[str, Any] = {
    "container": "mp4",
    "codec": "h264",
    "profile": "High",
    "pixel_format": "yuv420p",
    "coded_width": 1280,
    "coded_height": 720,
    "width": 1280,
    "height": 720,
    "rotation": 0,
    "sample_aspect": "1",
    "fps": "24",
    "frames": 96,
    "seconds": "4",
    "sound": {"codec": "aac", "rate": 48000, "channels": 2},
}
QUIET = {"libx265": {"x265-params": "log-level=none"}}


def make_clip(
    path: Path,
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    size: tuple[int, int] = (320, 180),
    rate: Fraction = Fraction(24),
    frames: int = 24,
    turn: int = 0,
    aspect: Fraction | None = None,
    sound: str = "",
    sound_seconds: float = 0,
    options: dict[str, str] | None = None,
) -> Path:
    """`turn` is a rotation flag in degrees counterclockwise; `aspect` that of a pixel; `sound` a codec."""
    width, height = size
    with av.open(str(path), "w", options=options or {}) as container:
        film: Any = container.add_stream(codec, rate=rate, options=QUIET.get(codec, {}))
        film.width, film.height, film.pix_fmt = width, height, pixels
        if aspect:
            film.codec_context.sample_aspect_ratio = aspect
        if turn:
            film.set_display_rotation(turn)
        track: Any = container.add_stream(sound, rate=48_000, layout="stereo") if sound else None
        if track:
            samples = round((sound_seconds or float(frames / rate)) * 48_000)
            silence = av.AudioFrame.from_ndarray(numpy.zeros((2, samples), numpy.float32), "fltp", "stereo")
            silence.sample_rate = 48_000
            container.mux([*track.encode(silence), *track.encode(None)])
        picture = numpy.zeros((height, width, 3), numpy.uint8)
        picture[: height // 2] = (255, 0, 0)
        picture[:, : width // 4] = (0, 0, 255)
        for _ in range(frames):
            container.mux(film.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(film.encode(None))
    return path


def make_long_clip() -> bytes:
    """A playable MP4 of 20 s with sound, no shorter than what tests order at providers."""
    with tempfile.TemporaryDirectory() as folder:
        return make_clip(Path(folder) / "clip.mp4", rate=Fraction(5), frames=100, sound="aac").read_bytes()
