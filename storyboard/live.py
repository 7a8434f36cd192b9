"""The change feed of one web process: it reads changed rows and sends fragments to open pages.

One task reads five times a second, and only while a page is open. Every changed scene is rendered once per kind of page
and role, for any number of viewers. Rows become visible in the order of their commits, which is not the order of
`changed_at`: each read goes back by OVERLAP and drops the rows it has already seen. A page that connects, for the first
time or after an outage, first gets every scene that changed since it was rendered. Delivery is at least once; fragments
replace the whole scene, so repeats are harmless. Reading, catching up and checking access have a thread each: no visitor
who asks for much delays the others, or the end of a stream whose viewer has lost access.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.contrib.sessions.models import Session
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.template.loader import render_to_string

from generation.connections import Roster, roster_for
from generation.models import Generation, with_takes
from projects.models import Project, Scene
from storyboard.cards import build_card, build_strip
from teams.models import Membership, Role

logger = logging.getLogger(__name__)

READ_EVERY_SECONDS = 0.2
OVERLAP = timedelta(seconds=3)
MEMBERSHIP_EVERY_SECONDS = 5.0
PING_EVERY_SECONDS = 15.0
#: A viewer with this many unsent messages is disconnected; it reconnects and catches up.
BACKLOG = 200
#: Open pages of one session, by process. A hidden page closes its stream.
STREAMS_PER_SESSION = 30
#: A page that has missed changes to more scenes than this is told to load the board again.
CATCH_UP_SCENES = 24


class Page(StrEnum):
    """The pages with an event stream; each shows a scene in its own fragment."""

    STORYBOARD = "storyboard"
    TABLE = "table"
    SCENE = "scene"


FRAGMENTS = {
    Page.STORYBOARD: "storyboard/_scene_card.html",
    Page.TABLE: "storyboard/_table_row.html",
    Page.SCENE: "storyboard/_takes.html",
}


def render_fragments(scene_ids: Iterable[int], *, page: Page, can_edit: bool) -> str:
    # Out-of-band HTML of these scenes for this page, from the templates that the page itself includes.
    scenes = list(with_takes(Scene.objects.live().filter(pk__in=scene_ids)))
    context = {"can_edit": can_edit, "oob": True}
    rosters = {team_id: roster_for(team_id) for team_id in {scene.project.team_id for scene in scenes}}
    parts = [(scene, rosters[scene.project.team_id]) for scene in scenes]
    return "".join(
        render_to_string(FRAGMENTS[page], context | fragment_context(scene, page, roster)) for scene, roster in parts
    )


def fragment_context(scene: Scene, page: Page, roster: Roster) -> dict[str, Any]:
    # The template context of a scene's fragment on this page.
    return {"strip": build_strip(scene, roster)} if page == Page.SCENE else {"card": build_card(scene, roster)}


def stream_cursor(scenes: Iterable[Scene]) -> str:
    """The time of the newest change of these scenes and their takes, where the page's event stream starts.

    Seconds of the database's clock; "0" without scenes.
    """
    times: list[datetime] = [scene.changed_at for scene in scenes]
    times += [take.changed_at for scene in scenes for take in scene.takes.all()]
    return f"{max(times).timestamp():.6f}" if times else "0"


def format_event(data: str, name: str = "message", cursor: datetime | None = None) -> bytes:
    lines = [f"event: {name}"] if name != "message" else []
    if cursor is not None:
        lines.append(f"id: {cursor.timestamp():.6f}")
    lines += [f"data: {line}" for line in data.splitlines()]
    return ("\n".join(lines) + "\n\n").encode()


@dataclass(frozen=True)
class Audience:
    """Viewers who see the same: one message serves all of them."""

    project_id: int
    page: Page
    can_edit: bool
    #: On a scene page, the one scene it shows.
    scene_id: int | None = None

    def select_scenes(self, scene_ids: set[int]) -> set[int]:
        return scene_ids if self.scene_id is None else scene_ids & {self.scene_id}


@dataclass(eq=False)
class Viewer:
    """One open page."""

    team_id: int
    user_id: int
    #: Signing out of this session ends the stream; None for a stream without a session.
    session_key: str | None = None
    inbox: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(BACKLOG))

    def send(self, message: bytes) -> None:
        try:
            self.inbox.put_nowait(message)
        except asyncio.QueueFull:
            self.cut_off()

    def cut_off(self) -> None:
        # End the stream. The page reconnects by itself: if it still has access, it catches up.
        while not self.inbox.empty():
            self.inbox.get_nowait()
        self.inbox.put_nowait(None)


Seen = dict[tuple[str, int], tuple[Any, datetime]]


@dataclass(frozen=True)
class Changes:
    """The result of one read: changed scenes by project, and the projects whose order of scenes may have changed."""

    scenes: dict[int, set[int]]
    reordered: set[int]
    cursor: datetime
    seen: Seen


class Feed:
    """Belongs to one event loop. Its queries run on threads of its own, which keep their database connections."""

    def __init__(self) -> None:
        self.audiences: dict[Audience, set[Viewer]] = defaultdict(set)
        self.seen: Seen = {}
        self.cursor: datetime | None = None
        self.reader: asyncio.Task[None] | None = None
        self.reading, self.catching_up, self.checking = (
            ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"live-{work}")
            for work in ("reading", "catching-up", "checking")
        )
        self.closed = False

    def close(self) -> None:
        # End every open stream and refuse new ones; called when the server stops.
        self.closed = True
        for viewer in self._viewers():
            viewer.cut_off()

    def has_room(self, session_key: str | None) -> bool:
        """Whether this session may open another page."""
        opened = sum(viewer.session_key == session_key for viewer in self._viewers())
        return session_key is None or opened < STREAMS_PER_SESSION

    async def watch(self, audience: Audience, viewer: Viewer, since: datetime) -> AsyncIterator[bytes]:
        # Messages for `viewer`, until it disconnects or loses access.
        if self.closed or not self.has_room(viewer.session_key):
            return
        self.audiences[audience].add(viewer)
        if self.reader is None or self.reader.done():
            self.reader = asyncio.create_task(self._run())
        try:
            yield b"retry: 500\n\n"
            yield await _on(self.catching_up, _catch_up, audience, since)
            while True:
                try:
                    message = await asyncio.wait_for(viewer.inbox.get(), PING_EVERY_SECONDS)
                except TimeoutError:
                    message = b": ping\n\n"
                if message is None:
                    return
                yield message
        finally:
            self.audiences[audience].discard(viewer)
            if not self.audiences[audience]:
                del self.audiences[audience]

    def _viewers(self) -> list[Viewer]:
        return [viewer for viewers in self.audiences.values() for viewer in viewers]

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                access = tasks.create_task(self._repeat(self._drop_former_members, MEMBERSHIP_EVERY_SECONDS))
                await self._repeat(self._read_once, READ_EVERY_SECONDS)
                access.cancel()
        finally:
            self.cursor = None
            self.seen = {}
            # Viewers are left only after an unexpected error. Their pages reconnect, which starts a new task.
            for viewer in self._viewers():
                viewer.cut_off()

    async def _repeat(self, step: Callable[[], Awaitable[None]], every: float) -> None:
        reachable = True
        while self.audiences:
            try:
                await step()
                reachable = True
            # `cursor` and `seen` are set after a complete read only: the next read repeats this one.
            except (OperationalError, InterfaceError) as error:
                if reachable:
                    logger.warning("Live updates are waiting for the database: %s", error)
                reachable = False
            await asyncio.sleep(every)

    async def _read_once(self) -> None:
        messages = await _on(self.reading, self._build_messages, list(self.audiences))
        for audience, message in messages.items():
            for viewer in tuple(self.audiences.get(audience, ())):
                viewer.send(message)

    async def _drop_former_members(self) -> None:
        """Disconnect viewers who left the team, changed role, lack the second factor or signed out.

        Also viewers of deleted projects.
        """
        teams = {viewer.team_id for viewer in self._viewers()}
        sessions = {viewer.session_key for viewer in self._viewers() if viewer.session_key is not None}
        editing, deleted, open_sessions = await _on(
            self.checking, _load_access, teams, {audience.project_id for audience in self.audiences}, sessions
        )
        for audience, viewers in tuple(self.audiences.items()):
            for viewer in tuple(viewers):
                can_edit = editing.get((viewer.team_id, viewer.user_id))  # None: no longer a member
                signed_out = viewer.session_key is not None and viewer.session_key not in open_sessions
                if can_edit != audience.can_edit or audience.project_id in deleted or signed_out:
                    viewer.cut_off()

    # -- On the thread -------------------------------------------------------------------------------------------------

    def _build_messages(self, audiences: list[Audience]) -> dict[Audience, bytes]:
        close_old_connections()
        changes = self._read_changes()
        messages = {}
        for audience in audiences:
            if scene_ids := audience.select_scenes(changes.scenes.get(audience.project_id, set())):
                reordered = audience.project_id in changes.reordered
                messages[audience] = _build_isolated(audience, scene_ids, with_order=reordered, cursor=changes.cursor)
        self.cursor, self.seen = changes.cursor, changes.seen
        return messages

    def _read_changes(self) -> Changes:
        now = database_now()
        cursor = self.cursor or now
        since = min(cursor, now) - OVERLAP
        takes = Generation.objects.filter(changed_at__gt=since).values_list(
            "pk", "version", "changed_at", "scene_id", "scene__project_id"
        )
        scenes = Scene.objects.filter(changed_at__gt=since).values_list("pk", "changed_at", "project_id")
        rows: list[tuple[tuple[str, int], Any, datetime, int, int]] = [
            (("take", pk), version, at, scene, project) for pk, version, at, scene, project in takes
        ]
        rows += [(("scene", pk), at, at, pk, project) for pk, at, project in scenes]
        changed: dict[int, set[int]] = defaultdict(set)
        reordered: set[int] = set()
        seen: Seen = {}
        for key, state, changed_at, scene_id, project_id in rows:
            seen[key] = (state, changed_at)
            # A row written while the database's clock ran ahead must not move the cursor into the future.
            cursor = max(cursor, min(changed_at, now))
            if self.seen.get(key) != seen[key]:
                changed[project_id].add(scene_id)
                if key[0] == "scene":
                    reordered.add(project_id)
        return Changes(changed, reordered, cursor, seen)


async def _on(thread: ThreadPoolExecutor, work: Callable[..., Any], *args: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(thread, work, *args)


def _catch_up(audience: Audience, since: datetime) -> bytes:
    close_old_connections()
    now = database_now()
    since = min(since, now) - OVERLAP
    takes = Generation.objects.filter(scene__project=audience.project_id, changed_at__gt=since)
    scenes = Scene.objects.filter(project=audience.project_id, changed_at__gt=since)
    changed = set(takes.values_list("scene_id", flat=True)) | set(scenes.values_list("pk", flat=True))
    selected = audience.select_scenes(changed)
    if len(selected) > CATCH_UP_SCENES:
        return format_event("too much has changed", name="reload", cursor=now)
    return _build_isolated(audience, selected, with_order=True)


def _build_isolated(
    audience: Audience, scene_ids: set[int], *, with_order: bool, cursor: datetime | None = None
) -> bytes:
    try:
        return _build_message(audience, scene_ids, with_order=with_order, cursor=cursor)
    except (OperationalError, InterfaceError):
        raise
    # A team's data that cannot be rendered, whatever is wrong with it, must not end the updates of other teams.
    except Exception:
        logger.exception("Live updates of project %s can't be rendered (%s).", audience.project_id, audience.page)
        return b": not rendered\n\n"


def _build_message(
    audience: Audience, scene_ids: set[int], *, with_order: bool, cursor: datetime | None = None
) -> bytes:
    html = render_fragments(scene_ids, page=audience.page, can_edit=audience.can_edit) if scene_ids else ""
    message = format_event(html, cursor=cursor) if html else b""
    if with_order and audience.page != Page.SCENE:
        message += format_event(" ".join(map(str, scene_order(audience.project_id))), name="order")
    return message or b": no changes\n\n"


def _load_access(
    teams: set[int], projects: set[int], sessions: set[str]
) -> tuple[dict[tuple[int, int], bool], set[int], set[str]]:
    # Whether each member may edit, by (team, user); the deleted projects; the sessions that still exist.
    close_old_connections()
    members = Membership.objects.open().filter(team__in=teams, user__is_active=True)
    rows = members.values_list("team_id", "user_id", "role")
    editing = {(team_id, user_id): Role(role).includes(Role.EDITOR) for team_id, user_id, role in rows}
    deleted = Project.objects.filter(pk__in=projects).exclude(deleted_at=None).values_list("pk", flat=True)
    open_sessions = Session.objects.filter(pk__in=sessions).values_list("pk", flat=True)
    return editing, set(deleted), set(open_sessions)


def scene_order(project_id: int) -> list[int]:
    # The ids of a storyboard's scenes in order. A page that shows different ids or another order reloads the board.
    return list(
        Scene.objects.filter(project=project_id, deleted_at=None)
        .order_by("position", "pk")
        .values_list("pk", flat=True)
    )


def database_now() -> datetime:
    # The time of the database's clock, which can differ from this machine's.
    clock = {"sqlite": "SELECT STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')"}.get(connection.vendor, "SELECT NOW()")
    with connection.cursor() as cursor:
        cursor.execute(clock, [])
        (now,) = cursor.fetchone()
    return datetime.fromisoformat(now).replace(tzinfo=UTC) if isinstance(now, str) else now


_feeds: dict[asyncio.AbstractEventLoop, Feed] = {}


def feed_for(loop: asyncio.AbstractEventLoop) -> Feed:
    for other in [other for other in _feeds if other.is_closed()]:
        del _feeds[other]
    return _feeds.setdefault(loop, Feed())


def feed() -> Feed:
    return feed_for(asyncio.get_running_loop())
