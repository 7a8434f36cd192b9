"""Pictures and clips that cost far more to decode than to send, and others that no decoder expects."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, pixels: bytes, *more: bytes, color: int = 2) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def halve(content: bytes) -> bytes:
    return content[: len(content) // 2]


def many_scans(scans: int, side: int = 2000) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    image = Image.new("RGB", (side, side), "teal")
    ImageDraw.Draw(image).ellipse((100, 100, side - 100, side - 100), "orange")
    data = encode(image, "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * scans + data[-2:]


def animation(kind: str, frames: int) -> bytes:
    pictures = [Image.new("RGB", (64, 64), (number * 3 % 256, number % 256, 0)) for number in range(frames)]
    return encode(pictures[0], kind, save_all=True, append_images=pictures[1:])


def grid() -> Image.Image:
    return Image.fromarray(np.arange(300 * 400 * 3, dtype=np.uint8).reshape(300, 400, 3))


def motion(kind: str) -> bytes:
    return encode(grid(), kind, save_all=True, append_images=[grid().resize((200, 150))])


def blank(width: int, height: int, channels: int) -> bytes:
    rows = zlib.compressobj(1)
    row = bytes(1 + width * channels)
    return b"".join([*(rows.compress(row) for _ in range(height)), rows.flush()])


#: The suffix that each is stored with, or words of the sentence that refuses it.
PICTURES: dict[str, tuple[Callable[[], bytes], str]] = {
    "50 megapixels of a camera": (lambda: png(8192, 6144, blank(8192, 6144, 3)), ".png"),
    "100,000 pixels square": (lambda: png(100_000, 100_000, zlib.compress(b"\0" * 1000)), "far too many pixels"),
    "54 million pixels": (lambda: png(9000, 6000, zlib.compress(b"\0" * 1000)), "9000 x 6000 pixels; the limit is 52"),
    "pixels that unpack to a gigabyte": (lambda: png(400, 300, zlib.compress(bytes(1 << 26)) * 16), ".png"),
    "a colour profile of 256 MB": (
        lambda: png(400, 300, blank(400, 300, 3), chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1 << 28), 1))),
        "not a readable image",
    ),
    "600 scans": (lambda: many_scans(600), "scans; the limit is 100"),
    "cut short": (lambda: halve(encode(grid())), "not a readable image"),
    "GIF of 500 frames": (lambda: animation("GIF", 500), "GIF is not supported"),
    "WebP of many frames": (lambda: animation("WEBP", 60), "an animation of"),
    "AVIF of many frames": (lambda: animation("AVIF", 10), "an animation of"),
    "PNG of many frames": (lambda: animation("PNG", 60), "an animation of"),
    "CMYK": (lambda: encode(Image.new("CMYK", (400, 300)), "JPEG"), ".jpg"),
    "two pictures in a JPEG": (lambda: motion("MPO"), ".jpg"),
    "16-bit grey": (lambda: encode(Image.new("I;16", (400, 300), 600)), ".png"),
    "BMP": (lambda: encode(grid(), "BMP"), "not a readable image"),
    "TIFF of 500 pages": (lambda: animation("TIFF", 500), ".png"),
    "TIFF cut short": (lambda: halve(encode(grid(), "TIFF", compression="tiff_lzw")), "not a readable image"),
    "HEIC without a picture": (lambda: b"\0\0\0\x18ftypheic" + bytes(400), "This HEIC image can't be read"),
    "text": (lambda: b"GET / HTTP/1.1\r\n" * 1000, "not a readable image"),
    "nothing": (bytes, "not a readable image"),
}
#: The same, and slow to make or to decode.
LARGE_PICTURES: dict[str, tuple[Callable[[], bytes], str]] = {
    "49 million transparent pixels": (lambda: png(7000, 7000, blank(7000, 7000, 4), color=6), ".png"),
    "49 million 16-bit greys": (lambda: encode(Image.new("I;16", (7000, 7000), 600)), ".png"),
    "49 million pixels of WebP": (lambda: encode(Image.new("RGB", (7000, 7000)), "WEBP"), "MB of memory"),
    "600 scans of 49 million pixels": (lambda: many_scans(600, 7000), "scans; the limit is 100"),
    "80 scans of 49 million pixels": (lambda: many_scans(80, 7000), ".jpg"),
}


def clip(
    path: Path, size: tuple[int, int] = (320, 180), *, frames: int = 10, rate: int = 24, codec: str = "libx264"
) -> Path:
    with av.open(path, "w") as container:
        stream: Any = container.add_stream(codec, rate=Fraction(rate))
        stream.width, stream.height = size
        stream.pix_fmt = "rgb24" if codec == "png" else "yuv420p"
        for number in range(frames):
            picture = Image.new("RGB", size, (number * 7 % 256, 90, 0))
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return path


def sound(path: Path) -> Path:
    with av.open(path, "w") as container:
        stream: Any = container.add_stream("aac", rate=44100)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        silence.sample_rate = 44100
        container.mux(stream.encode(silence))
        container.mux(stream.encode())
    return path


def cut_short(path: Path) -> Path:
    return written(path, halve(clip(path, frames=200).read_bytes()))


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


#: Each with words of the reason why it is no clip; empty for one that is decoded.
CLIPS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "48 million pixels a frame": (
        lambda path: clip(path, (8000, 6000), frames=1, codec="png"),
        "8000x6000 is too large",
    ),
    "2,000 frames per second": (lambda path: clip(path, rate=2000), "2,000 frames per second"),
    "cut short": (cut_short, "cannot be decoded"),
    "sound alone": (sound, "no video"),
    "text": (lambda path: written(path, b"<html>" * 1000), "is no MP4"),
    "nothing": (lambda path: written(path, b""), "is no MP4"),
    "4K": (lambda path: clip(path, (3840, 2160), frames=4), ""),
}
