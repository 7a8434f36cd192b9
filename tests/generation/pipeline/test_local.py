import errno
import os
import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import av
import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models.functions import Now
from django_q.models import OrmQ

from generation import catalogue, pipeline
from generation.jobs.lease import Lease
from generation.media import storage
from generation.media.decoding import NotAClip
from generation.models import Generation, selected_take
from generation.providers import animatic
from generation.quoting.freshness import request_digest
from generation.states import Status
from generation.takes import actions
from projects import scene_edits
from projects.models import Project, Scene
from teams.models import User
from tests.fixtures import files_in
from tests.queries import count_queries

Advance = Callable[[Generation], Generation]
MODEL = catalogue.default_video_model()

#: The stored files of a finished take.
STORED = ("clip.mp4", "filmstrip.webp", "poster.webp")


# -- Enqueueing --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_enqueue_creates_a_complete_row(scene: Scene, bob: User):
    Scene.objects.update(camera_move="pan-left", duration=2)
    scene.refresh_from_db()
    take = pipeline.enqueue(scene, number=1, member=bob, model=MODEL).take
    take.refresh_from_db()
    assert (take.status, take.number, take.created_by) == (Status.QUEUED, 1, bob)
    assert (take.width, take.height, take.duration, take.fps) == (1280, 720, 2, 24)
    assert (take.shot["camera_move"], take.scene_digest, take.estimated_cost) == (
        "pan-left",
        request_digest(scene, MODEL),
        0,
    )
    assert take.prompt == "Something happens.\nCamera: Pan left."


@pytest.mark.django_db
def test_a_repeated_click_starts_one_take(scene: Scene, bob: User, alice: User):
    first = pipeline.enqueue(scene, number=1, member=bob, model=MODEL)
    second = pipeline.enqueue(scene, number=1, member=alice, model=MODEL)
    assert (first.created, second.created, first.take) == (True, False, second.take)
    assert Generation.objects.count() == 1


@pytest.mark.django_db
def test_a_second_click_of_the_same_member_within_a_second_starts_nothing(scene: Scene, bob: User, alice: User):
    first = pipeline.enqueue(scene, number=1, member=bob, model=MODEL).take
    assert pipeline.enqueue(scene, number=2, member=bob, model=MODEL).take == first
    assert pipeline.enqueue(scene, number=2, member=alice, model=MODEL).created
    Generation.objects.update(created_at=Now() - timedelta(seconds=2))
    assert pipeline.enqueue(scene, number=3, member=bob, model=MODEL).created


@pytest.mark.django_db
def test_a_deleted_scene_starts_nothing(scene: Scene, bob: User):
    scene_edits.delete(Scene.objects.get())
    with pytest.raises(ValidationError, match="This scene has been deleted"):
        pipeline.enqueue(scene, number=1, member=bob, model=MODEL)


@pytest.mark.django_db
@pytest.mark.parametrize("number", [0, -1, 3])
def test_a_take_number_that_was_never_offered_is_refused(scene: Scene, bob: User, number: int):
    pipeline.enqueue(scene, number=1, member=bob, model=MODEL)
    with pytest.raises(ValidationError, match="out of date"):
        pipeline.enqueue(scene, number=number, member=bob, model=MODEL)


@pytest.mark.django_db(transaction=True)
def test_sixteen_simultaneous_clicks_start_one_take(scene: Scene, bob: User):
    barrier = threading.Barrier(16)

    def click() -> None:
        barrier.wait()
        try:
            pipeline.enqueue(scene, number=1, member=bob, model=MODEL)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Generation.objects.count() == 1


@pytest.mark.django_db
def test_generate_missing_skips_finished_and_active_takes(
    project: Project, make_scenes, make_take, bob: User, clip_bytes: bytes
):
    done, running, unknown, failed, cancelled, empty, gone = make_scenes(7)
    make_take(done, status=Status.COMPLETED, clip=clip_bytes)
    make_take(running, status=Status.RUNNING)
    make_take(unknown, status=Status.UNKNOWN)
    make_take(failed, status=Status.FAILED)
    make_take(cancelled, status=Status.CANCELLED)
    Scene.objects.filter(pk=gone.pk).update(deleted_at="2026-01-01T00:00Z")
    before = set(Generation.objects.values_list("pk", flat=True))
    assert pipeline.enqueue_missing(project, member=bob).count == 3
    takes = Generation.objects.exclude(pk__in=before).order_by("pk")
    assert [(take.scene, take.number) for take in takes] == [(failed, 2), (cancelled, 2), (empty, 1)]
    assert pipeline.enqueue_missing(project, member=bob).count == 0


