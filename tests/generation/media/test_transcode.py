"""The copy of a clip that browsers play."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from generation.media import transcode
from generation.media.decoding import NotAClip
from generation.media.probe import inspect_clip
from generation.media.stills import FIRST, read_frame
from generation.media.transcode import make_browser_copy
from tests.clips import make_clip

NTSC = Fraction(24000, 1001)


@pytest.mark.parametrize(
    ("name", "options", "size"),
    [
        ("a.mp4", {"codec": "libx265", "rate": NTSC, "sound": "ac3"}, (320, 180)),
        ("a.mp4", {"pixels": "yuv444p"}, (320, 180)),
        ("a.mov", {"codec": "prores_ks", "pixels": "yuv422p10le", "sound": "pcm_s16le"}, (320, 180)),
        ("a.mp4", {"codec": "mpeg4"}, (320, 180)),
        ("a.mp4", {"turn": 90}, (180, 320)),
        ("a.mp4", {"turn": 180}, (320, 180)),
        ("a.mp4", {"turn": -90, "aspect": Fraction(4, 3)}, (180, 426)),
    ],
)
def test_the_copy_is_what_every_browser_plays(tmp_path: Path, name: str, options: dict[str, Any], size):
    source, copy = make_clip(tmp_path / name, **options), tmp_path / "copy.mp4"
    before = inspect_clip(source).info
    make_browser_copy(source, copy, before)
    after = inspect_clip(copy).info
    assert (after.plays_in_browsers, after.codec, after.profile, after.pixel_format) == (
        True,
        "h264",
        "High",
        "yuv420p",
    )
    assert ((after.width, after.height), after.sample_aspect, after.rotation) == (size, 1, 0)
    assert (after.fps, after.frames, after.seconds) == (before.fps, before.frames, before.seconds)
    assert (after.sound and after.sound.codec) == ("aac" if before.sound else None)
    assert colours(read_frame(str(copy), FIRST)) == colours(read_frame(str(source), FIRST))
    content = copy.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def colours(png: bytes) -> list[Any]:
    """At nine places, roughly."""
    with Image.open(io.BytesIO(png)) as picture:
        small = picture.convert("RGB").resize((3, 3), Image.Resampling.BOX)
        return [round(value / 64) for value in small.tobytes()]


def test_large_clips_are_scaled_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source, copy = make_clip(tmp_path / "a.mp4", codec="mpeg4"), tmp_path / "copy.mp4"
    monkeypatch.setattr(transcode, "MAX_SIDE", 101)
    make_browser_copy(source, copy, inspect_clip(source).info)
    after = inspect_clip(copy).info
    assert (after.width, after.height) == (100, 56)


def test_the_work_ends_at_a_number_of_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source, copy = make_clip(tmp_path / "a.mp4", codec="mpeg4"), tmp_path / "copy.mp4"
    info = inspect_clip(source).info
    monkeypatch.setattr(transcode, "MAX_FRAMES", 23)
    with pytest.raises(NotAClip, match="it has more than 23 frames"):
        make_browser_copy(source, copy, info)
