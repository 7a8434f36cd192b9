"""Takes whose status is unknown: checked again, adopted by ID, released or written off, each only once."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generation import pipeline
from generation.billing import budget
from generation.management import doctor
from generation.models import Budget, Generation, ImageJob
from generation.pipeline import resolve
from generation.states import Status
from projects import thumbnails
from projects.models import Project, Reference, Scene
from teams.models import User
from tests.standin import Fault, StandIn

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]


@pytest.fixture
def unknown(sora: StandIn, scene: Scene, project: Project, bob: User, advance, settings) -> Generation:
    """Sent, made and charged, but the answer was lost and the server did not list."""
    Project.objects.update(model_id="sora-2")
    settings.CONNECTIONS["sora"]["preset"] = "other"
    sora.state.fail("sora.create", Fault(drop=True))
    take = pipeline.enqueue(Scene.objects.get(), number=1, member=bob).take
    take = advance(advance(take))
    assert (take.status, take.remote_id, len(sora.state.charges)) == (Status.UNKNOWN, "", 1)
    settings.CONNECTIONS["sora"]["preset"] = "openai"
    return Generation.objects.select_related("scene__project", "connection").get()


def resolve_on_page(client: Client, take: Generation, decision: str, **fields: str) -> str:
    url = reverse("take_resolve", args=[take.pk])
    return client.post(url, {"answer": decision} | fields, follow=True).content.decode()


def money(project: Project) -> tuple[Decimal, Decimal]:
    """What the project's budget holds and has spent."""
    project_budget = budget.lock_budgets(project)[1]
    return project_budget.reserved, project_budget.spent


def test_check_again_adopts_the_clip_and_charges_once(
    as_user: AsUser, unknown: Generation, sora: StandIn, project: Project, bob: User, advance
):
    assert "Clip found. The take continues." in resolve_on_page(as_user(bob), unknown, "again")
    for _ in range(2):
        take = advance(unknown)
    assert (take.status, take.remote_id) == (Status.COMPLETED, sora.state.charges[0].clip_id)
    assert (len(sora.state.charges), money(project)) == (1, (0, Decimal("0.4")))


def test_check_again_without_a_match_keeps_the_status_unknown(
    as_user: AsUser, unknown: Generation, sora: StandIn, bob: User
):
    sora.state.clips.clear()
    assert "No clip found that belongs to this take alone" in resolve_on_page(as_user(bob), unknown, "again")
    unknown.refresh_from_db()
    assert unknown.status == Status.UNKNOWN


def test_a_pasted_clip_id_is_checked_with_the_provider(
    as_user: AsUser, unknown: Generation, sora: StandIn, bob: User, advance
):
    client = as_user(bob)
    assert "The provider has no clip video_99" in resolve_on_page(client, unknown, "made", clip="video_99")
    assert "Paste the clip ID" in resolve_on_page(client, unknown, "made", clip=" ")
    assert "The take continues with this clip." in resolve_on_page(
        client, unknown, "made", clip=f" {sora.state.charges[0].clip_id} "
    )
    assert advance(advance(unknown)).status == Status.COMPLETED


def test_a_clip_of_another_take_is_not_adopted(as_user: AsUser, unknown: Generation, make_take, bob: User):
    make_take(unknown.scene, connection=unknown.connection, remote_id="video_1", provider="sora")
    assert "This clip already belongs to take 2" in resolve_on_page(as_user(bob), unknown, "made", clip="video_1")


@pytest.mark.parametrize(
    ("decision", "message", "spent"),
    [("not-made", "$0.40 hold released.", "0"), ("charged", "$0.40 counted as spent.", "0.4")],
)
def test_marking_the_outcome_settles_the_hold_once(
    as_user: AsUser, unknown: Generation, project: Project, bob: User, decision: str, message: str, spent: str
):
    assert money(project) == (Decimal("0.4"), 0)
    client = as_user(bob)
    assert message in resolve_on_page(client, unknown, decision)
    unknown.refresh_from_db()
    assert (unknown.status, unknown.actual_cost, money(project)) == (Status.FAILED, Decimal(spent), (0, Decimal(spent)))
    assert "This has already been resolved." in resolve_on_page(client, unknown, "charged")
    assert money(project) == (0, Decimal(spent))


