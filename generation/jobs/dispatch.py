"""Hands the ids of due rows to the queues, and writes on waiting rows what they wait for.

May run in any number of processes. A message is delivered at least once: a lost one is sent again after a lease's length,
and a duplicate finds the row claimed or not due. Truth stays in the row; the queue carries ids only.
"""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q, Sum
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce, Now
from django_q.tasks import async_task
from redis.exceptions import RedisError

from generation.jobs import admission
from generation.jobs.admission import Room, Wait
from generation.jobs.shares import Share
from generation.media import storage
from generation.models import Connection, Generation, ImageJob, Worker
from generation.models.generation import GenerationQuerySet
from generation.providers.description import Kind
from generation.providers.registry import providers_of_kind
from generation.states import Status

logger = logging.getLogger(__name__)

QUEUES = ("remote", "media")
REMOTE_BATCH = 100
#: Finished clips looked at for those whose team may have another worker.
DOWNLOADS_READ = 1000
#: Per connection; rows behind them get their reason as they move up.
EXPLAINED_AT_ONCE = 200
#: Starts longer ago than this do not affect whose turn it is.
FAIRNESS_WINDOW = timedelta(days=1)


def dispatch_due() -> int:
    """Put every step that can be taken now into its queue. Returns the number of rows handed over.

    Only the dispatcher's clock calls it, so that polls travel in batches and not one by one.
    """
    return dispatch_polls() + dispatch_new_work()


def dispatch_new_work() -> int:
    """Do the same without polls: after every click, and after every step, which may have freed a slot.

    A new row is handed over only when there is room for it, so that whose turn it is gets decided as late as possible.
    Returns the number of rows handed over.
    """
    return _hand_over_new_remote() + _hand_over_images() + _hand_over_media() + _hand_over_copy()


def _recently_handed_over() -> Q:
    return Q(handed_over_at__gt=Now() - timedelta(seconds=settings.LEASE_SECONDS))


def _ready() -> GenerationQuerySet:
    return Generation.objects.due().exclude(_recently_handed_over())


# -- At a provider -----------------------------------------------------------------------------------------------------


def dispatch_polls() -> int:
    # Look-ups and cancellations travel alone: each may take many times as long as a poll and would delay its batch.
    remote = _ready().in_queue("remote").order_by("next_step_at")
    alone = remote.filter(Q(status=Status.SUBMITTING) | Q(status=Status.RUNNING, cancel_requested=True))
    polls = remote.filter(status=Status.RUNNING, cancel_requested=False)
    alone_rows = list(alone.values_list("pk", "connection__team")[:REMOTE_BATCH])
    by_team: dict[int | None, list[int]] = defaultdict(list)
    for take_id, team_id in polls.values_list("pk", "connection__team")[: 5 * REMOTE_BATCH]:
        by_team[team_id].append(take_id)
    share = _remote_share()
    count = sum(_hand_over(take_id, "remote") for take_id, team_id in alone_rows if share.take(team_id))
    for polled_team, take_ids in by_team.items():
        for start in range(0, len(take_ids), REMOTE_BATCH):
            if share.take_poll(polled_team):
                count += _hand_over_batch(take_ids[start : start + REMOTE_BATCH])
    return count


def _remote_share() -> Share:
    return Share("remote", settings.Q_CLUSTER["workers"], _recently_handed_over())


def _hand_over_new_remote() -> int:
    waiting = _ready().in_queue("remote").filter(status=Status.QUEUED)
    by_connection = waiting.order_by().values_list("connection", flat=True).distinct()
    count, share = 0, _remote_share()
    for connection in Connection.objects.annotate(now=Now()).filter(pk__in=list(by_connection)):
        # Rows already handed over are still queued, so `find_room` does not count them yet.
        starting = Generation.objects.filter(connection=connection, status=Status.QUEUED)
        starting = starting.filter(_recently_handed_over() | Q(lease_expires_at__gt=Now()))
        room = admission.find_room(connection, connection.now).count - starting.count()
        if room > 0:
            first = islice(order_fairly(waiting.filter(connection=connection)), room)
            count += sum(_hand_over(take_id, "remote") for take_id in first if share.take(connection.team_id))
    return count


