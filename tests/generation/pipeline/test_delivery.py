"""What is bought is compared with what was ordered; what browsers don't play gets a copy that they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db.models.functions import Now
from django.urls import reverse

from core.decoding import gate
from generation import pipeline, tasks
from generation.billing import budget
from generation.jobs import dispatch
from generation.media import storage
from generation.media.probe import inspect_clip
from generation.models import Generation, LedgerEntry, selected_take
from generation.pipeline import MAX_ATTEMPTS, browser_copies, resolve
from generation.states import Status
from teams.models import User
from tests.clips import make_clip
from tests.providers import studio_server

pytestmark = pytest.mark.django_db
Advance = Callable[[Generation], Generation]
Deliver = Callable[..., Generation]


@pytest.fixture
def deliver(
    remote_take: Generation, studio: studio_server.Studio, advance: Advance, tmp_path: Path
) -> Callable[..., Generation]:
    """Call it to let the provider finish the take, ordered as 1 s of 320x180, with this clip."""

    def deliver(name: str = "clip.mp4", content: bytes | None = None, **options: Any) -> Generation:
        studio.finishes = True
        studio.content = make_clip(tmp_path / name, **options).read_bytes() if content is None else content
        budget.reserve([remote_take], remote_take.scene.project)
        return advance(advance(advance(remote_take)))

    return deliver


def booked(take: Generation) -> tuple[Decimal | int, Decimal | int]:
    """What the ledger holds and what it has spent on the take."""
    entries = LedgerEntry.objects.filter(take=take)
    return sum(entry.reserved for entry in entries), sum(entry.spent for entry in entries)


def test_a_clip_as_ordered_has_no_differences_and_needs_no_copy(deliver: Deliver):
    take = deliver()
    assert (take.status, take.differences, take.copy_due_at) == (Status.COMPLETED, [], None)
    assert take.order.summary == {"width": 320, "height": 180, "seconds": "1.0", "fps": None, "codec": None}
    assert take.info
    assert take.info.summary == {"width": 320, "height": 180, "seconds": "1.000", "fps": "24", "codec": "h264"}


@pytest.mark.parametrize(
    ("options", "differences"),
    [
        ({"size": (160, 90)}, ["Asked for 320x180, got 160x90."]),
        ({"size": (180, 320)}, ["Asked for landscape 320x180, got portrait 180x320."]),
        ({"turn": 90}, ["Asked for landscape 320x180, got portrait 180x320."]),
        ({"frames": 15}, ["Asked for 1 s, got 0.625 s."]),
        ({"frames": 48}, ["Asked for 1 s, got 2 s."]),
    ],
)
def test_differences_are_stored_and_the_take_is_done(deliver: Deliver, options, differences: list[str]):
    take = deliver(**options)
    assert (take.status, take.differences, booked(take)) == (Status.COMPLETED, differences, (0, Decimal("0.40")))


@pytest.mark.parametrize("audio", [True, False])
def test_sound_is_compared_where_it_was_ordered(deliver: Deliver, remote_take: Generation, audio: bool):
    Generation.objects.filter(pk=remote_take.pk).update(inputs={"audio": audio})
    assert deliver().differences == (["Asked for sound, got none."] if audio else [])


def test_a_rate_of_23_976_stays_exact(deliver: Deliver):
    take = deliver(rate=Fraction(24000, 1001))
    assert take.info
    assert (take.info.fps, take.media["fps"], take.fps) == (Fraction(24000, 1001), "24000/1001", 24)


def test_a_webm_is_accepted_and_plays_as_it_is(deliver: Deliver):
    take = deliver("clip.webm", codec="libvpx")
    assert (take.status, take.copy_due_at, take.download_name) == (Status.COMPLETED, None, "01-scene-1-take-1.webm")


# -- Far from the order ------------------------------------------------------------------------------------------------


def test_less_than_half_needs_review_with_the_file_and_the_hold(deliver: Deliver, studio: studio_server.Studio):
    take = deliver(frames=1)
    assert (take.status, take.error_kind, take.error_message) == (
        Status.UNKNOWN,
        "incomplete",
        "Asked for 1 s, got 0.042 s.",
    )
    assert (take.actual_cost, booked(take), take.is_selected) == (None, (Decimal("0.40"), 0), False)
    assert (take.clip.size, bool(take.poster)) == (len(studio.content), True)
    assert studio.charges == ["clip-1"]


def test_a_file_without_a_frame_is_kept_after_the_last_attempt(
    deliver: Deliver, advance: Advance, studio: studio_server.Studio
):
    take = deliver(content=b"\x00\x00\x00\x18ftypmp42" + bytes(500))
    for _ in range(MAX_ATTEMPTS - 2):
        take = advance(take)
        assert (take.status, take.clip.name) == (Status.FETCHING, "")
    take = advance(take)
    assert (take.status, take.error_message) == (
        Status.UNKNOWN,
        "The provider's file is no clip: it cannot be decoded.",
    )
    with take.clip.open("rb") as kept:
        assert kept.read() == studio.content
    assert (take.media, booked(take)) == ({}, (Decimal("0.40"), 0))


def test_a_short_clip_is_accepted_as_it_is(deliver: Deliver, bob: User):
    take = deliver(frames=1)
    resolve.accept_clip(take, bob)
    with pytest.raises(ValidationError, match="already been resolved"):
        resolve.accept_clip(take, bob)
    take.refresh_from_db()
    assert (take.status, take.actual_cost, booked(take)) == (Status.COMPLETED, Decimal("0.40"), (0, Decimal("0.40")))
    assert (take.differences, selected_take(take.scene)) == (["Asked for 1 s, got 0.042 s."], take)


@pytest.mark.parametrize(
    ("decide", "spent", "message"),
    [
        (resolve.mark_not_created, 0, "Marked as refunded. Asked for 1 s, got 0.042 s."),
        (resolve.mark_charged, Decimal("0.40"), "Marked as charged, not usable. Asked for 1 s, got 0.042 s."),
    ],
)
def test_a_reported_clip_stays_with_its_take(deliver: Deliver, bob: User, decide, spent, message: str):
    take = deliver(frames=1)
    decide(take, bob)
    take.refresh_from_db()
    assert (take.status, booked(take), take.error_message) == (Status.FAILED, (0, spent), message)
    assert default_storage.exists(take.clip.name)


def test_check_again_downloads_the_clip_again(deliver: Deliver, advance: Advance, studio, clip_bytes: bytes):
    take = deliver(frames=1)
    studio.content = clip_bytes
    assert resolve.check_again(take)
    take = advance(advance(take))
    assert (take.status, take.clip_bytes, booked(take)) == (Status.COMPLETED, len(clip_bytes), (0, Decimal("0.40")))
    assert studio.charges == ["clip-1"]


def test_the_page_offers_to_accept_or_report_a_short_clip(deliver: Deliver, as_user, bob: User, vera: User):
    take = deliver(frames=1)
    url = reverse("take_resolve", args=[take.pk])
    page = as_user(bob).get(url).content.decode()
    for words in (
        "Asked for 1 s, got 0.042 s.",
        "$0.40 is on hold",
        "Accept as it is",
        "Refunded",
        "Download the file",
    ):
        assert words in page
    strip = as_user(vera).get(reverse("scene_page", args=[take.scene_id])).content.decode()
    assert f"{reverse('take_clip', args=[take.pk])}?v={take.files_version}&amp;download" in strip
    as_user(bob).post(url, {"answer": "accept"})
    take.refresh_from_db()
    assert take.status == Status.COMPLETED


def test_a_take_without_a_file_cannot_be_accepted(remote_take: Generation, as_user, bob: User):
    Generation.objects.filter(pk=remote_take.pk).update(status=Status.UNKNOWN)
    url = reverse("take_resolve", args=[remote_take.pk])
    assert "Accept as it is" not in as_user(bob).get(url).content.decode()
    answer = as_user(bob).post(url, {"answer": "accept"}, follow=True).content.decode()
    remote_take.refresh_from_db()
    assert ("There is no clip to accept." in answer, remote_take.status) == (True, Status.UNKNOWN)


# -- The copy for browsers ---------------------------------------------------------------------------------------------


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What is handed to the queues."""
    messages: list[tuple[Any, ...]] = []
    monkeypatch.setattr(dispatch, "async_task", lambda task, *args, cluster: messages.append((task, *args, cluster)))
    return messages