def test_the_resolve_page_shows_the_clips_at_the_provider(
    as_user: AsUser, unknown: Generation, sora: StandIn, bob: User, vera: User
):
    page = as_user(bob).get(reverse("take_resolve", args=[unknown.pk])).content.decode()
    assert f"<code>{sora.state.charges[0].clip_id}</code>" in page
    assert "$0.40 is on hold." in page
    viewers_page = as_user(vera).get(reverse("take_resolve", args=[unknown.pk])).content.decode()
    assert "Only editors can resolve this take." in viewers_page
    queue = as_user(bob).get(reverse("queue")).content.decode()
    assert ("Needs review" in queue, reverse("take_resolve", args=[unknown.pk]) in queue) == (True, True)


def test_an_invalid_answer_or_role_changes_nothing(
    as_user: AsUser, unknown: Generation, bob: User, vera: User, mallory: User
):
    assert "Choose one of the options." in resolve_on_page(as_user(bob), unknown, "perhaps")
    url = reverse("take_resolve", args=[unknown.pk])
    assert [as_user(person).post(url, {"answer": "charged"}).status_code for person in (vera, mallory)] == [403, 404]
    unknown.refresh_from_db()
    assert unknown.status == Status.UNKNOWN


def test_images_of_unknown_status_are_marked_as_charged(as_user: AsUser, project: Project, bob: User, vera: User):
    row = ImageJob.objects.create(
        project=project, role="reference", provider="openai_images", model_id="gpt-image-2", prompt="x",
        created_by=bob, estimated_cost=Decimal("0.04"), status=Status.UNKNOWN,
    )  # fmt: skip
    budget.reserve([row], project)
    url = reverse("images_resolve", args=[row.pk])
    assert as_user(vera).post(url, {"answer": "charged"}).status_code == 403
    as_user(bob).post(url, {"answer": "charged"})
    row.refresh_from_db()
    assert (row.status, row.actual_cost, money(project)) == (Status.FAILED, Decimal("0.04"), (0, Decimal("0.04")))


# -- The commands ------------------------------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command(*arguments, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


def test_the_command_lists_and_resolves_takes(unknown: Generation, sora: StandIn, advance):
    number = str(unknown.pk)
    assert number in run("resolve")[1]
    assert run("resolve", "999", "--check-again") == (2, "Take 999 doesn't need review.")
    assert run("resolve", number)[0] == 1
    code, output = run("resolve", number, "--use-clip", "video_99")
    assert (code, "The provider has no clip video_99" in output) == (1, True)
    assert run("resolve", number, "--check-again") == (0, "Clip found. The take continues.\n")
    assert advance(advance(unknown)).status == Status.COMPLETED
    assert run("resolve") == (0, "")


@pytest.mark.parametrize(
    ("option", "message", "spent"),
    [
        ("--not-created", "Marked as not created. $0.40 hold released.", "0"),
        ("--charged", "Charged, no clip. $0.40 counted as spent.", "0.4"),
    ],
)
def test_the_command_releases_or_spends_the_hold(
    unknown: Generation, project: Project, option: str, message: str, spent: str
):
    assert run("resolve", str(unknown.pk), option) == (0, f"{message}\n")
    unknown.refresh_from_db()
    assert (unknown.status, money(project)) == (Status.FAILED, (0, Decimal(spent)))
    assert run("resolve", str(unknown.pk), option)[0] == 2


def test_the_doctor_keeps_files_that_are_newer_than_the_database(make_take, scene: Scene, tmp_path, settings):
    """As after an older database was restored: its rows know nothing of later, paid clips."""
    settings.MEDIA_ROOT = tmp_path / "media"
    take = make_take(scene, status=Status.COMPLETED, clip=b"clip")
    later = tmp_path / "media" / "takes" / "later" / "clip.mp4"
    later.parent.mkdir()
    later.write_bytes(b"paid")
    hours_ago = timezone.now() - timedelta(hours=2)
    os.utime(later, (hours_ago.timestamp() + 60, hours_ago.timestamp() + 60))
    Generation.objects.filter(pk=take.pk).update(changed_at=hours_ago)
    report = run("doctor", "--fix")[1]
    assert ("1 file in" in report, "newer than anything in the database" in report) == (True, True)
    assert later.read_bytes() == b"paid"


