"""The remote steps against a provider that keeps its own books: never charged twice, never lost."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db.models.functions import Now

from generation import pipeline
from generation.lease import Lease
from generation.models import Connection, Generation
from generation.pipeline import MAX_ATTEMPTS
from generation.states import Status
from tests.generation import remote

pytestmark = pytest.mark.django_db
Advance = Callable[[Generation], Generation]


def finish_at_the_studio(studio: remote.Studio) -> None:
    for clip in studio.clips.values():
        clip |= {"state": "done", "percent": 100}


def test_from_click_to_clip(remote_take: Generation, studio: remote.Studio, advance: Advance):
    take = advance(remote_take)
    assert (take.status, take.remote_id) == (Status.RUNNING, "clip-1")
    assert (advance(take).status, take.progress) == (Status.RUNNING, 40)
    finish_at_the_studio(studio)
    assert advance(take).status == Status.FETCHING
    take = advance(take)
    assert (take.status, take.actual_cost, take.clip_bytes) == (
        Status.COMPLETED,
        Decimal("0.40"),
        len(studio.content),
    )
    assert studio.charges == ["clip-1"]


def test_a_refusal_is_kept_in_the_providers_words(remote_take: Generation, studio: remote.Studio, advance: Advance):
    studio.faults["submit"] = [400]
    take = advance(remote_take)
    assert (take.status, take.error_kind, take.error_code, take.error_message) == (
        Status.FAILED,
        "moderation",
        "declined",
        "The studio declined the prompt.",
    )
    assert (take.actual_cost, studio.charges) == (0, [])


def test_a_rate_limit_is_waited_out(remote_take: Generation, studio: remote.Studio, advance: Advance):
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
    remote_take: Generation, studio: remote.Studio, advance: Advance, fault: int | str
):
    studio.faults["submit"] = [fault]
    take = advance(remote_take)
    assert (take.status, take.remote_id) == (Status.SUBMITTING, "")
    take = advance(take)
    accepted = fault == "drop"
    assert take.status == (Status.RUNNING if accepted else Status.UNKNOWN)
    assert studio.charges == (["clip-1"] if accepted else [])


def test_a_look_up_that_fails_says_so_and_ends_with_a_person(
    remote_take: Generation, studio: remote.Studio, advance: Advance
):
    studio.faults["submit"] = ["drop"]
    take = advance(remote_take)
    studio.faults["clips"] = [500] * 20
    take = advance(take)
    assert (take.status, take.waiting_for) == (
        Status.SUBMITTING,
        "Looking for it at the provider, which answers: The studio answered 500.",
    )
    looks = 1
    while take.status == Status.SUBMITTING:
        take, looks = advance(take), looks + 1
    assert (take.status, looks, studio.charges) == (Status.UNKNOWN, MAX_ATTEMPTS, ["clip-1"])


def test_a_look_up_that_works_again_adopts(remote_take: Generation, studio: remote.Studio, advance: Advance):
    studio.faults["submit"] = ["drop"]
    studio.faults["clips"] = [500]
    take = advance(advance(advance(remote_take)))
    assert (take.status, take.remote_id, take.waiting_for) == (Status.RUNNING, "clip-1", "")


def test_where_nothing_can_be_looked_up_a_person_decides(
    remote_take: Generation, studio: remote.Studio, advance: Advance
):
    studio.faults["submit"] = ["drop"]
    studio.can_list = False
    take = advance(advance(remote_take))
    assert (take.status, take.actual_cost) == (Status.UNKNOWN, None)
    assert take.error_message == (
        "The provider did not say whether it accepted this clip. Its answer was: The studio hung up."
    )
    assert advance(take).status == Status.UNKNOWN
    assert studio.charges == ["clip-1"]


def test_a_worker_killed_after_the_provider_accepted(
    remote_take: Generation, studio: remote.Studio, advance: Advance, end_lease, monkeypatch: pytest.MonkeyPatch
):
    submit = remote.submit

    def killed_after_the_answer(account, request):
        submit(account, request)
        raise SystemExit

    monkeypatch.setattr(remote, "submit", killed_after_the_answer)
    with pytest.raises(SystemExit):
        advance(remote_take)
    monkeypatch.setattr(remote, "submit", submit)
    remote_take.refresh_from_db()
    assert remote_take.status == Status.SUBMITTING
    assert Lease.claim(remote_take.pk) is None
    end_lease(remote_take)
    take = advance(remote_take)
    assert (take.status, take.remote_id, studio.charges) == (Status.RUNNING, "clip-1", ["clip-1"])


def test_bad_polls_say_nothing_about_the_clip(remote_take: Generation, studio: remote.Studio, advance: Advance):
    take = advance(remote_take)
    studio.faults["check"] = [500, 503, 429, 500]
    for _ in range(4):
        assert advance(take).status == Status.RUNNING
    assert (advance(take).status, take.error_kind) == (Status.RUNNING, "")


def test_a_clip_the_provider_forgot_is_lost_and_not_failed(
    remote_take: Generation, studio: remote.Studio, advance: Advance
):
    take = advance(remote_take)
    studio.clips.clear()
    take = advance(take)
    assert (take.status, take.error_kind) == (Status.UNKNOWN, "lost")


def test_a_failure_at_the_provider(remote_take: Generation, studio: remote.Studio, advance: Advance):
    take = advance(remote_take)
    studio.clips["clip-1"] |= {"state": "failed", "reason": "The picture showed a person."}
    take = advance(take)
    assert (take.status, take.error_kind, take.error_message) == (
        Status.FAILED,
        "moderation",
        "The picture showed a person.",
    )


def test_cancelling_reaches_the_provider(remote_take: Generation, studio: remote.Studio, advance: Advance):
    take = advance(remote_take)
    pipeline.cancel(take)
    assert advance(take).status == Status.CANCELLED
    assert studio.deleted == ["clip-1"]


def test_cancelling_too_late_keeps_the_paid_clip(remote_take: Generation, studio: remote.Studio, advance: Advance):
    take = advance(remote_take)
    finish_at_the_studio(studio)
    assert advance(take).status == Status.FETCHING
    pipeline.cancel(take)
    assert advance(take).status == Status.COMPLETED


@pytest.mark.parametrize("content", [b"", b"<html>Sorry</html>", b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 500])
def test_what_is_not_a_clip_is_fetched_again(
    remote_take: Generation, studio: remote.Studio, advance: Advance, content: bytes, clip_bytes: bytes
):
    take = advance(remote_take)
    finish_at_the_studio(studio)
    advance(take)
    studio.content = content
    take = advance(take)
    assert (take.status, take.clip.name) == (Status.FETCHING, "")
    assert take.error_message.startswith("The clip is made; downloading it did not work yet: ")
    studio.content = clip_bytes
    take = advance(take)
    assert (take.status, take.error_message) == (Status.COMPLETED, "")


def test_a_clip_that_never_arrives_is_left_to_a_person(
    remote_take: Generation, studio: remote.Studio, advance: Advance
):
    take = advance(remote_take)
    finish_at_the_studio(studio)
    advance(take)
    studio.faults["content"] = [500] * pipeline.MAX_ATTEMPTS
    for _ in range(pipeline.MAX_ATTEMPTS - 1):
        assert advance(take).status == Status.FETCHING
    assert advance(take).status == Status.UNKNOWN
    assert studio.charges == ["clip-1"]
