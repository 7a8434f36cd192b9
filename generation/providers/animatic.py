"""A scene's clip without any AI: its still, with the storyboard's camera move, as H.264 in MP4 with a silent track."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageOps

from generation.providers.base import ErrorKind, OnProgress, ProviderError, Request
from generation.providers.drawing import caption
from generation.providers.drawing.arrows import ACCENT
from generation.providers.drawing.camera import Camera
from generation.providers.drawing.moving import (
    RESOLUTION,
    MovingArtwork,
    MovingPhoto,
    MovingPicture,
    Planes,
    planes_from_rgb,
)
from generation.providers.drawing.panel import compose

SAMPLE_RATE = 48_000
_AUDIO_FRAME = 1024
_FIRST_BLOCK = 4096
_SECONDS_BETWEEN_REPORTS = 0.25
_BT709 = 1
_LIMITED_RANGE = 1
_UNREADABLE = "The start frame could not be read as an image. Upload it again as a JPEG, PNG or WebP file."

# The frames are small enough that splitting one costs more than it saves; the encoder uses the other core.
cv2.setNumThreads(1)


def render(request: Request, destination: Path, on_progress: OnProgress) -> None:
    """Write the clip to `destination`, which the caller removes if this raises."""
    on_progress(0.0)
    frame_count = max(1, round(request.duration * request.fps))
    seconds = frame_count / request.fps
    camera = Camera(request.shot.camera_move, seconds)
    strip = caption.strip_height(request.width, request.height)
    picture = _moving_picture(request, camera, strip)
    slate = _Slate(request, strip, seconds)
    due = time.monotonic() + _SECONDS_BETWEEN_REPORTS
    with _Film(request, destination) as film:
        planes = film.planes
        upper, lower = planes.rows(0, request.height - strip), planes.rows(request.height - strip, request.height)
        slate.begin(lower)
        for index in range(frame_count):
            if index == 0 or camera.moves:
                picture.photograph(index / max(frame_count - 1, 1), upper)
            slate.advance(index / request.fps, (index + 1) / frame_count, lower)
            film.expose(index)
            if time.monotonic() >= due:
                on_progress((index + 1) / (frame_count + 1))
                due = time.monotonic() + _SECONDS_BETWEEN_REPORTS
        film.finish(frame_count)
    on_progress(1.0)


def encoder_options(fps: int) -> dict[str, str]:
    return {"preset": "veryfast", "crf": "21", "g": str(fps * 2), "profile": "high", "threads": "2"}


class _Film:
    """The MP4 being written. One frame is exposed over and over: what is not drawn again stays as it was."""

    def __init__(self, request: Request, destination: Path) -> None:
        self._fps = request.fps
        # PyAV never closes a file that has no room for the header, so a full disk has to show before it opens one.
        destination.write_bytes(bytes(_FIRST_BLOCK))
        self._container = av.open(str(destination), "w", format="mp4", options={"movflags": "+faststart"})
        try:
            video: Any = self._container.add_stream("libx264", rate=request.fps, options=encoder_options(request.fps))
            video.width, video.height, video.pix_fmt = request.width, request.height, "yuv420p"
            video.time_base = video.codec_context.time_base = Fraction(1, request.fps)
            encoder = video.codec_context
            encoder.color_primaries = encoder.color_trc = encoder.colorspace = _BT709
            encoder.color_range = _LIMITED_RANGE
            audio: Any = self._container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
            audio.bit_rate = 64_000
            self._video, self._audio = video, audio
            self._frame = av.VideoFrame(request.width, request.height, "yuv420p")
            self._frame.time_base = Fraction(1, request.fps)
            self.planes = Planes(*(_pixels(plane) for plane in self._frame.planes))
            self._container.start_encoding()
        except BaseException:
            self._container.close()
            raise
        self._samples = 0

    def __enter__(self) -> _Film:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        # Closing writes the index; on a full disk that fails once more and must not hide the first failure.
        with suppress(OSError) if error else nullcontext():
            self._container.close()

    def expose(self, index: int) -> None:
        self._frame.pts = index
        self._container.mux(self._video.encode(self._frame))
        self._silence_until((index + 1) * SAMPLE_RATE // self._fps)

    def finish(self, frame_count: int) -> None:
        self._silence_until(round(Fraction(frame_count * SAMPLE_RATE, self._fps)), last=True)
        for stream in (self._video, self._audio):
            self._container.mux(stream.encode(None))

    def _silence_until(self, end: int, *, last: bool = False) -> None:
        while end - self._samples >= _AUDIO_FRAME or (last and end > self._samples):
            count = min(_AUDIO_FRAME, end - self._samples)
            silence = av.AudioFrame.from_ndarray(np.zeros((2, count), np.float32), format="fltp", layout="stereo")
            silence.sample_rate, silence.pts = SAMPLE_RATE, self._samples
            silence.time_base = Fraction(1, SAMPLE_RATE)
            self._container.mux(self._audio.encode(silence))
            self._samples += count


def _pixels(plane: Any) -> Any:
    return np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]


class _Slate:
    """The caption under the picture with a clock and a bar that grows."""

    def __init__(self, request: Request, height: int, seconds: float) -> None:
        self._size = request.width, height
        self._font = caption.slate_font(round(height * 0.24), bold=False)
        self._seconds = seconds
        clock = int(self._font.getlength(self._time(seconds))) + height // 3
        self._clock_left = (request.width - clock) // 2 * 2
        strip = caption.draw_caption(request.shot, request.width, height, reserved=clock)
        self._strip = planes_from_rgb(np.asarray(strip))
        bar = Image.new("RGB", (request.width, self._bar_height), ACCENT)
        self._bar = planes_from_rgb(np.asarray(bar))
        self._shown = ""
        self._grown = 0

    @property
    def _bar_height(self) -> int:
        return max(2, self._size[1] // 24 // 2 * 2)

    def begin(self, into: Planes) -> None:
        into.copy_from(self._strip)

    def advance(self, now: float, fraction: float, into: Planes) -> None:
        width, height = self._size
        told = self._time(now)
        if told != self._shown:
            self._shown = told
            tile = Image.new("RGB", (width - self._clock_left, height), caption.SLATE)
            ImageDraw.Draw(tile).text((0, height / 2), told, font=self._font, fill=(176, 176, 178), anchor="lm")
            into.columns(self._clock_left, width).copy_from(planes_from_rgb(np.asarray(tile)))
            self._grown = 0
        reach = round(width * fraction / 2) * 2
        into.rows(0, self._bar_height).columns(self._grown, reach).copy_from(self._bar.columns(self._grown, reach))
        self._grown = reach

    def _time(self, now: float) -> str:
        return f"{_clock(now)} / {_clock(self._seconds)}"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def _moving_picture(request: Request, camera: Camera, strip: int) -> MovingPicture:
    overscan = camera.move.overscan
    if request.start_frame is not None:
        size = request.width, request.height
        sheet = round(size[0] * overscan * RESOLUTION / 2) * 2, round(size[1] * overscan * RESOLUTION / 2) * 2
        return MovingPhoto(_start_frame(request.start_frame, sheet if camera.moves else size), size, camera)
    size = request.width, request.height - strip
    resolution = RESOLUTION if camera.moves else 1.0
    return MovingArtwork(compose(request.shot, *size, overscan=overscan, resolution=resolution), size, camera)


def _start_frame(path: Path, size: tuple[int, int]) -> Any:
    content = path.read_bytes()
    with _unreadable_is_invalid(), Image.open(io.BytesIO(content)) as image:
        image.draft("RGB", size)
        upright = ImageOps.exif_transpose(image)
        return np.asarray(ImageOps.fit(upright.convert("RGB"), size, Image.Resampling.LANCZOS))


@contextmanager
def _unreadable_is_invalid() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ProviderError(ErrorKind.INVALID, _UNREADABLE) from error
