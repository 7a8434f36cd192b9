"""The event stream: changes arrive in order, after outages too, and only for members."""

import asyncio
import re
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.db.utils import OperationalError
from django.test import AsyncClient
from django.urls import reverse

from generation.connections import Roster
from generation.models import Generation
from generation.states import Status
from projects import scene_edits
from projects.models import Project, Scene
from storyboard import cards, live
from teams import members
from teams.models import Membership, Team, User

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def change(take: Generation, **changes: object) -> None:
    Generation.objects.filter(pk=take.pk).update(version=F("version") + 1, changed_at=Now(), **changes)


class Stream:
    """One open page, by the messages it was sent."""

    def __init__(self, messages: AsyncIterator[bytes]) -> None:
        self.messages = messages

    async def next(self) -> str:
        return (await asyncio.wait_for(anext(self.messages), 5)).decode()

    async def until(self, text: str) -> str:
        while text not in (message := await self.next()):
            pass
        return message


@asynccontextmanager
async def watching(
    project: Project,
    user: User,
    *,
    feed: live.Feed | None = None,
    page: live.Page = live.Page.STORYBOARD,
    can_edit: bool = True,
    scene_id: int | None = None,
    since: datetime = LONG_AGO,
    session_key: str | None = None,
) -> AsyncIterator[Stream]:
    feed = feed or live.Feed()
    audience = live.Audience(project.pk, page, can_edit, scene_id)
    messages = feed.watch(audience, live.Viewer(project.team_id, user.pk, session_key), since)
    stream = Stream(messages)
    assert await stream.next() == "retry: 500\n\n"
    try:
        yield stream
    finally:
        assert isinstance(messages, AsyncGenerator)
        await messages.aclose()
        if feed.reader:
            feed.reader.cancel()
        for thread in (feed.reading, feed.catching_up, feed.checking):
            await asyncio.get_running_loop().run_in_executor(thread, lambda: connection.close())


async def test_change_is_sent_to_open_pages(project: Project, local_take: Generation, bob: User):
    async with watching(project, bob) as stream:
        await stream.next()
        await sync_to_async(change)(local_take, status=Status.RUNNING, progress=40)
        message = await stream.until("Running 40 %")
    assert re.match(r"id: \d+\.\d{6}\ndata: ", message)
    assert f'id="scene-{local_take.scene_id}"' in message
    assert 'hx-swap-oob="true"' in message


async def test_reconnecting_page_gets_missed_changes(
    project: Project, make_scenes: Callable[..., list[Scene]], make_take, bob: User
):
    def prepare() -> tuple[Generation, datetime]:
        before, missed = (make_take(scene) for scene in make_scenes(2))
        long_before = datetime.now(UTC) - timedelta(hours=2)
        Generation.objects.filter(pk=before.pk).update(changed_at=long_before)
        Scene.objects.update(changed_at=long_before)
        change(missed, status=Status.FAILED)
        return missed, long_before + timedelta(hours=1)

    missed, since = await sync_to_async(prepare)()
    async with watching(project, bob, since=since) as stream:
        message = await stream.next()
    assert re.findall(r'id="scene-(\d+)"', message) == [str(missed.scene_id)]


async def test_viewer_gets_fragments_without_buttons(project: Project, local_take: Generation, vera: User):
    async with watching(project, vera, can_edit=False) as stream:
        message = await stream.next()
    assert f'id="scene-{local_take.scene_id}"' in message
    assert "take_cancel" not in message
    assert "<button" not in message


async def test_scene_page_gets_only_its_own_scene(
    project: Project, make_scenes: Callable[..., list[Scene]], make_take, bob: User
):
    mine, other = [await sync_to_async(make_take)(scene) for scene in await sync_to_async(make_scenes)(2)]
    async with watching(project, bob, page=live.Page.SCENE, scene_id=mine.scene_id) as stream:
        first = await stream.next()
        await sync_to_async(change)(other, progress=50)
        await sync_to_async(change)(mine, status=Status.RUNNING, progress=60)
        second = await stream.until("Running 60 %")
    assert f"takes-{mine.scene_id}" in first
    assert f"takes-{other.scene_id}" not in first + second


async def test_storyboard_gets_the_new_order(project: Project, make_scenes: Callable[..., list[Scene]], bob: User):
    first, second = await sync_to_async(make_scenes)(2)
    async with watching(project, bob) as stream:
        await stream.until(f"event: order\ndata: {first.pk} {second.pk}")
        await sync_to_async(scene_edits.move)(second, after=None)
        await stream.until(f"event: order\ndata: {second.pk} {first.pk}")


