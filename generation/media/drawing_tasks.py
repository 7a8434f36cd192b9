"""What draws in a child: panels and slates. Without Django, which it never sets up; a web process imports the names alone.

The imports within functions keep OpenCV and PyAV, some 90 MB, out of web processes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from generation.media.decoding import NotAClip, open_clip
from previz.shot import Shot


@dataclass(frozen=True)
class Slate:
    """What the strip under a clip says, beside the time."""

    title: str
    camera: str


class UnreadableClip(Exception):
    """The message is the decoder's."""


def draw_panel(shot: Shot, size: tuple[int, int], overlay: bool, at: float) -> bytes:
    """WebP of the camera's view, `at` 0 (first frame) to 1 (last)."""
    from PIL import Image

    from previz.picture import panel

    encoded = io.BytesIO()
    Image.fromarray(panel(shot, size, overlay=overlay, at=at)).save(encoded, "WEBP", quality=84, method=2)
    return encoded.getvalue()


def burn_slate(source: Path, destination: Path, slate: Slate) -> None:
    """Copy the clip with its title, camera and running time over the lowest part of each frame; sound as it is.

    Raises UnreadableClip and OSError; `destination` may then be incomplete.
    """
    try:
        _copy_with_strip(source, destination, slate)
    except NotAClip as error:
        raise UnreadableClip(str(error)) from None


def _copy_with_strip(source: Path, destination: Path, slate: Slate) -> None:
    import av

    options = {"movflags": "+faststart"}
    with open_clip(source) as (clip, video), av.open(str(destination), "w", options=options) as copy:
        encoded: Any = copy.add_stream("libx264", rate=video.average_rate, options={"preset": "veryfast", "crf": "18"})
        encoded.width, encoded.height, encoded.pix_fmt = video.width, video.height, "yuv420p"
        encoded.time_base = video.time_base
        sound = clip.streams.audio[0] if clip.streams.audio else None
        copied = copy.add_stream_from_template(sound) if sound else None
        strip = _Strip(slate, (video.width, video.height), Fraction(clip.duration or 0, av.time_base))
        for packet in clip.demux():
            if packet.stream.index == video.index:
                for frame in packet.decode():
                    copy.mux(encoded.encode(strip.over(frame)))
            elif sound and copied and packet.stream.index == sound.index and packet.dts is not None:
                packet.stream = copied
                copy.mux(packet)
        copy.mux(encoded.encode(None))


class _Strip:
    def __init__(self, slate: Slate, size: tuple[int, int], seconds: Fraction) -> None:
        self.slate, self.size, self.seconds = slate, size, seconds
        self.height = max(32, round(min(size) * 0.085)) // 2 * 2
        self.drawn: tuple[str, Any] = ("", None)

    def over(self, frame: Any) -> Any:
        import av
        import numpy as np

        clock = f"{_clock(int(frame.time or 0))} / {_clock(round(self.seconds))}"
        if clock != self.drawn[0]:
            self.drawn = clock, np.asarray(self._draw(clock), np.float32)
        pixels = frame.to_ndarray(format="rgb24")
        lower = pixels[-self.height :]
        # A dark veil with the text in white: the picture stays visible below it.
        lower[:] = np.clip(lower * 0.3 * (1 - self.drawn[1] / 255) + self.drawn[1], 0, 255).astype(np.uint8)
        slated = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        slated.pts, slated.time_base = frame.pts, frame.time_base
        return slated

    def _draw(self, clock: str) -> Any:
        from PIL import Image

        from previz.labels import draw_line, fitted, line_width

        width, points = self.size[0], round(self.height * 0.42)
        image = Image.new("RGB", (width, self.height))
        right = width - points - line_width(clock, points)
        draw_line(image, (right, self.height / 2), clock, points)
        text = self.slate.title + (f"   {self.slate.camera}" if self.slate.camera else "")
        draw_line(image, (points, self.height / 2), fitted(text, points, right - 2 * points), points)
        return image


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"
