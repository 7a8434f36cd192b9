"""Single frames of clips: exactly the one that a player shows, or an error in plain words."""

import io
import subprocess
import sys
from pathlib import Path

import av
import numpy
import pytest
from PIL import Image

from generation.media import stills
from generation.media.stills import FrameUnavailable, Moment, read_frame

FPS, FRAMES = 24, 60
GREY_STEP = 4


def make_clip(path: Path, width: int = 320, height: int = 180, **options: str) -> Path:
    """Frame n is grey with brightness 4 n, so that a picture shows its number."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"g": "48", "bf": "3"} | options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(FRAMES):
            picture = numpy.full((height, width, 3), number * GREY_STEP, numpy.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


def number_of(png: bytes) -> int:
    with Image.open(io.BytesIO(png)) as picture:
        assert (picture.format, picture.size) == ("PNG", (320, 180))
        return round(numpy.asarray(picture)[90, 160].mean() / GREY_STEP)


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        (stills.FIRST, 0),
        (stills.LAST, FRAMES - 1),
        (1 / FPS, 1),
        (0.041, 1),  # as a browser rounds it
        (0.038, 0),
        (1.0, 24),
        (2.0, 48),
        (47.5 / FPS, 47),
        (59 / FPS, 59),
        (2.5, 59),
        (99.0, 59),
    ],
)
def test_a_moment_gives_the_frame_that_a_player_shows(clip: Path, moment: Moment, number: int):
    assert number_of(read_frame(str(clip), moment)) == number


def test_a_damaged_clip_has_no_frame(clip: Path, tmp_path: Path):
    (tmp_path / "broken.mp4").write_bytes(clip.read_bytes()[:500])
    with pytest.raises(FrameUnavailable, match="It cannot be decoded"):
        read_frame(str(tmp_path / "broken.mp4"), stills.FIRST)


def test_sound_alone_has_no_frame(tmp_path: Path):
    path = tmp_path / "sound.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("aac", rate=44100)
        silence = av.AudioFrame.from_ndarray(numpy.zeros((1, 1024), numpy.float32), "fltp", "mono")
        silence.sample_rate = 44100
        container.mux(stream.encode(silence))
        container.mux(stream.encode())
    with pytest.raises(FrameUnavailable, match="It has no video"):
        read_frame(str(path), stills.FIRST)


@pytest.mark.parametrize(("size", "green"), [((320, 180), 0), ((1280, 720), 23), ((720, 1280), 23)])
def test_unnamed_colour_spaces_are_read_as_browsers_do(tmp_path: Path, size: tuple[int, int], green: int):
    """Chromium shows the red of Y 81, Cb 90, Cr 240 as (254, 0, 0) in small clips and (255, 24, 0) in large ones."""
    path, (width, height) = tmp_path / "red.mp4", size
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        planes = numpy.concatenate(
            [numpy.full(width * height, 81), numpy.full(width * height // 4, 90), numpy.full(width * height // 4, 240)]
        )
        picture = planes.astype(numpy.uint8).reshape(height * 3 // 2, width)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "yuv420p")))
        container.mux(stream.encode())
    with Image.open(io.BytesIO(read_frame(str(path), stills.FIRST))) as still:
        red, shown_green, blue = still.convert("RGB").tobytes()[:3]
    assert (red >= 250, abs(shown_green - green) <= 2, blue <= 2) == (True, True, True)


def test_the_parent_process_does_not_import_the_decoder():
    code = (
        "import sys; import generation.media.stills; print([name for name in sys.modules if name in ('av', 'django')])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output == "[]\n"
