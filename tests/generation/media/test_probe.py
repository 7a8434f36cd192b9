"""What is measured of a finished clip, whatever a provider sends."""

from __future__ import annotations

import io
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy
import pytest
from PIL import Image

from generation.media import decoding, probe
from generation.media.decoding import NotAClip
from generation.media.probe import inspect_clip
from generation.media.stills import FIRST, LAST, read_frame
from generation.media_info import MediaInfo, Order, Sound
from tests.clips import GOT, make_clip

NTSC = Fraction(24000, 1001)
BLUE, RED, BLACK = (0, 0, 255), (255, 0, 0), (0, 0, 0)


def probe_clip(folder: Path, name: str = "clip.mp4", **options: Any) -> MediaInfo:
    return inspect_clip(make_clip(folder / name, **options)).info


def test_a_clip_is_measured_once_and_completely(tmp_path: Path):
    info = probe_clip(tmp_path, rate=NTSC, frames=48, sound="aac")
    assert info == MediaInfo(
        container="mp4",
        codec="h264",
        profile="High",
        pixel_format="yuv420p",
        coded_width=320,
        coded_height=180,
        width=320,
        height=180,
        rotation=0,
        sample_aspect=Fraction(1),
        fps=NTSC,
        frames=48,
        seconds=Decimal("2.002"),
        sound=Sound(codec="aac", rate=48_000, channels=2),
    )
    assert MediaInfo.model_validate_json(info.model_dump_json()) == info


@pytest.mark.parametrize(
    ("name", "options", "measured"),
    [
        ("a.mp4", {}, ("mp4", "h264", "yuv420p", True)),
        ("a.webm", {"codec": "libvpx"}, ("webm", "vp8", "yuv420p", True)),
        ("a.webm", {"codec": "libvpx-vp9", "sound": "libopus"}, ("webm", "vp9", "yuv420p", True)),
        ("a.mp4", {"codec": "libx265"}, ("mp4", "hevc", "yuv420p", False)),
        ("a.mp4", {"pixels": "yuv420p10le"}, ("mp4", "h264", "yuv420p10le", False)),
        ("a.mp4", {"pixels": "yuv422p"}, ("mp4", "h264", "yuv422p", False)),
        ("a.mp4", {"pixels": "yuv444p"}, ("mp4", "h264", "yuv444p", False)),
        ("a.mp4", {"codec": "mpeg4"}, ("mp4", "mpeg4", "yuv420p", False)),
        ("a.mov", {"codec": "prores_ks", "pixels": "yuv422p10le"}, ("mov", "prores", "yuv422p10le", False)),
        ("a.mov", {}, ("mov", "h264", "yuv420p", False)),
        ("a.mkv", {}, ("mkv", "h264", "yuv420p", False)),
        ("a.mp4", {"turn": 90}, ("mp4", "h264", "yuv420p", False)),
        ("a.mp4", {"aspect": Fraction(4, 3)}, ("mp4", "h264", "yuv420p", False)),
        ("a.mp4", {"sound": "ac3"}, ("mp4", "h264", "yuv420p", False)),
    ],
)
def test_what_browsers_play_is_told_from_what_they_do_not(tmp_path: Path, name: str, options, measured):
    info = probe_clip(tmp_path, name, frames=3, **options)
    assert (info.container, info.codec, info.pixel_format, info.plays_in_browsers) == measured


def test_av1_plays_as_it_is():
    """Not encoded here, which takes seconds."""
    info = MediaInfo.model_validate(GOT | {"container": "webm", "codec": "av1", "sound": None})
    assert (info.plays_in_browsers, info.content_type) == (True, "video/webm")


@pytest.mark.parametrize(
    ("name", "options", "rate"),
    [
        ("a.mp4", {"rate": NTSC}, NTSC),
        ("a.webm", {"rate": NTSC, "codec": "libvpx"}, NTSC),
        ("a.mp4", {"rate": Fraction(30000, 1001)}, Fraction(30000, 1001)),
        ("a.mp4", {"rate": Fraction(24)}, Fraction(24)),
        ("a.mp4", {"rate": Fraction(16)}, Fraction(16)),
        ("a.mp4", {"rate": Fraction(25, 2)}, Fraction(25, 2)),
    ],
)
def test_frame_rates_are_exact(tmp_path: Path, name: str, options, rate: Fraction):
    assert probe_clip(tmp_path, name, frames=60, **options).fps == rate


