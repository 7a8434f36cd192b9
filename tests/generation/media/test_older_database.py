"""An older database beside newer files: ids come again, files and cached addresses do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse

from generation.media import spool, storage
from generation.media.probe import inspect_clip
from generation.models import Generation, ImageJob
from generation.providers.base import ImageResult
from projects.models import Project, Reference, Scene
from teams.models import User

pytestmark = pytest.mark.django_db


def made_again(take: Generation, make_take) -> Generation:
    """The row of a later take is gone, and a new take gets its id."""
    scene, pk = take.scene, take.pk
    take.delete()
    Generation.objects.filter(pk=make_take(scene).pk).update(id=pk)
    return Generation.objects.get(pk=pk)


def test_a_new_take_with_an_old_id_never_finds_the_old_clip(
    local_take: Generation, make_take, clip_bytes: bytes, tmp_path: Path
):
    path = tmp_path / "scratch.mp4"
    path.write_bytes(clip_bytes)
    storage.store_files(local_take, path, inspect_clip(path))
    assert storage.recover_clip(local_take, path)
    pk = local_take.pk
    again = made_again(local_take, make_take)
    assert (again.pk, storage.recover_clip(again, path)) == (pk, False)


def test_a_new_request_with_an_old_id_never_finds_the_old_images(project: Project, scene: Scene, alice: User):
    fields = {"project": project, "created_by": alice, "provider": "openai_images", "model_id": "x", "prompt": "x"}
    first = ImageJob.objects.create(**fields, role=Reference.Role.REFERENCE, estimated_cost=0)
    spool.save(first, ImageResult((b"image",), {}))
    assert spool.load(first) == ImageResult((b"image",), {})
    pk = first.pk
    first.delete()
    again = ImageJob.objects.create(pk=pk, **fields, role=Reference.Role.REFERENCE, estimated_cost=0)
    assert spool.load(again) is None


@pytest.mark.parametrize("name", ["take_poster", "take_filmstrip"])
def test_a_take_with_an_old_id_has_other_addresses(as_user, make_take, scene: Scene, vera: User, name: str):
    take = make_take(scene, status="completed", clip=b"clip")
    Generation.objects.filter(pk=take.pk).update(filmstrip=take.poster.name)
    client, url = as_user(vera), reverse(name, args=[take.pk])
    cached = [client.get(url, query).headers["Cache-Control"] for query in ({"v": take.files_version}, {"v": "1"}, {})]
    assert cached == ["private, max-age=31536000, immutable", "private, no-cache", "private, no-cache"]
