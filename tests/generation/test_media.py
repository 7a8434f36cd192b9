from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models.functions import Now

from generation import media
from generation.lease import Lease
from generation.models import Generation
from tests.generation.conftest import files_in


def test_a_clip_is_decoded_and_pictured(clip_bytes: bytes, tmp_path: Path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip_bytes)
    inspection = media.inspect(path)
    assert float(inspection.seconds) == pytest.approx(1, abs=0.05)
    assert (inspection.poster[:4], inspection.poster[8:12]) == (b"RIFF", b"WEBP")


@pytest.mark.parametrize("cut", [0, 10, 200, 2000])
def test_what_cannot_be_decoded_is_not_a_clip(clip_bytes: bytes, tmp_path: Path, cut: int):
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip_bytes[:cut])
    with pytest.raises(media.NotAClip):
        media.inspect(path)


@pytest.mark.django_db
def test_keeping_a_clip_twice_leaves_one_file(clip_bytes: bytes, tmp_path: Path):
    for _ in range(2):
        path = tmp_path / "scratch.mp4"
        path.write_bytes(clip_bytes)
        kept = media.keep(7, path, media.inspect(path))
        assert not path.exists()
    assert (kept["clip"], kept["poster"]) == ("takes/7/clip.mp4", "takes/7/poster.webp")
    assert files_in(tmp_path / "media") == ["takes/7/clip.mp4", "takes/7/poster.webp"]


@pytest.mark.django_db
def test_sweeping_removes_what_dead_workers_left(
    make_scenes, make_take: Callable[..., Generation], end_lease, tmp_path: Path
):
    alive, dead = (make_take(scene) for scene in make_scenes(2))
    kept, left = (Lease.claim(take.pk) for take in (alive, dead))
    assert kept
    assert left
    names = [f"{alive.pk}-{kept.token}.mp4", f"{dead.pk}-{left.token}.mp4", "somebody-elses.txt"]
    for name in names:
        (media.scratch_dir() / name).write_bytes(b"...")
    Generation.objects.filter(pk=dead.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
    assert media.sweep_scratch() == 1
    assert files_in(media.scratch_dir()) == sorted([names[0], names[2]])