def _hand_over_images() -> int:
    # A step that died goes first: continuing it costs nothing, and a person may have to decide.
    ready = ImageJob.objects.due().exclude(_recently_handed_over()).order_by("pk")
    ids = list(ready.exclude(status=Status.QUEUED).values_list("pk", flat=True))
    queued = ready.filter(status=Status.QUEUED)
    share = _media_share()
    for connection in Connection.objects.annotate(now=Now()).filter(imagejobs__in=queued).distinct():
        room = admission.find_room(connection, connection.now).count
        first = queued.filter(connection=connection).values_list("pk", flat=True)[: max(0, room)]
        ids += [row_id for row_id in first if share.take(connection.team_id)]
    for row_id in ids:
        ImageJob.objects.filter(pk=row_id).update(handed_over_at=Now())
        _send("media", "generation.tasks.advance_images", row_id)
    return len(ids)


# -- On this machine ---------------------------------------------------------------------------------------------------


def count_media_workers() -> int:
    workers: int = Worker.alive().aggregate(total=Sum("media_workers"))["total"] or settings.MEDIA_WORKERS
    return workers


def _media_share() -> Share:
    return Share("media", count_media_workers(), _recently_handed_over())


def _media_room() -> int:
    busy = Q(lease_expires_at__gt=Now()) | _recently_handed_over()
    return count_media_workers() - Generation.objects.active().in_queue("media").filter(busy).count()


def _hand_over_media() -> int:
    # Finished clips first: they are paid for, and some providers keep them for only an hour. While the disk is nearly full,
    # nothing else.
    room = _media_room()
    if room <= 0:
        return 0
    ready = _ready().in_queue("media")
    downloads = ready.filter(status=Status.FETCHING).exclude(provider__in=providers_of_kind(Kind.LOCAL))
    waiting = list(downloads.order_by("next_step_at").values_list("pk", "connection__team")[:DOWNLOADS_READ])
    share = _media_share()
    ids = [take_id for take_id, team_id in waiting if share.take(team_id)][:room]
    if len(ids) < room and not storage.is_nearly_full():
        ids += islice(order_fairly(ready.exclude(pk__in=downloads.values("pk"))), room - len(ids))
    return sum(_hand_over(take_id, "media") for take_id in ids)


def copy_lease() -> CombinedExpression:
    """Until when a copy for browsers counts as being made, without a sign of life from its worker."""
    return Now() + timedelta(seconds=settings.LEASE_SECONDS)


def _hand_over_copy() -> int:
    # One at a time on all machines, and behind everything else: the workers are for clips that are paid for.
    copies = Generation.objects.filter(copy_due_at__isnull=False)
    due = copies.filter(copy_due_at__lte=Now()).order_by("copy_due_at").values_list("pk", flat=True).first()
    if due is None or copies.filter(copy_due_at__gt=Now()).exists() or storage.is_nearly_full() or _media_room() <= 0:
        return 0
    marked = copies.filter(pk=due, copy_due_at__lte=Now()).update(copy_due_at=copy_lease())
    return int(bool(marked) and _send("media", "generation.tasks.make_copy", due))


# -- Fair order --------------------------------------------------------------------------------------------------------


#: The ids of a team and of one of its members.
Member = tuple[int, int | None]
NEVER = datetime.min.replace(tzinfo=UTC)


def order_fairly(waiting: GenerationQuerySet) -> Iterator[int]:
    """Yield the ids in the order in which they start: teams take turns, then each team's members, oldest click first.

    The team, and within it the member, whose last take started longest ago comes first.
    """
    queues: dict[Member, deque[int]] = defaultdict(deque)
    for team, user, pk in waiting.order_by("pk").values_list("scene__project__team", "created_by", "pk"):
        queues[team, user].append(pk)
    last_starts = _find_last_starts({team for team, _ in queues})
    members: dict[int, deque[Member]] = defaultdict(deque)
    for member in sorted(queues, key=lambda member: (last_starts.get(member, NEVER), queues[member][0])):
        members[member[0]].append(member)
    team_last_starts: dict[int, datetime] = defaultdict(lambda: NEVER)
    for (team, _), at in last_starts.items():
        team_last_starts[team] = max(team_last_starts[team], at)
    turns = deque(sorted(members, key=lambda team: (team_last_starts[team], queues[members[team][0]][0])))
    while turns:
        team = turns.popleft()
        member = members[team].popleft()
        yield queues[member].popleft()
        if queues[member]:
            members[team].append(member)
        if members[team]:
            turns.append(team)