async def test_change_committed_late_is_sent(project: Project, local_take: Generation, bob: User):
    """Commits come in another order than their times: a row may appear with a time that has been read past."""
    async with watching(project, bob) as stream:
        await stream.next()
        await sync_to_async(change)(local_take, progress=1)
        await stream.next()
        late = Generation.objects.filter(pk=local_take.pk)
        await late.aupdate(
            version=F("version") + 1, changed_at=Now() - timedelta(seconds=1), status=Status.RUNNING, progress=77
        )
        await stream.until("Running 77 %")


async def test_change_is_rendered_once_for_all_viewers(
    project: Project, local_take: Generation, bob: User, alice: User, monkeypatch: pytest.MonkeyPatch
):
    rendered = []
    render = live.render_fragments

    def counting(scene_ids, *, page, can_edit):
        rendered.append(set(scene_ids))
        return render(scene_ids, page=page, can_edit=can_edit)

    feed = live.Feed()
    async with watching(project, bob, feed=feed) as first, watching(project, alice, feed=feed) as second:
        await first.next()
        await second.next()
        await asyncio.sleep(3 * live.READ_EVERY_SECONDS)
        monkeypatch.setattr(live, "render_fragments", counting)
        await sync_to_async(change)(local_take, status=Status.RUNNING, progress=33)
        assert await first.until("Running 33 %") == await second.until("Running 33 %")
    assert rendered == [{local_take.scene_id}]


async def test_stream_survives_a_database_outage(
    project: Project, local_take: Generation, bob: User, monkeypatch: pytest.MonkeyPatch
):
    async with watching(project, bob) as stream:
        await stream.next()
        real = live.Feed._read_changes
        outages = iter([OperationalError("gone"), OperationalError("still gone")])

        def flaky(self: live.Feed) -> live.Changes:
            for outage in outages:
                raise outage
            return real(self)

        monkeypatch.setattr(live.Feed, "_read_changes", flaky)
        await sync_to_async(change)(local_take, status=Status.RUNNING, progress=21)
        await stream.until("Running 21 %")


async def test_a_project_that_cannot_be_rendered_does_not_stop_others(
    project: Project, local_take: Generation, make_take, bob: User, monkeypatch: pytest.MonkeyPatch, caplog
):
    """The broken project is the first to be rendered, and its page stays open."""

    def prepare() -> Generation:
        theirs = Project.objects.create(team=project.team, title="Theirs", created_by=bob)
        return make_take(Scene.objects.create(project=theirs, position=1, title="Broken", duration=Decimal(1)))

    broken = await sync_to_async(prepare)()
    real = cards.build_card

    def build_card(scene: Scene, roster: Roster) -> object:
        if scene.title == "Broken":
            raise ArithmeticError("A price without end.")
        return real(scene, roster)

    feed, since = live.Feed(), datetime.now(UTC) + timedelta(hours=1)
    async with (
        watching(broken.scene.project, bob, feed=feed, since=since) as theirs,
        watching(project, bob, feed=feed) as ours,
    ):
        await theirs.next()
        await ours.next()
        monkeypatch.setattr(live, "build_card", build_card)
        await sync_to_async(change)(broken, progress=10)
        await theirs.until(": not rendered")
        await sync_to_async(change)(local_take, status=Status.RUNNING, progress=64)
        await ours.until("Running 64 %")
        monkeypatch.undo()
        await sync_to_async(change)(broken, status=Status.RUNNING, progress=12)
        await theirs.until("Running 12 %")
    assert "Live updates of project" in caplog.text


async def test_removed_member_is_disconnected(
    project: Project, local_take: Generation, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live, "MEMBERSHIP_EVERY_SECONDS", 0.1)
    async with watching(project, bob) as stream:
        await stream.next()
        member = await Membership.objects.select_related("user", "team").aget(user=bob)
        await sync_to_async(members.remove)(member, alice)
        with pytest.raises(StopAsyncIteration):
            await stream.until("nothing that will ever come")


async def test_role_change_ends_the_stream(
    project: Project, local_take: Generation, bob: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live, "MEMBERSHIP_EVERY_SECONDS", 0.1)
    async with watching(project, bob) as stream:
        await stream.next()
        await Membership.objects.filter(user=bob).aupdate(role="viewer")
        with pytest.raises(StopAsyncIteration):
            await stream.until("nothing that will ever come")


async def test_newly_required_second_factor_ends_the_stream(
    project: Project, bob: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live, "MEMBERSHIP_EVERY_SECONDS", 0.1)
    async with watching(project, bob) as stream:
        await stream.next()
        await sync_to_async(Team.objects.update)(requires_second_factor=True)
        with pytest.raises(StopAsyncIteration):
            await stream.until("nothing that will ever come")


async def test_signing_out_ends_the_stream(project: Project, bob: User, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "MEMBERSHIP_EVERY_SECONDS", 0.1)
    session = SessionStore()
    await session.asave()
    async with watching(project, bob, session_key=session.session_key) as stream:
        await stream.next()
        await session.adelete()
        with pytest.raises(StopAsyncIteration):
            await stream.until("nothing that will ever come")