def test_the_doctor_reports_and_repairs_problems(
    unknown: Generation, project: Project, make_take, scene: Scene, tmp_path, settings
):
    Budget.objects.filter(project=project).update(spent=Decimal(7))
    take = make_take(scene, status=Status.COMPLETED, clip=b"clip")
    settings.MEDIA_ROOT = tmp_path / "media"
    (tmp_path / "media" / take.clip.name).unlink()
    orphan = tmp_path / "media" / "takes" / "orphan.mp4"
    orphan.write_bytes(b"x" * 100)
    os.utime(orphan, (0, 0))
    code, report = run("doctor")
    assert code == 1
    for message in (
        "No worker is running.",
        "Needs review: 1.",
        "differs from the sum of its ledger entries.",
        f"Clips missing from storage: 1 (take {take.pk}).",
        "1 orphaned file in",
    ):
        assert message in report
    code, report = run("doctor", "--fix")
    assert ("Repaired: The budget of The ferry" in report, orphan.exists(), code) == (True, False, 1)
    assert money(project) == (Decimal("0.4"), 0)
    assert "differs from the sum" not in run("doctor")[1]


def test_the_doctor_sweeps_thumbnails_with_their_picture(unknown: Generation, scene: Scene, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    image = ContentFile(b"picture", "picture.png")
    picture = Reference(project=scene.project, scene=scene, role="reference")
    name = picture.image.storage.save(picture.image.field.generate_filename(picture, "picture.png"), image)
    thumbnails.keep(name, "480", lambda data: data + b" smaller")
    folder = (tmp_path / "media" / name).parent
    for path in folder.iterdir():
        os.utime(path, (1, 1))
    Reference.objects.bulk_create(
        [Reference(project=scene.project, scene=scene, role="reference", image=name, width=1, height=1)]
    )
    run("doctor", "--fix")
    assert sorted(path.read_bytes() for path in folder.iterdir()) == [b"picture", b"picture smaller"]
    Reference.objects.all().delete()
    run("doctor", "--fix")
    assert list(folder.iterdir()) == []


def test_the_doctor_releases_the_hold_of_a_finished_take(unknown: Generation, project: Project):
    Generation.objects.update(status=Status.FAILED)
    assert "is still on hold for finished take" in run("doctor")[1]
    run("doctor", "--fix")
    assert money(project) == (0, 0)


def test_the_doctor_books_the_cost_of_a_finished_take(unknown: Generation, project: Project):
    """A take that is over and was never settled is not released for nothing."""
    Generation.objects.update(status=Status.FAILED, actual_cost=Decimal("0.4"))
    assert f"0.4000 is still on hold for finished take {unknown.pk}." in run("doctor")[1]
    run("doctor", "--fix")
    assert money(project) == (0, Decimal("0.4"))


def test_the_doctor_compares_the_cost_of_a_take_with_the_ledger(unknown: Generation, project: Project, bob: User):
    resolve.mark_not_created(unknown, bob)
    Generation.objects.update(actual_cost=Decimal("0.3"))
    assert f"Take {unknown.pk} cost 0.3000, but 0.0000 is booked." in run("doctor")[1]
    run("doctor", "--fix")
    assert (money(project), list(doctor.ledger())) == ((0, Decimal("0.3")), [])
    Generation.objects.update(actual_cost=Decimal("0.1"))
    (finding,) = doctor.ledger()
    assert finding.repair is None


def test_the_doctor_recounts_the_month(unknown: Generation, project: Project, bob: User):
    resolve.mark_charged(unknown, bob)
    Budget.objects.filter(project=project).update(spent_month=0)
    assert "The budget of The ferry differs from the sum of its ledger entries." in run("doctor")[1]
    run("doctor", "--fix")
    assert Budget.objects.get(project=project).spent_month == Decimal("0.4")


def test_the_doctor_keeps_the_clip_of_an_unfinished_row(unknown: Generation, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    clip = tmp_path / "media" / unknown.folder / "clip.mp4"
    clip.parent.mkdir(parents=True)
    clip.write_bytes(b"the only copy")
    os.utime(clip, (0, 0))
    run("doctor", "--fix")
    assert clip.exists()
    Generation.objects.update(status=Status.FAILED)
    run("doctor", "--fix")
    assert not clip.exists()