@pytest.mark.django_db
def test_generate_missing_needs_equal_queries_for_3_and_12_scenes(project: Project, make_scenes, bob: User):
    make_scenes(3)
    with count_queries() as few:
        pipeline.enqueue_missing(project, member=bob)
    make_scenes(12)
    with count_queries() as many:
        assert pipeline.enqueue_missing(project, member=bob).count == 12
    assert len(few) == len(many)


@pytest.mark.django_db(transaction=True)
def test_a_click_puts_the_id_into_the_media_queue_at_once(scene: Scene, bob: User):
    take = pipeline.enqueue(scene, number=1, member=bob, model=MODEL).take
    tasks = [row.task for row in OrmQ.objects.filter(key="media")]
    assert [(task["func"], task["args"]) for task in tasks] == [("generation.tasks.advance", (take.pk,))]


# -- Rendering ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_local_take_becomes_a_clip(local_take: Generation, advance: Advance, tmp_path: Path):
    take = advance(local_take)
    assert (take.status, take.progress, take.attempt, take.error_message) == (Status.COMPLETED, 100, 1, "")
    assert (take.lease_token, take.lease_expires_at, take.actual_cost) == (None, None, 0)
    assert files_in(tmp_path / "media") == [f"{take.folder}/{name}" for name in STORED]
    assert files_in(tmp_path / "scratch") == []
    assert (take.clip_bytes, float(take.clip_seconds or 0)) == (take.clip.size, pytest.approx(1, abs=0.05))
    with av.open(take.clip.path) as container:
        assert sum(1 for _ in container.decode(video=0)) == 24


@pytest.mark.django_db
def test_the_newest_finished_take_is_selected_until_a_member_selects_one(
    scene: Scene, make_take, advance: Advance, local_take: Generation
):
    advance(local_take)
    second = advance(make_take(scene))
    assert selected_take(Scene.objects.get()) == second
    actions.select(local_take)
    advance(make_take(scene))
    assert selected_take(Scene.objects.get()) == local_take


@pytest.mark.django_db
def test_an_older_take_and_previz_do_not_replace_a_models_clip(
    scene: Scene, make_take, advance: Advance, local_take: Generation
):
    Scene.objects.update(model_id="sora-2")
    clip = make_take(scene, model_id="sora-2", provider="sora", status=Status.COMPLETED, clip=b"clip", is_selected=True)
    advance(make_take(scene))
    advance(local_take)
    assert selected_take(Scene.objects.get()) == clip


@pytest.mark.django_db
def test_a_step_of_a_finished_take_does_nothing(local_take: Generation, advance: Advance):
    done = advance(local_take)
    before = done.version
    assert advance(done).version == before


@pytest.mark.django_db
def test_a_leased_take_is_left_alone(local_take: Generation, advance: Advance):
    lease = Lease.claim(local_take.pk)
    assert lease is not None
    assert advance(local_take).status == Status.QUEUED


@pytest.mark.django_db
@pytest.mark.parametrize("status", [Status.RUNNING, Status.FETCHING])
def test_a_render_whose_worker_died_starts_again(
    local_take: Generation, advance: Advance, end_lease, status: Status, tmp_path: Path
):
    lease = Lease.claim(local_take.pk)
    assert lease is not None
    Generation.objects.update(status=status, progress=70, attempt=1)
    (storage.scratch_dir() / f"{local_take.pk}-{lease.token}.mp4").write_bytes(b"half a clip")
    end_lease(local_take)
    take = advance(local_take)
    assert (take.status, take.attempt) == (Status.COMPLETED, 2)
    assert files_in(tmp_path) == [f"media/{take.folder}/{name}" for name in STORED]


@pytest.mark.django_db
def test_a_render_that_always_kills_its_worker_fails_after_10_attempts(local_take: Generation, advance: Advance):
    Generation.objects.update(status=Status.RUNNING, attempt=pipeline.MAX_ATTEMPTS)
    take = advance(local_take)
    assert (take.status, take.error_message) == (
        Status.FAILED,
        "Rendering was cut short 10 times.",
    )