def test_what_browsers_do_not_play_gets_a_copy_beside_the_clip(deliver: Deliver, studio, sent):
    take = deliver(codec="libx265")
    assert (take.status, take.is_playable, take.browser_copy.name) == (Status.COMPLETED, False, "")
    sent.clear()
    assert (dispatch.dispatch_new_work(), sent) == (1, [("generation.tasks.make_copy", take.pk, "media")])
    assert dispatch.dispatch_new_work() == 0
    before = take.version, take.files_version
    tasks.make_copy(take.pk)
    take.refresh_from_db()
    assert (take.is_playable, take.copy_due_at, take.copy_error) == (True, None, "")
    assert inspect_clip(Path(take.browser_copy.path)).info.plays_in_browsers
    assert (Path(take.clip.path).read_bytes(), take.version) == (studio.content, before[0] + 1)
    assert take.files_version != before[1], "browsers keep what they got from the old address"


def test_one_copy_is_made_at_a_time(deliver: Deliver, make_take, sent):
    take = deliver(codec="libx265")
    other = make_take(take.scene, status=Status.COMPLETED, clip=b"clip", copy_due_at=Now() + timedelta(seconds=9))
    sent.clear()
    assert dispatch.dispatch_new_work() == 0
    Generation.objects.filter(pk=other.pk).update(copy_due_at=None)
    assert dispatch.dispatch_new_work() == 1


