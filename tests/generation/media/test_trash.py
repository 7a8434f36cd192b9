"""Storage of a team: counted, capped for what is free, and freed of what was deleted long ago."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generation import catalogue
from generation.management import doctor
from generation.media import quota, trash
from generation.models import Generation, LedgerEntry
from generation.pipeline.batches import enqueue_missing
from generation.pipeline.enqueue import enqueue
from generation.takes import actions
from projects import references, scene_edits, thumbnails
from projects.models import Project, Reference, Scene
from teams.models import Team, User
from tests.queries import count_queries
from tests.storyboard.test_references import plain

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = timezone.now() - timedelta(days=31)
AsUser = Callable[[User], Client]


@pytest.fixture
def take(scene: Scene, make_take: Callable[..., Generation]) -> Generation:
    return make_take(scene, status="completed", clip=b"a clip", created_at=LONG_AGO, actual_cost=Decimal("0.40"))


def add_picture(scene: Scene, alice: User) -> Reference:
    image = ContentFile(plain(), name="picture.png")
    reference = references.add_reference(scene.project, scene, Reference.Role.REFERENCE, image, member=alice)
    return Reference.objects.get(pk=reference.pk)


def is_stored(name: str) -> bool:
    return default_storage.exists(name)


def test_files_go_after_thirty_days_and_rows_and_costs_stay(take: Generation, alice: User):
    clip, booked = take.clip.name, LedgerEntry.objects.aggregate(sum=Sum("spent"))
    actions.delete(take, alice)
    assert (trash.empty_expired(), is_stored(clip)) == (0, True)
    Generation.objects.update(deleted_at=LONG_AGO)
    assert (trash.empty_expired(), is_stored(clip), is_stored(take.folder)) == (1, False, False)
    take.refresh_from_db()
    assert (take.clip.name, take.poster.name, take.clip_bytes) == ("", "", 0)
    assert (take.number, take.status, take.actual_cost) == (1, "completed", Decimal("0.40"))
    assert LedgerEntry.objects.aggregate(sum=Sum("spent")) == booked
    assert trash.empty_expired() == 0
    assert list(doctor.missing_files()) == []


def test_a_take_whose_files_are_gone_is_not_restored(take: Generation, alice: User, as_user: AsUser):
    actions.delete(take, alice)
    trash.empty_of(take.scene.project.team)
    with pytest.raises(ValidationError, match="its files were removed from the trash"):
        actions.restore(take, alice)
    page = as_user(alice).post(reverse("take_restore", args=[take.pk]), follow=True)
    assert "Take 1 can&#x27;t be restored: its files were removed from the trash." in page.content.decode()


def test_a_restored_scene_or_project_comes_back_without_its_takes(take: Generation, alice: User):
    scene_edits.delete_project(take.scene.project_id, alice)
    Project.objects.update(deleted_at=LONG_AGO)
    assert trash.empty_expired() == 1
    scene_edits.restore_project(take.scene.project_id, alice)
    assert not Generation.objects.live().exists()
    assert Scene.objects.live().count() == 1


@pytest.mark.parametrize("status", ["running", "unknown"])
def test_what_is_under_way_or_under_review_stays(take: Generation, status: str):
    Generation.objects.update(status=status)
    Scene.objects.update(deleted_at=LONG_AGO)
    assert (trash.empty_expired(), is_stored(take.clip.name)) == (0, True)


def test_a_picture_stays_while_a_take_was_made_from_it_or_a_copy_shows_it(take: Generation, scene: Scene, alice: User):
    picture = add_picture(scene, alice)
    name = picture.image.name
    Generation.objects.update(inputs={"references": [name]})
    references.remove(picture)
    assert (trash.empty_of(scene.project.team), is_stored(name)) == (0, True)
    Generation.objects.update(inputs={"start_frame": {"name": name, "fit": "crop"}})
    assert (trash.empty_of(scene.project.team), is_stored(name)) == (0, True)
    Generation.objects.update(inputs={})
    copy = Reference.objects.create(project=scene.project, scene=scene, role="reference", image=name)
    assert (trash.empty_of(scene.project.team), is_stored(name)) == (1, True)
    references.remove(copy)
    assert (trash.empty_of(scene.project.team), is_stored(name)) == (1, False)
    assert not Reference.objects.exists()


def test_a_pictures_smaller_versions_go_with_it(scene: Scene, alice: User):
    picture, other = add_picture(scene, alice), add_picture(scene, alice)
    for stored in (picture, other):
        thumbnails.keep(stored.image.name, "480", lambda data: data)
        thumbnails.keep(stored.image.name, "crop-1280x720", lambda data: data)
    references.remove(picture)
    trash.empty_of(scene.project.team)
    left = default_storage.listdir(str(Path(other.image.name).parent))[1]
    stem = Path(other.image.name).stem
    assert sorted(left) == [f"{stem}.480.webp", f"{stem}.crop-1280x720.webp", f"{stem}.png"]


def test_emptying_touches_no_other_team(take: Generation, alice: User):
    actions.delete(take, alice)
    other_team = Team.objects.create(name="Night shift")
    assert (trash.empty_of(other_team), is_stored(take.clip.name)) == (0, True)


def test_usage_counts_clips_and_each_picture_once(take: Generation, scene: Scene, alice: User, settings: Any):
    size = len(plain())
    settings.TEAM_STORAGE_BYTES = (6 + size) * 100 // 80
    add_picture(scene, alice)
    scene_edits.duplicate_project(scene.project, alice)
    usage = quota.usage_of(scene.project.team_id)
    assert (usage.clips, usage.pictures, usage.percent) == (6, size, 80)
    assert (usage.is_nearly_full, usage.is_full) == (True, False)
    assert quota.trash_bytes(scene.project.team_id) == 0
    actions.delete(take, alice)
    assert quota.trash_bytes(scene.project.team_id) == 6


def test_free_takes_and_uploads_are_refused_when_it_is_full(
    take: Generation, scene: Scene, make_scenes: Callable[..., list[Scene]], alice: User, as_user: AsUser, settings: Any
):
    settings.TEAM_STORAGE_BYTES = 6
    full = "The team&#x27;s storage is full: 6 bytes of 6 bytes."
    make_scenes(1)
    with pytest.raises(ValidationError, match="storage is full: 6"):
        enqueue(scene, number=2, member=alice)
    with pytest.raises(ValidationError, match="storage is full: 6"):
        enqueue_missing(scene.project, member=alice)
    url = reverse("scene_picture_add", args=[scene.pk])
    page = as_user(alice).post(url, {"role": "reference"}, follow=True)
    assert full in page.content.decode()
    assert (Generation.objects.count(), Reference.objects.count()) == (1, 0)


def test_paid_takes_start_and_clips_are_kept_when_it_is_full(
    take: Generation, scene: Scene, sora, alice: User, settings: Any
):
    settings.TEAM_STORAGE_BYTES = 6
    Scene.objects.update(duration=4)
    scene.refresh_from_db()
    enqueue(scene, number=2, member=alice, model=catalogue.find("sora-2"))
    assert Generation.objects.count() == 2


def test_the_page_shows_what_is_used_and_owners_empty_the_trash(
    take: Generation, alice: User, bob: User, as_user: AsUser, settings: Any
):
    settings.TEAM_STORAGE_BYTES = 7
    team = take.scene.project.team
    url, empty = reverse("team_storage", args=[team.pk]), reverse("trash_empty", args=[team.pk])
    scene_edits.delete_project(take.scene.project_id, alice)
    client = as_user(alice)
    with count_queries() as queries:
        page = client.get(url).content.decode()
    assert len(queries) == 13
    for words in ("6 bytes of 7 bytes", "At least 80 % of the storage is used", "Restore The ferry", "Empty the trash"):
        assert words in page.replace("\xa0", " ")
    assert as_user(bob).post(empty).status_code == 403
    page = client.post(empty, follow=True).content.decode()
    assert "The files of 1 deleted item were removed. Their costs stay." in page
    assert "The trash is empty." in page
    assert not is_stored(take.folder)


def test_the_list_of_projects_says_that_storage_is_nearly_full(
    take: Generation, alice: User, as_user: AsUser, settings: Any
):
    settings.TEAM_STORAGE_BYTES = 7
    page = as_user(alice).get(reverse("project_list")).content.decode().replace("\xa0", " ")
    assert "uses 6 bytes of 7 bytes of storage." in page
