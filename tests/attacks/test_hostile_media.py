"""A corpus of pictures and clips that cost more than they weigh: each is refused or decoded within its limits."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core.decoding.contract import MEGABYTE, Limits, Undecodable
from core.decoding.gate import clip_gate, decode, gate
from generation.media import stills, storage
from generation.media.decoding import NotAClip
from projects import references
from projects.models import Reference, Scene
from teams.models import User
from tests.core.decoding_jobs import peak_memory
from tests.hostile_media import CLIPS, LARGE_PICTURES, PICTURES

pytestmark = pytest.mark.django_db
SMALL = Limits(cpu_seconds=5, memory_bytes=64 * MEGABYTE, wall_seconds=30)
#: What a child may hold: the limit of its jobs, and Python with its libraries.
PICTURE_PEAK, CLIP_PEAK = 750 * MEGABYTE, 1300 * MEGABYTE


@pytest.fixture(autouse=True)
def _new_children() -> Iterator[None]:
    yield
    gate.end_idle()
    clip_gate.end_idle()


CASES = [*PICTURES, *(pytest.param(name, marks=pytest.mark.long) for name in LARGE_PICTURES)]


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_picture_is_refused_or_decoded_within_its_limits(name: str):
    make, becomes = (PICTURES | LARGE_PICTURES)[name]
    data = make()
    before = psutil.Process().memory_info().rss
    began = time.process_time()
    if becomes.startswith("."):
        kept = references.clean_picture(io.BytesIO(data), len(data))
        assert kept.name == f"picture{becomes}"
    else:
        with pytest.raises(ValidationError, match=becomes):
            references.clean_picture(io.BytesIO(data), len(data))
    assert time.process_time() - began < 1
    assert psutil.Process().memory_info().rss - before < 40 * MEGABYTE
    assert gate.run(peak_memory, limits=SMALL) < PICTURE_PEAK


@pytest.mark.parametrize("name", CLIPS)
def test_a_hostile_clip_is_refused_or_decoded_within_its_limits(name: str, tmp_path: Path):
    make, reason = CLIPS[name]
    path = make(tmp_path / "clip.mp4")
    before = psutil.Process().memory_info().rss
    if reason:
        with pytest.raises(NotAClip, match=reason):
            storage.inspect_clip(path)
    else:
        assert storage.inspect_clip(path).info.seconds > 0
    assert psutil.Process().memory_info().rss - before < 40 * MEGABYTE
    assert clip_gate.run(peak_memory, limits=SMALL) < CLIP_PEAK


@pytest.mark.parametrize("name", ["48 million pixels a frame", "sound alone", "text"])
def test_no_frame_is_taken_of_a_hostile_clip(name: str, tmp_path: Path):
    path = CLIPS[name][0](tmp_path / "clip.mp4")
    with pytest.raises(Undecodable, match=r"too large|no video|is no MP4"):
        decode(stills.read_frame, str(path), stills.FIRST, limits=stills.LIMITS)


def test_a_providers_picture_is_checked_in_the_same_way():
    with pytest.raises(ValidationError, match="scans; the limit is 100"):
        references.check_generated_picture(PICTURES["600 scans"][0]())
    with pytest.raises(ValidationError, match="It can't be read as a PNG, JPEG or WebP"):
        references.check_generated_picture(b"text")
    assert references.check_generated_picture(PICTURES["two pictures in a JPEG"][0]()).name == "picture.jpg"
    # What is paid for is kept, its first frame at least.
    assert references.check_generated_picture(PICTURES["WebP of many frames"][0]()).name == "picture.webp"
    assert storage.make_poster(PICTURES["600 scans"][0]()) is None


@pytest.fixture
def upload(as_user: Callable[[User], Client], bob: User, scene: Scene) -> Callable[..., Client]:
    def upload(data: bytes) -> Client:
        client, file = as_user(bob), SimpleUploadedFile("a.png", data)
        client.post(reverse("scene_picture_add", args=[scene.pk]), {"image": file, "role": "start_frame"})
        return client

    return upload


def test_a_thumbnail_is_made_once(
    upload: Callable[..., Client], scene: Scene, monkeypatch: pytest.MonkeyPatch, settings: object
):
    client = upload(PICTURES["CMYK"][0]())
    picture = Reference.objects.get()
    small = f"{reverse('picture_file', args=[picture.pk])}?size=small"
    preview = reverse("frame_preview", args=[picture.pk, "crop"])
    made = [client.get(address).content for address in (small, preview)]
    monkeypatch.setattr(gate, "run", None)
    monkeypatch.setattr("storyboard.views.references.decode", None)
    monkeypatch.setattr("storyboard.views.frames.decode", None)
    assert [client.get(address).content for address in (small, preview)] == made
    folder = Path(picture.image.path).parent
    stem = Path(picture.image.name).stem
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{stem}.480.webp",
        f"{stem}.crop-1280x720.webp",
        f"{stem}.jpg",
    ]


def test_a_full_gate_says_busy(upload: Callable[..., Client], as_user, bob: User, monkeypatch: pytest.MonkeyPatch):
    upload(PICTURES["CMYK"][0]())
    monkeypatch.setattr(gate, "_wait_seconds", 0)
    monkeypatch.setattr(gate, "_places", type(gate._places)(1))
    address = f"{reverse('picture_file', args=[Reference.objects.get().pk])}?size=small"
    with gate._places:
        page = as_user(bob).get(address)
        message = as_user(bob).get(address, headers={"HX-Request": "true"})
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert "The server is busy with other pictures and clips." in page.content.decode()
    assert message.content.decode().startswith("The server is busy")
    assert as_user(bob).get(address).status_code == 200
