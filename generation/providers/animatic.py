"""A scene's clip without any AI, as H.264 in MP4 with a silent track.

With a start frame the scene's camera move goes over that picture. Without one it is Previz: the described camera in a neutral
set. Nothing is written over the picture, so that frames of the clip can start other clips.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image, ImageOps

from generation.providers.base import ErrorKind, OnProgress, ProviderError, Request
from generation.providers.photo_moves import RESOLUTION, Camera, MovingPhoto, Planes, planes_from_rgb
from previz.picture import frames

SAMPLE_RATE = 48_000
_AUDIO_FRAME = 1024
_FIRST_BLOCK = 4096
_SECONDS_BETWEEN_REPORTS = 0.25
_BT709 = 1
_LIMITED_RANGE = 1
_UNREADABLE = "The start frame could not be read as an image. Upload it again as a JPEG, PNG or WebP file."

# The frames are small enough that splitting one costs more than it saves; the encoder uses the other core.
cv2.setNumThreads(1)

#: Writes the frame of that number, if it differs from the one before it.
WriteFrame = Callable[[int], None]


def render(request: Request, destination: Path, on_progress: OnProgress) -> None:
    """Write the clip to `destination`, which the caller removes if this raises."""
    if request.start_frame is not None:
        prepare = partial(_move_over_photo, request, request.start_frame)
    else:
        seconds = _count_frames(request) / request.fps
        prepare = partial(write_pictures, frames(request.shot, (request.width, request.height), seconds, request.fps))
    write_clip(request, prepare, destination, on_progress)


def write_clip(
    request: Request, prepare: Callable[[Planes], WriteFrame], destination: Path, on_progress: OnProgress
) -> None:
    on_progress(0.0)
    frame_count = _count_frames(request)
    due = time.monotonic() + _SECONDS_BETWEEN_REPORTS
    with _Film(request, destination) as film:
        write_frame = prepare(film.planes)
        for index in range(frame_count):
            write_frame(index)
            film.expose(index)
            if time.monotonic() >= due:
                on_progress((index + 1) / (frame_count + 1))
                due = time.monotonic() + _SECONDS_BETWEEN_REPORTS
        film.finish(frame_count)
    on_progress(1.0)


def write_pictures(pictures: Iterator[Any], planes: Planes) -> WriteFrame:
    """From (h, w, 3) uint8 RGB arrays. One that comes again as the same object is not converted again."""
    shown: Any = None

    def write_frame(index: int) -> None:
        nonlocal shown
        picture = next(pictures)
        if picture is not shown:
            shown = picture
            planes.copy_from(planes_from_rgb(picture))

    return write_frame


def _move_over_photo(request: Request, start_frame: Path, planes: Planes) -> WriteFrame:
    frame_count = _count_frames(request)
    camera = Camera(request.shot.camera_move, frame_count / request.fps)
    size = request.width, request.height
    scale = camera.move.overscan * RESOLUTION
    sheet = (round(size[0] * scale / 2) * 2, round(size[1] * scale / 2) * 2) if camera.moves else size
    photo = MovingPhoto(_start_frame(start_frame, sheet), size, camera)

    def write_frame(index: int) -> None:
        if index == 0 or camera.moves:
            photo.write_frame(index / max(frame_count - 1, 1), planes)

    return write_frame


def _count_frames(request: Request) -> int:
    return max(1, round(request.duration * request.fps))


def encoder_options(fps: int) -> dict[str, str]:
    return {"preset": "veryfast", "crf": "21", "g": str(fps * 2), "profile": "high", "threads": "2"}


class _Film:
    """The MP4 being written. One frame is exposed over and over: what is not drawn again stays as it was."""

    def __init__(self, request: Request, destination: Path) -> None:
        self._fps = request.fps
        # PyAV never closes a file that has no room for the header, so a full disk has to show before it opens one.
        destination.write_bytes(bytes(_FIRST_BLOCK))
        options = {"movflags": "+faststart"}
        self._container = av.open(str(destination), "w", format="mp4", options=options)  # noqa: TID251  # writes
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


def _start_frame(path: Path, size: tuple[int, int]) -> Any:
    content = path.read_bytes()
    # The pipeline has cut the frame to this size in a child.
    with _unreadable_is_invalid(), Image.open(io.BytesIO(content)) as image:  # noqa: TID251
        image.draft("RGB", size)
        upright = ImageOps.exif_transpose(image)
        return np.asarray(ImageOps.fit(upright.convert("RGB"), size, Image.Resampling.LANCZOS))


@contextmanager
def _unreadable_is_invalid() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ProviderError(ErrorKind.INVALID, _UNREADABLE) from error
