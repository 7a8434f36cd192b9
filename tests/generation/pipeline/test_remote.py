"""The remote steps against a provider that books its own charges: never charged twice, never lost."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from generation import pipeline
from generation.jobs.lease import Lease, LeaseLost
from generation.models import Connection, Generation
from generation.pipeline import MAX_ATTEMPTS, resolve
from generation.providers import registry
from generation.providers.base import Ability, Progress, ProgressState
from generation.states import Status
from teams.models import User
from tests.providers import studio_server

pytestmark = pytest.mark.django_db
Advance = Callable[[Generation], Generation]


def finish_clips(studio: studio_server.Studio) -> None:
    for clip in studio.clips.values():
        clip |= {"state": "done", "percent": 100}


def test_a_remote_take_becomes_a_clip(remote_take: Generation, studio: studio_server.Studio, advance: Advance):
    take = advance(remote_take)
    assert (take.status, take.remote_id) == (Status.RUNNING, "clip-1")
    assert (advance(take).status, take.progress) == (Status.RUNNING, 40)
    finish_clips(studio)
    assert advance(take).status == Status.FETCHING
    take = advance(take)
    assert (take.status, take.actual_cost, take.clip_bytes) == (
        Status.COMPLETED,
        Decimal("0.40"),
        len(studio.content),
    )
    assert studio.charges == ["clip-1"]


def test_a_refusal_keeps_the_providers_message(remote_take: Generation, studio: studio_server.Studio, advance: Advance):
    studio.faults["submit"] = [400]
    take = advance(remote_take)
    assert (take.status, take.error_kind, take.error_code, take.error_message) == (
        Status.FAILED,
        "moderation",
        "declined",
        "The studio declined the prompt.",
    )
    assert (take.actual_cost, studio.charges) == (0, [])


def test_a_rate_limited_take_is_sent_after_the_pause(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    studio.faults["submit"] = [429]
    take = advance(remote_take)
    assert (take.status, take.error_message) == (Status.QUEUED, "Too many requests.")
    assert 6 < (take.next_step_at - take.changed_at).total_seconds() <= 7
    assert advance(take).status == Status.QUEUED
    Connection.objects.update(paused_until=Now())
    assert (advance(take).status, take.error_message) == (Status.RUNNING, "")
    assert studio.charges == ["clip-1"]
    assert Connection.objects.get().refusals == 0


@pytest.mark.parametrize("fault", ["drop", 500])
def test_an_unclear_answer_is_looked_up_and_never_sent_again(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, fault: int | str
):
    studio.faults["submit"] = [fault]
    take = advance(remote_take)
    assert (take.status, take.remote_id) == (Status.SUBMITTING, "")
    take = advance(take)
    accepted = fault == "drop"
    assert take.status == (Status.RUNNING if accepted else Status.UNKNOWN)
    assert studio.charges == (["clip-1"] if accepted else [])


def test_a_failing_look_up_is_shown_and_ends_in_review(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    studio.faults["submit"] = ["drop"]
    take = advance(remote_take)
    studio.faults["clips"] = [500] * 20
    take = advance(take)
    assert (take.status, take.waiting_for) == (
        Status.SUBMITTING,
        "Checking with the provider: The studio answered 500.",
    )
    look_ups = 1
    while take.status == Status.SUBMITTING:
        take, look_ups = advance(take), look_ups + 1
    assert (take.status, look_ups, studio.charges) == (Status.UNKNOWN, MAX_ATTEMPTS, ["clip-1"])


def test_a_look_up_that_recovers_adopts_the_clip(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    studio.faults["submit"] = ["drop"]
    studio.faults["clips"] = [500]
    take = advance(advance(advance(remote_take)))
    assert (take.status, take.remote_id, take.waiting_for) == (Status.RUNNING, "clip-1", "")


def test_without_a_list_an_unclear_answer_needs_review(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, undeclare
):
    studio.faults["submit"] = ["drop"]
    undeclare(Ability.LIST)
    take = advance(advance(remote_take))
    assert (take.status, take.actual_cost) == (Status.UNKNOWN, None)
    assert take.error_message == ("The provider did not confirm this clip. Its answer: The studio hung up.")
    assert advance(take).status == Status.UNKNOWN
    assert studio.charges == ["clip-1"]


def test_a_worker_killed_after_the_provider_accepted_is_adopted(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, end_lease, monkeypatch: pytest.MonkeyPatch
):
    submit = studio_server.submit

    def die_after_the_answer(account, request):
        submit(account, request)
        raise SystemExit

    monkeypatch.setattr(studio_server, "submit", die_after_the_answer)
    with pytest.raises(SystemExit):
        advance(remote_take)
    monkeypatch.setattr(studio_server, "submit", submit)
    remote_take.refresh_from_db()
    assert remote_take.status == Status.SUBMITTING
    assert Lease.claim(remote_take.pk) is None
    end_lease(remote_take)
    take = advance(remote_take)
    assert (take.status, take.remote_id, studio.charges) == (Status.RUNNING, "clip-1", ["clip-1"])


@pytest.fixture
def same_prompt(remote_take: Generation, make_take) -> Generation:
    """Another take of the same scene."""
    fields = ("provider", "connection", "model_id", "prompt", "estimated_cost")
    return make_take(remote_take.scene, **{name: getattr(remote_take, name) for name in fields})


def die_before_sending(take: Generation) -> None:
    """Leave the row in `submitting`, though nothing was sent."""
    Generation.objects.filter(pk=take.pk).update(status=Status.SUBMITTING, submitted_at=Now(), attempt=1)


def test_a_clip_of_another_take_being_sent_is_not_adopted(
    remote_take: Generation, same_prompt: Generation, studio: studio_server.Studio, advance: Advance, monkeypatch
):
    die_before_sending(remote_take)
    submit = studio_server.submit

    def submit_during_a_look_up(account, request):
        remote_id = submit(account, request)
        assert advance(remote_take).status == Status.SUBMITTING
        return remote_id

    monkeypatch.setattr(studio_server, "submit", submit_during_a_look_up)
    assert (advance(same_prompt).remote_id, studio.charges) == ("clip-1", ["clip-1"])
    assert (advance(remote_take).status, remote_take.remote_id) == (Status.UNKNOWN, "")


def test_a_suspended_submit_whose_clip_was_adopted_is_looked_up(
    remote_take: Generation,
    same_prompt: Generation,
    studio: studio_server.Studio,
    advance: Advance,
    end_lease,
    monkeypatch,
):
    die_before_sending(remote_take)
    submit = studio_server.submit

    def submit_past_the_lease(account, request):
        remote_id = submit(account, request)
        end_lease(same_prompt)
        assert advance(remote_take).status == Status.RUNNING
        return remote_id

    monkeypatch.setattr(studio_server, "submit", submit_past_the_lease)
    assert (advance(same_prompt).status, same_prompt.remote_id) == (Status.SUBMITTING, "")
    assert (remote_take.remote_id, studio.charges) == ("clip-1", ["clip-1"])
    assert advance(same_prompt).status == Status.UNKNOWN


def test_failed_polls_do_not_end_the_take(remote_take: Generation, studio: studio_server.Studio, advance: Advance):
    take = advance(remote_take)
    studio.faults["check"] = [500, 503, 429, 500]
    for _ in range(4):
        assert advance(take).status == Status.RUNNING
    assert (advance(take).status, take.error_kind) == (Status.RUNNING, "")


def test_a_clip_unknown_to_the_provider_is_lost_not_failed(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    take = advance(remote_take)
    studio.clips.clear()
    take = advance(take)
    assert (take.status, take.error_kind) == (Status.UNKNOWN, "lost")


def test_a_clip_that_failed_at_the_provider_fails_with_its_reason(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    take = advance(remote_take)
    studio.clips["clip-1"] |= {"state": "failed", "reason": "The picture showed a person."}
    take = advance(take)
    assert (take.status, take.error_kind, take.error_message) == (
        Status.FAILED,
        "moderation",
        "The picture showed a person.",
    )


def test_cancelling_reaches_the_provider(remote_take: Generation, studio: studio_server.Studio, advance: Advance):
    take = advance(remote_take)
    pipeline.cancel(take)
    assert advance(take).status == Status.CANCELLED
    assert studio.deleted == ["clip-1"]


@pytest.mark.parametrize("answer", [409, 404, 500])
def test_a_clip_that_is_gone_after_our_cancel_is_cancelled(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, answer: int
):
    take = advance(remote_take)
    studio.faults["cancel"] = [answer]
    pipeline.cancel(take)
    take = advance(take)
    assert take.status == (Status.CANCELLED if answer == 404 else Status.RUNNING)
    take = advance(take)
    assert (take.status, take.actual_cost, studio.deleted) == (Status.CANCELLED, 0, ["clip-1"])


def test_a_clip_that_was_gone_before_our_cancel_needs_review(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    take = advance(remote_take)
    studio.clips.clear()
    pipeline.cancel(take)
    take = advance(take)
    assert (take.status, take.error_kind, studio.deleted) == (Status.UNKNOWN, "lost", [])


def test_a_finished_clip_is_kept_when_cancelled(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    take = advance(remote_take)
    finish_clips(studio)
    pipeline.cancel(take)
    assert advance(take).status == Status.FETCHING
    take = advance(take)
    assert (take.status, take.actual_cost, studio.deleted) == (Status.COMPLETED, Decimal("0.40"), [])


def test_the_cost_of_a_cancelled_clip_is_booked(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, monkeypatch
):
    take = advance(remote_take)

    async def cancelled(account, remote_id):
        return Progress(ProgressState.CANCELLED, cost=Decimal("0.15"))

    monkeypatch.setattr(studio_server, "check", cancelled)
    take = advance(take)
    assert (take.status, take.actual_cost) == (Status.CANCELLED, Decimal("0.15"))


def test_a_suspended_worker_does_not_send_a_cancelled_take(
    remote_take: Generation, studio: studio_server.Studio, end_lease
):
    suspended = Lease.claim(remote_take.pk)
    assert suspended
    end_lease(remote_take)
    assert pipeline.cancel(remote_take)
    with pytest.raises(LeaseLost):
        pipeline.submit.submit(suspended)
    remote_take.refresh_from_db()
    assert (remote_take.status, studio.charges) == (Status.CANCELLED, [])


# -- Storing the clip's id --------------------------------------------------------------------------------------------


class DatabaseDown:
    """A database that refuses the next `times` writes of a take's row, once the provider has answered."""

    def __init__(self, studio: studio_server.Studio, times: int) -> None:
        self.studio, self.left = studio, times

    def __call__(self, execute, sql, params, many, context):
        if self.studio.charges and self.left and sql.startswith('UPDATE "generation_generation"'):
            self.left -= 1
            raise OperationalError("the database system is starting up")
        return execute(sql, params, many, context)