def _find_last_starts(teams: Iterable[int]) -> dict[Member, datetime]:
    start = Coalesce("submitted_at", "started_at")
    rows = (
        Generation.objects.annotate(start=start)
        .filter(scene__project__team__in=list(teams), start__gt=Now() - FAIRNESS_WINDOW)
        .order_by()
        .values_list("scene__project__team", "created_by")
        .annotate(last=Max("start"))
    )
    return {(team, user): last for team, user, last in rows}


# -- Why rows wait -----------------------------------------------------------------------------------------------------


def explain_waiting() -> int:
    """Write on waiting rows what they wait for and how many are ahead. Returns how many rows changed."""
    return sum(_explain(room, waiting) for room, waiting in _find_waiting())


def _find_waiting() -> Iterator[tuple[Room, GenerationQuerySet]]:
    # Yield the waiting rows of each connection, then those of the local renderers, with the room there is. A row in its own
    # back-off keeps its reason and is ahead of nobody.
    queued = Generation.objects.filter(status=Status.QUEUED).lease_free().exclude(_recently_handed_over())
    queued = queued.exclude(next_step_at__gt=Now() + timedelta(seconds=admission.LOOK_AGAIN_SECONDS))
    ids = queued.order_by().values_list("connection", flat=True).distinct()
    for connection in Connection.objects.annotate(now=Now()).filter(pk__in=[pk for pk in ids if pk]):
        yield admission.find_room(connection, connection.now), queued.filter(connection=connection)
    yield _find_local_room(), queued.filter(connection=None)


def _find_local_room() -> Room:
    if storage.is_nearly_full():
        return Room(0, admission.disk_wait())
    running = Generation.objects.filter(status=Status.RUNNING, connection=None).count()
    renderers = count_media_workers()
    if running < renderers:
        return Room(renderers - running)
    if renderers == 1:
        return Room(0, Wait("the renderer", admission.LOOK_AGAIN_SECONDS))
    return Room(0, Wait("a renderer", admission.LOOK_AGAIN_SECONDS, f"{running} of {renderers} running"))


def _explain(room: Room, waiting: GenerationQuerySet) -> int:
    # While there is room, only the rows about to start lose their reason: the others wait again in a moment.
    order = list(islice(order_fairly(waiting), EXPLAINED_AT_ONCE if room.wait else room.count))
    rows = waiting.in_bulk(order)
    until = room.wait.until if room.wait else None
    changed = 0
    with transaction.atomic():
        for ahead, pk in enumerate(order):
            reason = room.wait.describe(ahead) if room.wait else ""
            row = rows.get(pk)
            # Only what differs is written: every write makes open pages render the card again.
            if row and (row.waiting_for, row.waiting_until) != (reason, until):
                changed += _write_reason(waiting.filter(pk=pk), reason, until)
    return changed


def _write_reason(waiting: GenerationQuerySet, reason: str, until: datetime | None) -> int:
    # A worker may have claimed the row since it was read; what its step writes must not be overwritten.
    return waiting.filter(lease_token=None).update(
        waiting_for=reason, waiting_until=until, version=F("version") + 1, changed_at=Now()
    )


# -- The queues --------------------------------------------------------------------------------------------------------


def _hand_over(take_id: int, queue: str) -> bool:
    # Marked before it is sent: of two dispatchers, one sends it. Dying in between delays the row by a lease's length.
    marked = Generation.objects.filter(pk=take_id).exclude(_recently_handed_over()).update(handed_over_at=Now())
    return bool(marked) and _send(queue, "generation.tasks.advance", take_id)


def _hand_over_batch(take_ids: list[int]) -> int:
    Generation.objects.filter(pk__in=take_ids).update(handed_over_at=Now())
    return len(take_ids) if _send("remote", "generation.tasks.poll", take_ids) else 0


def _send(queue: str, task: str, *args: Any) -> bool:
    try:
        async_task(task, *args, cluster=queue)
    except RedisError as error:
        # No row is lost: it is handed over again after a lease's length.
        logger.warning("Can't reach the broker; takes wait until it is back: %s", error)
        return False
    return True


def send_cleaning() -> None:
    """Have the trash emptied of what was deleted long ago. If that gets lost, the next hour's does it."""
    _send("media", "generation.tasks.empty_trash")


def send_heartbeat(queue: str) -> None:
    """Make the queue execute something, for the watchdog. If several workers share the queue, any of them may get it."""
    _send(queue, "generation.tasks.heartbeat")
