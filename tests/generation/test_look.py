"""Takes whose outcome nobody knows: looked up again, adopted by hand, released or written off; each once."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from generation import pipeline
from generation.billing import budget
from generation.management import doctor
from generation.models import Budget, Generation, ImageGeneration
from generation.pipeline import resolve
from generation.states import Status
from projects.models import Project, Scene
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


def answer(client: Client, take: Generation, said: str, **more: str) -> str:
    url = reverse("take_look", args=[take.pk])
    return client.post(url, {"answer": said} | more, follow=True).content.decode()


def money(project: Project) -> tuple[Decimal, Decimal]:
    of_project = budget.locked(project)[1]
    return of_project.reserved, of_project.spent


def test_looking_again_finds_it_and_it_is_paid_once(
    as_user: AsUser, unknown: Generation, sora: StandIn, project: Project, bob: User, advance
):
    assert "It was found and goes on." in answer(as_user(bob), unknown, "again")
    for _ in range(2):
        take = advance(unknown)
    assert (take.status, take.remote_id) == (Status.COMPLETED, sora.state.charges[0].clip_id)
    assert (len(sora.state.charges), money(project)) == (1, (0, Decimal("0.4")))


def test_where_nothing_is_listed_it_stays(as_user: AsUser, unknown: Generation, sora: StandIn, bob: User):
    sora.state.clips.clear()
    assert "The provider lists no such clip" in answer(as_user(bob), unknown, "again")
    unknown.refresh_from_db()
    assert unknown.status == Status.UNKNOWN


def test_a_pasted_id_is_asked_about_first(as_user: AsUser, unknown: Generation, sora: StandIn, bob: User, advance):
    client = as_user(bob)
    assert "The provider does not know video_99" in answer(client, unknown, "made", clip="video_99")
    assert "Paste the id" in answer(client, unknown, "made", clip=" ")
    assert "It goes on with that clip." in answer(client, unknown, "made", clip=f" {sora.state.charges[0].clip_id} ")
    assert advance(advance(unknown)).status == Status.COMPLETED


def test_a_clip_of_another_take_is_not_adopted(as_user: AsUser, unknown: Generation, make_take, bob: User):
    make_take(unknown.scene, connection=unknown.connection, remote_id="video_1", provider="sora")
    assert "That clip belongs to take 2" in answer(as_user(bob), unknown, "made", clip="video_1")


@pytest.mark.parametrize(
    ("said", "words", "spent"),
    [("not-made", "What was set aside for it is released.", "0"), ("charged", "It counts as spent.", "0.4")],
)
def test_what_cannot_be_fetched_is_closed(
    as_user: AsUser, unknown: Generation, project: Project, bob: User, said: str, words: str, spent: str
):
    assert money(project) == (Decimal("0.4"), 0)
    client = as_user(bob)
    assert words in answer(client, unknown, said)
    unknown.refresh_from_db()
    assert (unknown.status, unknown.actual_cost, money(project)) == (Status.FAILED, Decimal(spent), (0, Decimal(spent)))
    assert "This has been answered in the meantime." in answer(client, unknown, "charged")
    assert money(project) == (0, Decimal(spent))


def test_the_page_tells_what_is_known(as_user: AsUser, unknown: Generation, sora: StandIn, bob: User, vera: User):
    page = as_user(bob).get(reverse("take_look", args=[unknown.pk])).content.decode()
    assert f"<code>{sora.state.charges[0].clip_id}</code>" in page
    assert "$0.40 is set aside for it until you say so." in page
    assert (
        "An editor of the team can say" in as_user(vera).get(reverse("take_look", args=[unknown.pk])).content.decode()
    )
    queue = as_user(bob).get(reverse("queue")).content.decode()
    assert ("Needs a look" in queue, reverse("take_look", args=[unknown.pk]) in queue) == (True, True)


def test_no_answer_and_no_right(as_user: AsUser, unknown: Generation, bob: User, vera: User, mallory: User):
    assert "Choose one of the answers." in answer(as_user(bob), unknown, "perhaps")
    url = reverse("take_look", args=[unknown.pk])
    assert [as_user(person).post(url, {"answer": "charged"}).status_code for person in (vera, mallory)] == [403, 404]
    unknown.refresh_from_db()
    assert unknown.status == Status.UNKNOWN


def test_pictures_nobody_knows_of_are_closed(as_user: AsUser, project: Project, bob: User, vera: User):
    row = ImageGeneration.objects.create(
        project=project, role="reference", provider="openai_images", model_id="gpt-image-2", prompt="x",
        created_by=bob, estimated_cost=Decimal("0.04"), status=Status.UNKNOWN,
    )  # fmt: skip
    budget.reserve([row], project)
    url = reverse("images_look", args=[row.pk])
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
    return 0, out.getvalue()


def test_the_same_from_a_terminal(unknown: Generation, sora: StandIn, advance):
    assert str(unknown.pk) in run("look")[1]
    assert run("look", "999", "--again")[0] == 2
    assert run("look", str(unknown.pk))[0] == 1
    assert run("look", str(unknown.pk), "--made", "video_99")[0] == 1
    assert run("look", str(unknown.pk), "--again") == (0, "It was found and goes on.\n")
    assert advance(advance(unknown)).status == Status.COMPLETED
    assert run("look") == (0, "")


def test_the_doctor_finds_and_mends(unknown: Generation, project: Project, make_take, scene: Scene, tmp_path, settings):
    Budget.objects.filter(project=project).update(spent=Decimal(7))
    take = make_take(scene, status=Status.COMPLETED, clip=b"clip")
    settings.MEDIA_ROOT = tmp_path / "media"
    (tmp_path / "media" / take.clip.name).unlink()
    orphan = tmp_path / "media" / "takes" / "orphan.mp4"
    orphan.write_bytes(b"x" * 100)
    os.utime(orphan, (0, 0))
    code, told = run("doctor")
    assert code == 1
    for words in (
        "No worker is running.",
        "1 need a look",
        "is not what its entries add up to.",
        f"gone from storage: {take.pk}.",
        "1 files in",
    ):
        assert words in told
    code, told = run("doctor", "--fix")
    assert ("mended: The budget of The ferry" in told, orphan.exists(), code) == (True, False, 1)
    assert money(project) == (Decimal("0.4"), 0)
    assert "add up to" not in run("doctor")[1]


def test_the_doctor_releases_what_is_over(unknown: Generation, project: Project):
    Generation.objects.update(status=Status.FAILED)
    assert "is still set aside for take" in run("doctor")[1]
    run("doctor", "--fix")
    assert money(project) == (0, 0)


def test_the_doctor_books_what_a_finished_take_cost(unknown: Generation, project: Project):
    """A take that is over and was never settled is not released for nothing."""
    Generation.objects.update(status=Status.FAILED, actual_cost=Decimal("0.4"))
    assert f"0.4000 is still set aside for take {unknown.pk}, which is over." in run("doctor")[1]
    run("doctor", "--fix")
    assert money(project) == (0, Decimal("0.4"))


def test_the_doctor_compares_what_a_take_cost_with_what_is_booked(unknown: Generation, project: Project, bob: User):
    resolve.was_not_made(unknown, bob)
    Generation.objects.update(actual_cost=Decimal("0.3"))
    assert f"Take {unknown.pk} cost 0.3000; 0.0000 is booked for it." in run("doctor")[1]
    run("doctor", "--fix")
    assert (money(project), list(doctor.ledger())) == ((0, Decimal("0.3")), [])
    Generation.objects.update(actual_cost=Decimal("0.1"))
    (left_to_a_person,) = doctor.ledger()
    assert left_to_a_person.repair is None


def test_the_doctor_counts_the_month_anew(unknown: Generation, project: Project, bob: User):
    resolve.was_charged(unknown, bob)
    Budget.objects.filter(project=project).update(spent_month=0)
    assert "The budget of The ferry is not what its entries add up to." in run("doctor")[1]
    run("doctor", "--fix")
    assert Budget.objects.get(project=project).spent_month == Decimal("0.4")


def test_the_doctor_leaves_a_clip_whose_row_does_not_know_it_yet(unknown: Generation, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    clip = tmp_path / "media" / "takes" / str(unknown.pk) / "clip.mp4"
    clip.parent.mkdir(parents=True)
    clip.write_bytes(b"the only copy")
    os.utime(clip, (0, 0))
    run("doctor", "--fix")
    assert clip.exists()
    Generation.objects.update(status=Status.FAILED)
    run("doctor", "--fix")
    assert not clip.exists()