@pytest.mark.parametrize(
    ("options", "size", "corners"),
    [
        ({}, (320, 180), (BLUE, RED)),
        # A turn to the left takes the blue left edge to the bottom, and the red top to the left.
        ({"turn": 90}, (180, 320), (RED, BLACK)),
        ({"turn": 180}, (320, 180), (BLACK, BLUE)),
        ({"turn": -90}, (180, 320), (BLUE, BLUE)),
        ({"aspect": Fraction(4, 3)}, (427, 180), (BLUE, RED)),
        ({"aspect": Fraction(4, 3), "turn": 90}, (180, 427), (RED, BLACK)),
    ],
)
def test_posters_strips_and_frames_are_upright_with_square_pixels(tmp_path: Path, options, size, corners):
    path = make_clip(tmp_path / "clip.mp4", **options)
    inspection = inspect_clip(path)
    assert (inspection.info.width, inspection.info.height) == size
    assert (inspection.info.coded_width, inspection.info.coded_height) == (320, 180)
    pictures = [inspection.poster, read_frame(str(path), FIRST), read_frame(str(path), LAST)]
    for data in pictures:
        with Image.open(io.BytesIO(data)) as picture:
            assert (picture.size, corner_colours(picture)) == (size, corners)
    with Image.open(io.BytesIO(inspection.filmstrip)) as strip:
        assert strip.size == (2400, round(240 * size[1] / size[0]))


def corner_colours(picture: Image.Image) -> tuple[Any, Any]:
    """At the top left and the top right: pure colours."""
    pixels = numpy.asarray(picture.convert("RGB"))
    left, right = (tuple(int(value > 127) * 255 for value in pixels[20, column]) for column in (20, -20))
    return left, right


def test_lengths_are_those_of_the_picture(tmp_path: Path):
    """Headers of fragmented files have none, and longer sound is not picture."""
    fragmented = {"movflags": "frag_keyframe+empty_moov"}
    infos = [
        probe_clip(tmp_path, options=fragmented),
        probe_clip(tmp_path, sound="aac", sound_seconds=3),
        probe_clip(tmp_path, frames=1),
    ]
    assert [(info.seconds, info.frames) for info in infos] == [
        (Decimal("1.000"), 24),
        (Decimal("1.000"), 24),
        (Decimal("0.042"), 1),
    ]


def test_a_cover_picture_is_not_the_film(tmp_path: Path):
    path = tmp_path / "clip.mp4"
    cover = io.BytesIO()
    Image.new("RGB", (600, 600), "white").save(cover, "PNG")
    with av.open(make_clip(tmp_path / "plain.mp4")) as plain, av.open(path, "w") as container:
        picture: Any = container.add_stream("png", rate=1)
        picture.width, picture.height, picture.pix_fmt = 600, 600, "rgb24"
        picture.disposition = av.stream.Disposition.attached_pic
        film = container.add_stream_from_template(plain.streams.video[0])
        still: Any = av.Packet(cover.getvalue())
        still.stream, still.pts, still.dts, still.is_keyframe = picture, 0, 0, True
        container.mux(still)
        for packet in plain.demux(plain.streams.video[0]):
            if packet.dts is not None:
                packet.stream = film
                container.mux(packet)
    info = inspect_clip(path).info
    assert (info.codec, info.width, info.frames) == ("h264", 320, 24)


@pytest.mark.parametrize(
    "content",
    [
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/secret.ts\n",
        b"RIFF....AVI LIST",
        b"\x1a\x45\xdf\xa3" + bytes(100),
        b"",
    ],
)
def test_only_the_containers_of_clips_are_opened(tmp_path: Path, content: bytes):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(NotAClip):
        inspect_clip(path)


def test_work_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = make_clip(tmp_path / "clip.mp4")
    monkeypatch.setattr(probe, "MAX_FRAMES", 23)
    with pytest.raises(NotAClip, match="it has 24 frames; the limit is 23"):
        inspect_clip(path)
    monkeypatch.setattr(decoding, "MAX_PIXELS", 320 * 180 - 1)
    with pytest.raises(NotAClip, match="its picture of 320x180 is too large"):
        inspect_clip(path)


# -- The order ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("got", "sentences"),
    [
        ({}, []),
        ({"seconds": "4.008"}, []),
        ({"width": 640, "height": 360}, ["Asked for 1280x720, got 640x360."]),
        ({"width": 720, "height": 1280}, ["Asked for landscape 1280x720, got portrait 720x1280."]),
        ({"seconds": "3.5"}, ["Asked for 4 s, got 3.5 s."]),
        ({"fps": "24000/1001"}, ["Asked for 24 fps, got 23.976 fps."]),
        ({"sound": None}, ["Asked for sound, got none."]),
        (
            {"width": 1280, "height": 1280, "seconds": "0.042", "sound": None},
            [
                "Asked for landscape 1280x720, got square 1280x1280.",
                "Asked for 4 s, got 0.042 s.",
                "Asked for sound, got none.",
            ],
        ),
    ],
)
def test_differences_from_the_order_are_sentences(got: dict[str, Any], sentences: list[str]):
    order = Order(1280, 720, Decimal(4), Fraction(24), has_sound=True)
    assert order.differences(MediaInfo.model_validate(GOT | got)) == sentences


def test_what_was_not_ordered_makes_no_difference():
    info = MediaInfo.model_validate(GOT | {"fps": "30"})
    assert Order(1280, 720, Decimal(4)).differences(info) == []
    assert Order(1280, 720, Decimal(4), has_sound=False).differences(info) == ["Asked for no sound, got sound."]