@pytest.mark.django_db(transaction=True)
def test_the_clip_id_is_stored_once_the_database_is_back(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, undeclare, monkeypatch
):
    monkeypatch.setattr(pipeline.submit, "WRITE_AGAIN_SECONDS", 0.01)
    undeclare(Ability.LIST)
    with connection.execute_wrapper(DatabaseDown(studio, times=3)):
        take = advance(remote_take)
    assert (take.status, take.remote_id, studio.charges) == (Status.RUNNING, "clip-1", ["clip-1"])


@pytest.mark.django_db(transaction=True)
def test_a_clip_id_that_cannot_be_stored_is_logged(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, monkeypatch, caplog
):
    monkeypatch.setattr(pipeline.submit, "WRITE_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(pipeline.submit, "WRITE_FOR_SECONDS", 0.05)
    with connection.execute_wrapper(DatabaseDown(studio, times=1000)), pytest.raises(OperationalError):
        advance(remote_take)
    assert f"Could not store the clip ID of take {remote_take.pk} at its provider: clip-1" in caplog.text


@pytest.mark.parametrize("needs_review", [False, True])
def test_a_clip_id_is_stored_after_the_lease_ran_out(
    remote_take: Generation,
    studio: studio_server.Studio,
    advance: Advance,
    undeclare,
    end_lease,
    monkeypatch,
    needs_review,
):
    undeclare(Ability.LIST)
    submit = studio_server.submit

    def submit_slowly(account, request):
        remote_id = submit(account, request)
        end_lease(remote_take)
        if needs_review:
            advance(remote_take)
        else:
            assert Lease.claim(remote_take.pk)
        return remote_id

    monkeypatch.setattr(studio_server, "submit", submit_slowly)
    take = advance(remote_take)
    assert (take.status, take.remote_id, take.finished_at) == (Status.RUNNING, "clip-1", None)
    finish_clips(studio)
    assert advance(advance(take)).status == Status.COMPLETED


def test_a_clip_id_that_arrives_after_a_decision_is_logged(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, undeclare, end_lease, monkeypatch, caplog
):
    undeclare(Ability.LIST)
    submit = studio_server.submit

    def submit_slowly(account, request):
        remote_id = submit(account, request)
        end_lease(remote_take)
        resolve.mark_not_created(advance(remote_take))
        return remote_id

    monkeypatch.setattr(studio_server, "submit", submit_slowly)
    assert advance(remote_take).status == Status.FAILED
    assert f"The clip ID of take {remote_take.pk} arrived too late to be used: clip-1" in caplog.text


def test_cancelling_too_late_keeps_the_paid_clip(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    take = advance(remote_take)
    finish_clips(studio)
    assert advance(take).status == Status.FETCHING
    pipeline.cancel(take)
    assert advance(take).status == Status.COMPLETED


@pytest.mark.parametrize("content", [b"", b"<html>Sorry</html>", b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 500])
def test_a_download_that_is_not_a_clip_is_tried_again(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, content: bytes, clip_bytes: bytes
):
    take = advance(remote_take)
    finish_clips(studio)
    advance(take)
    studio.content = content
    take = advance(take)
    assert (take.status, take.clip.name) == (Status.FETCHING, "")
    assert take.error_message.startswith("The clip is ready but couldn't be downloaded: ")
    studio.content = clip_bytes
    take = advance(take)
    assert (take.status, take.error_message) == (Status.COMPLETED, "")


def test_a_clip_that_cannot_be_downloaded_needs_review(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    take = advance(remote_take)
    finish_clips(studio)
    advance(take)
    studio.faults["content"] = [500] * pipeline.MAX_ATTEMPTS
    for _ in range(pipeline.MAX_ATTEMPTS - 1):
        assert advance(take).status == Status.FETCHING
    assert advance(take).status == Status.UNKNOWN
    assert studio.charges == ["clip-1"]


# -- Operations that are not declared are never called -----------------------------------------------------------------


@pytest.fixture
def bare(studio: studio_server.Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """The studio's module has only submit, check, fetch and test, and its entry declares nothing."""
    declares_nothing = replace(studio_server.STUDIO, module="tests.providers.bare", abilities=frozenset())
    monkeypatch.setitem(registry.PROVIDERS, "studio", declares_nothing)


@pytest.mark.usefixtures("bare")
def test_a_provider_without_abilities_still_makes_clips(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance
):
    take = advance(remote_take)
    pipeline.cancel(take)
    take = advance(take)
    assert (take.status, take.cancel_requested, studio.deleted) == (Status.RUNNING, False, [])
    finish_clips(studio)
    take = advance(advance(take))
    assert (take.status, bool(take.poster), studio.charges) == (Status.COMPLETED, True, ["clip-1"])


@pytest.mark.usefixtures("bare")
def test_an_unclear_submission_is_resolved_without_a_list(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, as_user, bob: User
):
    studio.faults["submit"] = ["drop"]
    take = advance(advance(remote_take))
    assert (take.status, resolve.check_again(take)) == (Status.UNKNOWN, False)
    page = as_user(bob).get(reverse("take_resolve", args=[take.pk])).content.decode()
    assert "This provider can't list clips." in page
    resolve.use_clip(take, "clip-1")
    finish_clips(studio)
    assert advance(advance(take)).status == Status.COMPLETED


@pytest.mark.usefixtures("bare", "remote_take")
@pytest.mark.parametrize(
    ("options", "message"),
    [((), "Studio doesn't support listing clips."), (("--delete", "clip-9"), "Studio doesn't support deleting clips.")],
)
def test_clips_command_names_what_is_not_supported(run, options: tuple[str, ...], message: str):
    assert message in run("clips", "studio", *options).err


def test_a_failed_download_says_what_failed_and_when_it_is_tried_again(
    as_user: Callable[..., Client], remote_take: Generation, studio: studio_server.Studio, advance: Advance, alice: User
):
    studio.content = b"not a clip"
    advance(remote_take)
    finish_clips(studio)
    for _ in range(2):
        remote_take = advance(remote_take)
    assert remote_take.status == Status.FETCHING
    for page in (reverse("storyboard", args=[remote_take.scene.project_id]), reverse("queue")):
        text = as_user(alice).get(page).content.decode()
        assert "Download failed (1 of 10 tries): " in text
        assert ", next at <time" in text