@pytest.mark.django_db
def test_an_error_in_a_replaced_worker_changes_nothing(
    local_take: Generation, monkeypatch: pytest.MonkeyPatch, end_lease
):
    def fail_too_late(request, destination, on_progress):
        end_lease(local_take)
        assert Lease.claim(local_take.pk) is not None
        raise OSError(errno.EIO, "too late")

    monkeypatch.setattr(animatic, "render", fail_too_late)
    pipeline.advance(local_take.pk)
    local_take.refresh_from_db()
    assert (local_take.status, local_take.error_message) == (Status.RUNNING, "")


@pytest.mark.django_db
def test_a_worker_replaced_while_rendering_leaves_no_files(
    local_take: Generation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end_lease
):
    render = animatic.render

    def slow_render(request, destination, on_progress):
        render(request, destination, lambda fraction: None)
        end_lease(local_take)
        assert Lease.claim(local_take.pk) is not None  # a successor takes over meanwhile

    monkeypatch.setattr(animatic, "render", slow_render)
    pipeline.advance(local_take.pk)
    local_take.refresh_from_db()
    assert local_take.status == Status.RUNNING
    assert files_in(tmp_path) == []


# -- Failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_full_disk_fails_the_take_with_a_reason(
    local_take: Generation, advance: Advance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(storage, "scratch_file", lambda take_id, token: nullcontext(Path("/dev/full")))
    take = advance(local_take)
    assert (take.status, take.error_kind) == (Status.FAILED, "storage")
    assert take.error_message == ("The disk of this server is full. Free some space, then generate again.")
    assert files_in(tmp_path / "media") == []


@pytest.mark.django_db
def test_a_disk_that_fills_up_while_storing_leaves_no_files(
    local_take: Generation, advance: Advance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    take = advance(local_take)
    assert (take.status, take.error_kind, take.clip.name) == (Status.FAILED, "storage", "")
    assert files_in(tmp_path) == []


def test_other_file_errors_are_named():
    error = storage.storage_error(OSError(errno.EACCES, os.strerror(errno.EACCES)))
    assert error.message == "The clip could not be written: Permission denied."


@pytest.mark.django_db
def test_a_defect_fails_the_take_and_is_logged(
    local_take: Generation, advance: Advance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(animatic, "render", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        advance(local_take)
    local_take.refresh_from_db()
    assert (local_take.status, local_take.error_message) == (
        Status.FAILED,
        "Internal error. The server's log has the details.",
    )
    assert files_in(tmp_path) == []


@pytest.mark.django_db
def test_an_unplayable_file_is_never_stored_as_a_clip(
    local_take: Generation, advance: Advance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(animatic, "render", lambda request, path, progress: path.write_bytes(b"<html>" * 99))
    with pytest.raises(NotAClip):
        advance(local_take)
    local_take.refresh_from_db()
    assert (local_take.status, local_take.clip.name) == (Status.FAILED, "")
    assert files_in(tmp_path) == []


# -- Cancelling --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_queued_take_is_cancelled_at_once(local_take: Generation, advance: Advance):
    assert pipeline.cancel(local_take) is True
    assert advance(local_take).status == Status.CANCELLED


@pytest.mark.django_db
def test_cancelling_stops_a_running_render(
    local_take: Generation, advance: Advance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr("generation.pipeline.store.PROGRESS_SECONDS", 0)
    reported: list[float] = []
    render = animatic.render

    def cancelled_at_once(request, destination, on_progress):
        def cancel_first(fraction: float) -> None:
            reported.append(fraction)
            pipeline.cancel(local_take)
            on_progress(fraction)

        render(request, destination, cancel_first)

    monkeypatch.setattr(animatic, "render", cancelled_at_once)
    take = advance(local_take)
    assert (take.status, take.clip.name) == (Status.CANCELLED, "")
    assert reported == [0.0]
    assert files_in(tmp_path) == []


@pytest.mark.django_db
def test_a_render_whose_worker_died_can_be_cancelled(local_take: Generation, advance: Advance, end_lease):
    Lease.claim(local_take.pk)
    Generation.objects.update(status=Status.RUNNING)
    pipeline.cancel(local_take)
    end_lease(local_take)
    assert advance(local_take).status == Status.CANCELLED


@pytest.mark.django_db
def test_cancelling_a_finished_take_changes_nothing(local_take: Generation, advance: Advance):
    done = advance(local_take)
    assert pipeline.cancel(done) is False
    done.refresh_from_db()
    assert (done.status, done.cancel_requested) == (Status.COMPLETED, False)
