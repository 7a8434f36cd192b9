import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models.functions import Now
from PIL import Image, ImageChops

from generation.jobs.lease import Lease
from generation.media import storage
from generation.media.decoding import NotAClip
from generation.media.probe import inspect_clip
from generation.models import Generation
from tests.fixtures import files_in


def test_a_clip_is_measured_and_gets_a_poster(clip_bytes: bytes, tmp_path: Path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip_bytes)
    inspection = inspect_clip(path)
    assert float(inspection.info.seconds) == pytest.approx(1, abs=0.05)
    assert (inspection.poster[:4], inspection.poster[8:12]) == (b"RIFF", b"WEBP")


def test_the_filmstrip_goes_from_start_to_end(clip_bytes: bytes, tmp_path: Path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip_bytes)
    with Image.open(io.BytesIO(inspect_clip(path).filmstrip)) as strip:
        assert strip.size == (2400, 135)
        first, last = (strip.crop((left, 0, left + 240, 135)).convert("L") for left in (0, 9 * 240))
    assert ImageChops.difference(first, last).getbbox() is not None


def test_a_providers_still_becomes_a_poster_if_it_is_a_picture():
    picture = io.BytesIO()
    Image.new("RGB", (1920, 1080), "teal").save(picture, "JPEG")
    poster = storage.make_poster(picture.getvalue())
    assert poster is not None
    assert Image.open(io.BytesIO(poster)).size == (960, 540)
    assert [storage.make_poster(data) for data in (b"", b"<html>", picture.getvalue()[:200])] == [None] * 3


@pytest.mark.parametrize("cut", [0, 10, 200, 2000])
def test_a_truncated_file_is_not_a_clip(clip_bytes: bytes, tmp_path: Path, cut: int):
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip_bytes[:cut])
    with pytest.raises(NotAClip):
        inspect_clip(path)


@pytest.mark.django_db
def test_storing_a_clip_twice_leaves_one_file(local_take: Generation, clip_bytes: bytes, tmp_path: Path):
    for _ in range(2):
        path = tmp_path / "scratch.mp4"
        path.write_bytes(clip_bytes)
        kept = storage.store_files(local_take, path, inspect_clip(path))
        assert not path.exists()
    folder = f"takes/{local_take.file_key.hex}"
    names = {"clip": f"{folder}/clip.mp4", "filmstrip": f"{folder}/filmstrip.webp", "poster": f"{folder}/poster.webp"}
    assert {name: kept[name] for name in names} == names
    assert files_in(tmp_path / "media") == list(names.values())


@pytest.mark.django_db
def test_the_sweep_removes_only_files_of_ended_leases(
    make_scenes, make_take: Callable[..., Generation], end_lease, tmp_path: Path
):
    alive, dead = (make_take(scene) for scene in make_scenes(2))
    kept, left = (Lease.claim(take.pk) for take in (alive, dead))
    assert kept
    assert left
    names = [f"{alive.pk}-{kept.token}.mp4", f"{dead.pk}-{left.token}.mp4", "unrelated.txt"]
    for name in names:
        (storage.scratch_dir() / name).write_bytes(b"...")
    Generation.objects.filter(pk=dead.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
    assert storage.sweep_scratch() == 1
    assert files_in(storage.scratch_dir()) == sorted([names[0], names[2]])
