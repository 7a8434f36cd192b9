"""Opens clips from outside and turns their frames into pictures. Without Django; PyAV is imported by the first call.

FFmpeg recognises playlists and other formats that open further files, so only the containers of clips are tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

#: What files begin with: the boxes of MP4 and QuickTime from the fifth byte on, Matroska and WebM from the first.
BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}
EBML = b"\x1a\x45\xdf\xa3"
UNSPECIFIED, HD_LINES = 2, 720
#: Of one frame: somewhat more than 8K.
MAX_PIXELS = 40_000_000


class NotAClip(Exception):
    """The file has no picture that can be decoded. The message completes "the file is no clip: "."""


@contextmanager
def open_clip(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The container and its film, which is not a cover picture. Raises NotAClip, also for what the block's decoder raises."""
    import av

    try:
        with av.open(path, format=_find_demuxer(path)) as container:
            stream: Any = container.streams.best("video")
            if stream is None:
                raise NotAClip("it has no video")
            if stream.width * stream.height > MAX_PIXELS:
                raise NotAClip(f"its picture of {stream.width}x{stream.height} is too large")
            stream.thread_type = "AUTO"
            yield container, stream
    except av.error.FFmpegError as error:
        raise NotAClip("it cannot be decoded") from error


def _find_demuxer(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(8)
    if head[4:8] in BOXES:
        return "mp4"
    if head.startswith(EBML):
        return "matroska"
    raise NotAClip("it is no MP4, QuickTime, WebM or Matroska file")


def display_size(stream: VideoStream, rotation: int) -> tuple[int, int]:
    """Width and height of the picture that people see."""
    size = max(1, round(stream.width * sample_aspect(stream))), stream.height
    return size[::-1] if rotation % 180 else size


def sample_aspect(stream: VideoStream) -> Fraction:
    return Fraction(stream.sample_aspect_ratio or 1)


def rotation_of(frame: VideoFrame) -> int:
    """Degrees counterclockwise that turn the frame upright: 0, 90, 180 or 270."""
    return round(frame.rotation / 90) * 90 % 360


def to_picture(frame: VideoFrame, stream: VideoStream, limit: int | None = None) -> Image.Image:
    """The frame as people see it: upright, with square pixels, in a browser's colours; no side longer than `limit`."""
    if frame.width * frame.height > MAX_PIXELS:
        raise NotAClip(f"its picture of {frame.width}x{frame.height} is too large")
    # Clips without a named colour space: browsers assume HDTV for large ones, FFmpeg never does.
    options = {"src_colorspace": "ITU709"} if frame.colorspace == UNSPECIFIED and frame.height >= HD_LINES else {}
    picture: Image.Image = frame.to_image(**options)
    rotation = rotation_of(frame)
    size = max(1, round(frame.width * sample_aspect(stream))), frame.height
    scale = min(1.0, limit / max(size)) if limit else 1.0
    size = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    return picture.rotate(rotation, expand=True) if rotation else picture