def test_a_copy_whose_worker_was_killed_is_made_again(deliver: Deliver, sent, monkeypatch: pytest.MonkeyPatch):
    take = deliver(codec="libx265")

    def die(*args: Any, **options: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(browser_copies, "decode_clip", die)
    with pytest.raises(SystemExit):
        pipeline.make_copy(take.pk)
    monkeypatch.undo()
    assert dispatch.dispatch_new_work() == 0
    Generation.objects.filter(pk=take.pk).update(copy_due_at=Now() - timedelta(seconds=1))
    pipeline.make_copy(take.pk)
    take.refresh_from_db()
    assert (take.is_playable, take.copy_attempt) == (True, 2)


def test_a_copy_that_kills_its_workers_is_given_up(deliver: Deliver):
    take = deliver(codec="libx265")
    Generation.objects.filter(pk=take.pk).update(copy_attempt=browser_copies.MAX_ATTEMPTS)
    pipeline.make_copy(take.pk)
    take.refresh_from_db()
    assert (take.status, take.copy_due_at) == (Status.COMPLETED, None)
    assert take.copy_error == "There is no version for browsers: converting it was cut short 3 times."


def test_a_failed_copy_is_named_and_leaves_the_take_as_it_is(
    deliver: Deliver, as_user, vera: User, monkeypatch: pytest.MonkeyPatch
):
    take = deliver(codec="libx265")
    monkeypatch.setattr(browser_copies, "LIMITS", replace(browser_copies.LIMITS, wall_seconds=0))
    pipeline.make_copy(take.pk)
    take.refresh_from_db()
    assert (take.status, take.browser_copy.name, booked(take)) == (Status.COMPLETED, "", (0, Decimal("0.40")))
    page = as_user(vera).get(reverse("scene_page", args=[take.scene_id])).content.decode()
    assert (
        "There is no version for browsers: converting it takes too long or too much memory. "
        "Download the clip to watch it." in page
    )


def test_a_worker_that_was_suspended_writes_no_copy(deliver: Deliver, monkeypatch: pytest.MonkeyPatch):
    take = deliver(codec="libx265")
    decode = gate.decode_clip

    def wake_up_late(*args: Any, **options: Any) -> None:
        monkeypatch.setattr(browser_copies, "decode_clip", decode)
        pipeline.make_copy(take.pk)
        decode(*args, **options)

    monkeypatch.setattr(browser_copies, "decode_clip", wake_up_late)
    pipeline.make_copy(take.pk)
    take.refresh_from_db()
    assert (take.copy_attempt, take.is_playable, take.copy_due_at) == (2, True, None)


def test_a_full_disk_delays_the_copy(deliver: Deliver, monkeypatch: pytest.MonkeyPatch):
    take = deliver(codec="libx265")

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "store_browser_copy", full)
    for _ in range(browser_copies.MAX_ATTEMPTS):
        take.refresh_from_db()
        assert take.copy_error == ""
        pipeline.make_copy(take.pk)
    take.refresh_from_db()
    assert take.copy_error == "The version for browsers can't be stored: No space left on device."


# -- Where it shows ----------------------------------------------------------------------------------------------------


def test_differences_show_on_the_board_the_scene_and_in_costs(deliver: Deliver, as_user, vera: User, bob: User):
    take = deliver(size=(160, 90))
    client = as_user(vera)
    board = client.get(reverse("storyboard", args=[take.scene.project_id])).content.decode()
    assert 'title="Asked for 320x180, got 160x90.">Not as ordered</span>' in board
    scene = client.get(reverse("scene_page", args=[take.scene_id])).content.decode()
    assert ("Asked for 320x180, got 160x90." in scene, "160x90 · 24 fps" in scene) == (True, True)
    costs = client.get(reverse("costs")).content.decode()
    assert ("The ferry: take 1 of “Scene 1”" in costs, "Asked for 320x180, got 160x90." in costs) == (True, True)
    rows = client.get(reverse("costs") + "?format=csv").content.decode().splitlines()
    assert (rows[0].split(",")[-1], rows[1].split(",")[-2:]) == (
        "differences from the order",
        ['"Asked for 320x180', ' got 160x90."'],
    )
