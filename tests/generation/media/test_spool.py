"""Images of an answer are kept even if the worker ends before its row is saved."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.test import Client

from generation.jobs.lease import Lease
from generation.media import spool
from generation.models import ImageJob
from generation.pipeline import resolve
from generation.providers import openai_images
from generation.providers.base import ImageResult
from generation.states import Status
from projects.models import Reference, Scene
from teams.models import User
from tests.fixtures import files_in
from tests.generation.pipeline.test_images import advance, generate, openai
from tests.standin import StandIn

__all__ = ["openai"]
pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]


@pytest.fixture
def request_of_two(as_user: AsUser, scene: Scene, openai: StandIn, bob: User) -> ImageJob:
    generate(as_user(bob), scene, role="reference", count=2, size="1024x1024", quality="low")
    return ImageJob.objects.get()


def outcome(row: ImageJob) -> tuple[str, int, int, list[str]]:
    """The row's status, how many references it names, how many exist, and the files left in the spool."""
    pictures = Reference.objects.live().filter(pk__in=row.made)
    return row.status, len(row.made), pictures.count(), files_in(Path(django_settings.MEDIA_ROOT) / "spool")


def end_lease(row: ImageJob) -> None:
    ImageJob.objects.filter(pk=row.pk).update(lease_expires_at=Now())


def test_what_a_worker_left_of_an_ended_request_is_swept(request_of_two: ImageJob):
    spool.save(request_of_two, ImageResult((b"image",), {}))
    spool.sweep()
    assert spool.load(request_of_two) == ImageResult((b"image",), {})
    ImageJob.objects.update(status=Status.UNKNOWN)
    spool.sweep()
    assert spool.load(request_of_two) == ImageResult((b"image",), {})
    ImageJob.objects.update(status=Status.COMPLETED)
    spool.sweep()
    assert files_in(Path(django_settings.MEDIA_ROOT) / "spool") == []


def lose_database(execute, sql, params, many, context):
    if sql.startswith('INSERT INTO "projects_reference"'):
        raise OperationalError("terminating connection due to administrator command")
    return execute(sql, params, many, context)


def test_images_are_kept_if_the_database_fails_after_the_answer(request_of_two: ImageJob, openai: StandIn):
    with connection.execute_wrapper(lose_database), pytest.raises(OperationalError):
        advance()
    end_lease(request_of_two)
    row = advance()
    assert outcome(row) == (Status.COMPLETED, 2, 2, [])
    assert (len(openai.state.calls("images.generate")), len(openai.state.charges)) == (1, 2)


def test_the_doctor_keeps_spooled_files(request_of_two: ImageJob, openai: StandIn, settings, monkeypatch, capsys):
    monkeypatch.setattr("generation.management.doctor.SETTLED_SECONDS", -60)
    with connection.execute_wrapper(lose_database), pytest.raises(OperationalError):
        advance()
    with pytest.raises(SystemExit):
        call_command("doctor", fix=True)
    end_lease(request_of_two)
    assert outcome(advance()) == (Status.COMPLETED, 2, 2, [])


def test_a_full_disk_is_retried_until_the_images_are_stored(request_of_two: ImageJob, openai: StandIn, settings):
    folder = Path(settings.MEDIA_ROOT) / "references"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("no folder can be made here")
    row = advance()
    assert (row.status, row.waiting_for.partition(":")[0]) == (
        Status.SUBMITTING,
        "The images are ready but can't be stored yet",
    )
    folder.unlink()
    row = advance()
    assert (*outcome(row), row.waiting_for) == (Status.COMPLETED, 2, 2, [], "")
    assert len(openai.state.calls("images.generate")) == 1


def test_an_incomplete_spool_is_ignored(request_of_two: ImageJob, openai: StandIn, settings):
    with connection.execute_wrapper(lose_database), pytest.raises(OperationalError):
        advance()
    (Path(settings.MEDIA_ROOT) / request_of_two.folder / "answer.json").unlink()
    end_lease(request_of_two)
    assert advance().status == Status.UNKNOWN


def test_the_readable_image_of_two_is_kept(request_of_two: ImageJob, openai: StandIn):
    openai.state.spoiled_pictures = 1
    row = advance()
    assert outcome(row) == (Status.COMPLETED, 1, 1, [])
    assert row.error_message == "It can't be read as a PNG, JPEG or WebP."


def test_an_answer_without_a_readable_image_needs_review(request_of_two: ImageJob, openai: StandIn):
    openai.state.spoiled_pictures = 2
    row = advance()
    assert outcome(row) == (Status.UNKNOWN, 0, 0, [])


@pytest.mark.parametrize("needs_review", [False, True])
def test_an_answer_after_the_lease_ended_is_kept(
    request_of_two: ImageJob, openai: StandIn, monkeypatch, needs_review: bool
):
    make = openai_images.make

    def slowly(account, request):
        result = make(account, request)
        end_lease(request_of_two)
        if needs_review:
            assert advance().status == Status.UNKNOWN
        else:
            assert Lease.claim_images(request_of_two.pk)
        return result

    monkeypatch.setattr(openai_images, "make", slowly)
    row = advance()
    assert outcome(row) == (Status.COMPLETED, 2, 2, [])
    assert row.actual_cost


def test_an_answer_after_it_was_resolved_is_logged(request_of_two: ImageJob, openai: StandIn, monkeypatch, caplog):
    make = openai_images.make

    def slowly(account, request):
        result = make(account, request)
        end_lease(request_of_two)
        resolve.mark_charged(advance())
        return result

    monkeypatch.setattr(openai_images, "make", slowly)
    row = advance()
    assert (row.status, row.actual_cost) == (Status.FAILED, row.estimated_cost)
    assert f"The images of request {row.pk} arrived too late to be used." in caplog.text
