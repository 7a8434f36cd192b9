"""The clip: its container to the frame, its motion to a fraction of a pixel, and every way it can stop."""

from __future__ import annotations

import errno
import os
import resource
import signal
import struct
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from generation.providers import animatic
from generation.providers.base import ErrorKind, ProviderError, Request
from generation.providers.photo_moves import MOVES, Camera, sheet_from_picture
from previz.shot import Shot

WIDTH, HEIGHT = 320, 180
FEATURES = np.random.default_rng(3).integers(0, 255, (24, 40), dtype=np.uint8)


def request(
    move: str = "static",
    *,
    seconds: str = "1",
    start_frame: Path | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Request:
    shot = Shot(subject="A bus", location="street", shot_type="wide", camera_move=move)
    return Request("", shot, *size, duration=Decimal(seconds), start_frame=start_frame)


def ignore(fraction: float) -> None:
    pass


def lumas(clip: Path) -> list[NDArray[np.float32]]:
    with av.open(str(clip)) as container:
        return [frame.to_ndarray(format="gray").astype(np.float32) for frame in container.decode(video=0)]


def shift(before: NDArray[np.float32], after: NDArray[np.float32]) -> tuple[float, float]:
    """How far the content went to the right and down."""
    window = cv2.createHanningWindow((before.shape[1], before.shape[0]), cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(before, after, window)
    return x, y


@pytest.fixture
def still(tmp_path: Path) -> Path:
    """Soft blotches all over, which phase correlation can follow."""
    path = tmp_path / "still.png"
    Image.fromarray(FEATURES).resize((WIDTH * 2, HEIGHT * 2), Image.Resampling.BICUBIC).save(path)
    return path


@pytest.fixture
def rendered(tmp_path: Path) -> Callable[[Request], Path]:
    def render(wanted: Request) -> Path:
        clip = tmp_path / "clip.mp4"
        animatic.render(wanted, clip, ignore)
        return clip

    return render


@pytest.mark.parametrize("seconds", ["1", "1.5", "2.04"])
def test_the_container(rendered: Callable[[Request], Path], seconds: str) -> None:
    clip = rendered(request("pan-left", seconds=seconds))
    frames = round(Decimal(seconds) * 24)
    with av.open(str(clip)) as container:
        video: Any = container.streams.video[0]
        audio: Any = container.streams.audio[0]
        context = video.codec_context
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (context.width, context.height, video.average_rate) == (WIDTH, HEIGHT, 24)
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 1, 1, 1)
        assert (audio.codec_context.name, audio.sample_rate, audio.layout.name) == ("aac", 48_000, "stereo")
        assert float(audio.duration * audio.time_base) == pytest.approx(frames / 24, abs=0.001)
        assert float(video.duration * video.time_base) == pytest.approx(frames / 24, abs=0.001)
    with av.open(str(clip)) as container:
        decoded: list[Any] = list(container.decode(video=0))
        assert [round(float(frame.time * 24)) for frame in decoded] == list(range(frames))
    with av.open(str(clip)) as container:
        assert max(float(np.abs(frame.to_ndarray()).max()) for frame in container.decode(audio=0)) == 0.0


def test_it_plays_before_it_is_whole(rendered: Callable[[Request], Path]) -> None:
    content = rendered(request()).read_bytes()
    boxes, at = [], 0
    while at < len(content):
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        boxes.append(kind.decode())
        at += size
    assert [box for box in boxes if box in ("moov", "mdat")] == ["moov", "mdat"]


def test_it_can_be_sought(rendered: Callable[[Request], Path]) -> None:
    with av.open(str(rendered(request("zoom-in", seconds="5")))) as container:
        keyframes = [frame.time for frame in container.decode(video=0) if frame.key_frame]
    assert max(np.diff([*keyframes, 5.0])) <= 2.0


@pytest.mark.parametrize("move", [*MOVES, "no-such-move", ""])
def test_what_moves_and_what_does_not(rendered: Callable[[Request], Path], move: str) -> None:
    frames = lumas(rendered(request(move)))
    changed = float(np.abs(frames[-1] - frames[0]).mean())
    assert (changed > 1) == (move not in ("static", "no-such-move", ""))


@pytest.mark.parametrize(
    ("move", "direction"),
    [
        ("pan-left", (1, 0)),
        ("pan-right", (-1, 0)),
        ("truck-left", (1, 0)),
        ("truck-right", (-1, 0)),
        ("tilt-up", (0, 1)),
        ("tilt-down", (0, -1)),
        ("crane-up", (0, 1)),
        ("crane-down", (0, -1)),
    ],
)
def test_direction(rendered: Callable[[Request], Path], still: Path, move: str, direction: tuple[int, int]) -> None:
    """The scene goes the other way than the camera."""
    frames = lumas(rendered(request(move, start_frame=still)))
    x, y = shift(frames[10], frames[14])
    assert (round(np.sign(x)) * (abs(x) > 0.5), round(np.sign(y)) * (abs(y) > 0.5)) == direction


@pytest.mark.parametrize(
    ("move", "grows"), [("zoom-in", True), ("zoom-out", False), ("dolly-in", True), ("dolly-out", False)]
)
def test_approach(rendered: Callable[[Request], Path], still: Path, move: str, grows: bool) -> None:
    frames = lumas(rendered(request(move, start_frame=still)))
    left = shift(frames[10][:, : WIDTH // 2], frames[14][:, : WIDTH // 2])[0]
    right = shift(frames[10][:, WIDTH // 2 :], frames[14][:, WIDTH // 2 :])[0]
    assert (right > left) == grows


def test_a_pan_is_smooth(rendered: Callable[[Request], Path], tmp_path: Path) -> None:
    """Every frame is where the eased camera puts it, to a fraction of a pixel: a disc is followed by its centre."""
    wide, high = 640, 360
    disc = Image.new("L", (wide * 4, high * 4), 200)
    ImageDraw.Draw(disc).ellipse((wide * 2 - 120, high * 2 - 240, wide * 2 + 120, high * 2), fill=40)
    path = tmp_path / "disc.png"
    disc.filter(ImageFilter.GaussianBlur(12)).resize((wide, high), Image.Resampling.BOX).save(path)
    frames = lumas(rendered(request("pan-right", seconds="2", start_frame=path, size=(wide, high))))
    camera = Camera("pan-right", 2)
    columns = np.arange(wide)
    dark = [np.clip(170 - frame[:300], 0, None).sum(axis=0) for frame in frames]
    centres = np.array([float((column * columns).sum() / column.sum()) for column in dark])
    ideal = np.array([-wide * camera.at(index / (len(frames) - 1)).x for index in range(len(frames))])
    errors = np.diff(centres) - np.diff(ideal)
    assert float(np.sqrt((errors**2).mean())) < 0.1
    assert float(np.abs(errors).max()) < 0.3


@pytest.mark.parametrize("move", MOVES)
def test_moves_scale_with_length(move: str) -> None:
    """No clip of any length jerks: the picture never goes faster than a third of itself in a second."""
    for seconds in (1, 4, 30):
        camera = Camera(move, seconds)
        steps = [camera.at(index / (seconds * 24)) for index in range(seconds * 24 + 1)]
        fastest = max(max(abs(b.x - a.x), abs(b.y - a.y), abs(b.zoom - a.zoom)) for a, b in pairwise(steps))
        assert fastest * 24 < 0.34


@pytest.mark.parametrize("move", MOVES)
def test_the_camera_never_leaves_the_picture(move: str) -> None:
    camera = Camera(move, 60)
    overscan = camera.move.overscan
    sheet = round(1280 * overscan), round(720 * overscan)
    corners = np.array([(0, 0, 1), (1279, 0, 1), (1279, 719, 1), (0, 719, 1)], dtype=float)
    for index in range(61):
        seen = corners @ sheet_from_picture(camera.at(index / 60), (1280, 720), sheet, overscan).T
        points = seen[:, :2] / seen[:, 2:]
        assert points.min() > -2
        assert (points < np.array(sheet) + 1).all()


def test_nothing_is_written_over_a_start_frame(rendered: Callable[[Request], Path], tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    Image.new("RGB", (WIDTH, HEIGHT), (120, 120, 120)).save(path)
    for frame in lumas(rendered(request("pan-left", start_frame=path))):
        assert float(frame.max() - frame.min()) <= 2


def test_a_portrait_photo_lying_on_its_side(rendered: Callable[[Request], Path], tmp_path: Path) -> None:
    """EXIF says to turn it: what is stored on the left ends up on top."""
    photo = Image.new("RGB", (HEIGHT, WIDTH), "white")
    photo.paste("black", (0, 0, HEIGHT // 2, WIDTH))
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "photo.jpg"
    photo.save(path, exif=exif)
    first = lumas(rendered(request(start_frame=path)))[0]
    assert (first[: HEIGHT // 2 - 6].max() < 40, first[HEIGHT // 2 + 6 :].min() > 200) == (True, True)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1", "I;16"])
def test_any_kind_of_start_frame(rendered: Callable[[Request], Path], tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("frame.tif" if mode == "CMYK" else "frame.png")
    Image.new(mode, (50, 400)).save(path)
    assert len(lumas(rendered(request(seconds="0.5", start_frame=path)))) == 12


@pytest.mark.parametrize("size", [(180, 320), (240, 240), (322, 182)])
def test_other_aspects(rendered: Callable[[Request], Path], size: tuple[int, int]) -> None:
    for move in ("orbit-left", "truck-right"):
        with av.open(str(rendered(request(move, seconds="0.5", size=size)))) as container:
            assert {(frame.width, frame.height) for frame in container.decode(video=0)} == {size}


def test_progress_rises_to_one(tmp_path: Path) -> None:
    told: list[float] = []
    animatic.render(request("dolly-in", seconds="4", size=(1280, 720)), tmp_path / "clip.mp4", told.append)
    assert told == sorted(told)
    assert (told[0], told[-1], len(told) > 2) == (0.0, 1.0, True)


class Stop(Exception):
    pass


def test_what_progress_raises_stops_the_work(tmp_path: Path) -> None:
    told: list[float] = []

    def stop(fraction: float) -> None:
        told.append(fraction)
        if fraction > 0:
            raise Stop

    before = os.listdir("/proc/self/fd")
    with pytest.raises(Stop):
        animatic.render(request("zoom-in", seconds="20", size=(1280, 720)), tmp_path / "clip.mp4", stop)
    assert len(told) == 2
    assert told[1] < 0.5
    assert os.listdir("/proc/self/fd") == before


def test_a_full_disk() -> None:
    before = os.listdir("/proc/self/fd")
    with pytest.raises(OSError, match="No space left") as caught:
        animatic.render(request("zoom-in"), Path("/dev/full"), ignore)
    assert caught.value.errno == errno.ENOSPC
    assert os.listdir("/proc/self/fd") == before


def test_a_disk_that_fills_on_the_way(tmp_path: Path) -> None:
    """A file size limit fails a write in the middle as a full disk does."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = os.listdir("/proc/self/fd")
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            animatic.render(request("zoom-in"), tmp_path / "clip.mp4", ignore)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.errno == errno.EFBIG
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, None])
def test_a_broken_start_frame(tmp_path: Path, still: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(still.read_bytes()[:3000] if content is None else content)
    with pytest.raises(ProviderError) as caught:
        animatic.render(request(start_frame=path), tmp_path / "clip.mp4", ignore)
    assert caught.value.kind == ErrorKind.INVALID
    assert caught.value.message.startswith("The start frame could not be read")


def test_the_same_request_gives_the_same_pictures(tmp_path: Path) -> None:
    """Up to a few pixels that x264 with two threads encodes differently from time to time."""
    first, second = tmp_path / "first.mp4", tmp_path / "second.mp4"
    for clip in (first, second):
        animatic.render(request("handheld"), clip, ignore)
    assert float(np.abs(np.subtract(lumas(first), lumas(second))).mean()) < 0.5