async def test_deleting_the_project_ends_the_stream(
    project: Project, local_take: Generation, bob: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live, "MEMBERSHIP_EVERY_SECONDS", 0.1)
    async with watching(project, bob) as stream:
        await stream.next()
        await Project.objects.aupdate(deleted_at=Now())
        with pytest.raises(StopAsyncIteration):
            await stream.until("nothing that will ever come")


async def test_row_from_a_fast_clock_does_not_block_updates(project: Project, local_take: Generation, bob: User):
    await Generation.objects.aupdate(changed_at=Now() + timedelta(hours=1), version=7)
    async with watching(project, bob, since=datetime.now(UTC) + timedelta(hours=1)) as stream:
        await stream.next()
        await sync_to_async(change)(local_take, status=Status.RUNNING, progress=55)
        await stream.until("Running 55 %")


async def test_server_shutdown_ends_every_stream(project: Project, local_take: Generation, bob: User):
    feed = live.Feed()
    async with watching(project, bob, feed=feed) as stream:
        feed.close()
        with pytest.raises(StopAsyncIteration):
            await stream.until("nothing that will ever come")
    assert [
        message async for message in feed.watch(live.Audience(1, live.Page.SCENE, True), live.Viewer(1, 1), LONG_AGO)
    ] == []


async def test_slow_reader_is_disconnected():
    viewer = live.Viewer(team_id=1, user_id=1)
    for _ in range(live.BACKLOG + 1):
        viewer.send(b"x")
    assert (viewer.inbox.qsize(), viewer.inbox.get_nowait()) == (1, None)


async def test_feed_stops_reading_without_viewers(project: Project, bob: User):
    feed = live.Feed()
    async with watching(project, bob, feed=feed):
        assert feed.reader
        reader = feed.reader
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert feed.audiences == {}


@pytest.mark.parametrize("name", ["project_stream", "scene_stream"])
async def test_only_members_can_open_streams(scene: Scene, vera: User, mallory: User, name: str):
    url = reverse(name, args=[scene.project_id if name == "project_stream" else scene.pk])
    client = AsyncClient()
    assert (await client.get(url)).status_code == 302
    await sync_to_async(client.force_login)(mallory)
    assert (await client.get(url)).status_code == 404
    await sync_to_async(client.force_login)(vera)
    response = await client.get(url)
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    assert (await client.get(url + "?since=soon")).status_code == 400


async def test_a_page_that_missed_many_changes_is_told_to_load_again(
    project: Project, scene: Scene, bob: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live, "CATCH_UP_SCENES", 0)
    async with watching(project, bob) as stream:
        first = await stream.next()
        assert re.sub(r"id: [\d.]+", "id: now", first) == "event: reload\nid: now\ndata: too much has changed\n\n"


async def test_a_session_opens_so_many_pages_and_others_open_theirs(
    project: Project, scene: Scene, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live, "STREAMS_PER_SESSION", 1)
    feed = live.Feed()
    async with watching(project, bob, feed=feed, session_key="bob"):
        audience = live.Audience(project.pk, live.Page.STORYBOARD, True)
        second = live.Viewer(project.team_id, bob.pk, "bob")
        assert not feed.has_room("bob")
        assert [message async for message in feed.watch(audience, second, LONG_AGO)] == []
        async with watching(project, alice, feed=feed, session_key="alice") as stream:
            await stream.until("event: order")
    assert feed.has_room("bob")


async def test_a_stream_too_many_is_refused(project: Project, vera: User, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "STREAMS_PER_SESSION", 0)
    client = AsyncClient()
    await sync_to_async(client.force_login)(vera)
    response = await client.get(reverse("project_stream", args=[project.pk]))
    assert (response.status_code, response.content.decode()) == (
        429,
        "Too many pages are open. Close some to see changes here.",
    )


async def test_others_read_on_and_members_are_dropped_while_one_catches_up(
    project: Project, local_take: Generation, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(live, "MEMBERSHIP_EVERY_SECONDS", 0.1)
    feed, hold, real = live.Feed(), threading.Event(), live._catch_up

    def slow(audience: live.Audience, since: datetime) -> bytes:
        hold.wait(10)
        return real(audience, since)

    async with watching(project, bob, feed=feed) as stream:
        await stream.next()
        monkeypatch.setattr(live, "_catch_up", slow)
        async with watching(project, alice, feed=feed) as waiting:
            late = asyncio.create_task(waiting.next())
            await sync_to_async(change)(local_take, status=Status.RUNNING, progress=44)
            await stream.until("Running 44 %")
            await Membership.objects.filter(user=bob).aupdate(role="viewer")
            with pytest.raises(StopAsyncIteration):
                await stream.until("nothing that will ever come")
            assert not late.done()
            hold.set()
            await late
