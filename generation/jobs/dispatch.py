"""Hands the ids of due rows to the queues, and writes on those that wait what they wait for.

May run in any number of processes. A message is delivered at least once: one that is lost is sent again after a lease's
length, and one that comes twice finds the row claimed or not due. Truth stays in the row; the queue carries ids only.
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
from django.db.models.functions import Coalesce, Now
from django_q.tasks import async_task
from redis.exceptions import RedisError

from generation.jobs import admission
from generation.jobs.admission import Room, Wait
from generation.media import storage
from generation.models import Connection, Generation, ImageJob, Worker
from generation.models.generation import GenerationQuerySet
from generation.providers.description import Kind
from generation.providers.registry import providers_of_kind
from generation.states import Status

logger = logging.getLogger(__name__)

QUEUES = ("remote", "media")
REMOTE_BATCH = 100
#: Per connection; rows behind them get their reason as they move up.
EXPLAINED_AT_ONCE = 200
#: A member whose last take started longer ago than this counts as not served at all.
SERVED_LATELY = timedelta(days=1)


def dispatch_due() -> int:
    """Put every step that can be taken now into its queue. Returns the number of rows handed over.

    For the dispatcher's clock alone, so that polls travel in batches and not one by one.
    """
    return dispatch_polls() + dispatch_new_work()


def dispatch_new_work() -> int:
    """The same without polls, for every click and the end of every step, when there may be room. Returns the number of rows.

    A new row is handed over only when there is room for it, so that whose turn it is gets decided as late as possible.
    """
    return _hand_over_new_remote() + _hand_over_images() + _hand_over_media()


def _handed_over_lately() -> Q:
    return Q(handed_over_at__gt=Now() - timedelta(seconds=settings.LEASE_SECONDS))


def _ready() -> GenerationQuerySet:
    return Generation.objects.due().exclude(_handed_over_lately())


# -- What is at a provider ---------------------------------------------------------------------------------------------


def dispatch_polls() -> int:
    # Look-ups and cancellations travel alone: each may take many times as long as a poll.
    remote = _ready().in_queue("remote").order_by("next_step_at")
    alone = remote.filter(Q(status=Status.SUBMITTING) | Q(status=Status.RUNNING, cancel_requested=True))
    count = sum(_hand_over(take_id, "remote") for take_id in alone.values_list("pk", flat=True)[:REMOTE_BATCH])
    polls = list(
        remote.filter(status=Status.RUNNING, cancel_requested=False).values_list("pk", flat=True)[: 5 * REMOTE_BATCH]
    )
    for start in range(0, len(polls), REMOTE_BATCH):
        count += _hand_over_batch(polls[start : start + REMOTE_BATCH])
    return count


def _hand_over_new_remote() -> int:
    waiting = _ready().in_queue("remote").filter(status=Status.QUEUED)
    by_connection = waiting.order_by().values_list("connection", flat=True).distinct()
    count = 0
    for connection in Connection.objects.annotate(now=Now()).filter(pk__in=list(by_connection)):
        on_their_way = Generation.objects.filter(connection=connection, status=Status.QUEUED)
        on_their_way = on_their_way.filter(_handed_over_lately() | Q(lease_expires_at__gt=Now()))
        room = admission.find_room(connection, connection.now).count - on_their_way.count()
        if room > 0:
            first = islice(order_fairly(waiting.filter(connection=connection)), room)
            count += sum(_hand_over(take_id, "remote") for take_id in first)
    return count


def _hand_over_images() -> int:
    # A step that died goes first: it costs nothing, and a person may have to decide.
    ready = ImageJob.objects.due().exclude(_handed_over_lately()).order_by("pk")
    ids = list(ready.exclude(status=Status.QUEUED).values_list("pk", flat=True))
    queued = ready.filter(status=Status.QUEUED)
    for connection in Connection.objects.annotate(now=Now()).filter(imagejobs__in=queued).distinct():
        room = admission.find_room(connection, connection.now).count
        ids += queued.filter(connection=connection).values_list("pk", flat=True)[: max(0, room)]
    for row_id in ids:
        ImageJob.objects.filter(pk=row_id).update(handed_over_at=Now())
        _send("media", "generation.tasks.advance_images", row_id)
    return len(ids)


# -- What is made or fetched here --------------------------------------------------------------------------------------


def count_media_workers() -> int:
    workers: int = Worker.alive().aggregate(total=Sum("media_workers"))["total"] or settings.MEDIA_WORKERS
    return workers


def _hand_over_media() -> int:
    # Finished clips first: they are paid for, and some providers keep them for an hour only. While the disk is nearly full,
    # only those.
    busy = Q(lease_expires_at__gt=Now()) | _handed_over_lately()
    room = count_media_workers() - Generation.objects.active().in_queue("media").filter(busy).count()
    if room <= 0:
        return 0
    here = _ready().in_queue("media")
    finished = here.filter(status=Status.FETCHING).exclude(provider__in=providers_of_kind(Kind.LOCAL))
    ids = list(finished.order_by("next_step_at").values_list("pk", flat=True)[:room])
    if len(ids) < room and not storage.is_nearly_full():
        ids += islice(order_fairly(here.exclude(pk__in=ids)), room - len(ids))
    return sum(_hand_over(take_id, "media") for take_id in ids)


# -- Whose turn it is --------------------------------------------------------------------------------------------------


#: The ids of a team and of one of its people.
Member = tuple[int, int | None]
NEVER = datetime.min.replace(tzinfo=UTC)


def order_fairly(waiting: GenerationQuerySet) -> Iterator[int]:
    """The ids in the order in which they start: teams take turns, then a team's members, each in the order of clicks.

    The team, and in it the member, whose last take started longest ago comes first.
    """
    queues: dict[Member, deque[int]] = defaultdict(deque)
    for team, person, pk in waiting.order_by("pk").values_list("scene__project__team", "created_by", "pk"):
        queues[team, person].append(pk)
    served = _find_last_starts({team for team, _ in queues})
    members: dict[int, deque[Member]] = defaultdict(deque)
    for member in sorted(queues, key=lambda member: (served.get(member, NEVER), queues[member][0])):
        members[member[0]].append(member)
    team_served: dict[int, datetime] = defaultdict(lambda: NEVER)
    for (team, _), at in served.items():
        team_served[team] = max(team_served[team], at)
    rounds = deque(sorted(members, key=lambda team: (team_served[team], queues[members[team][0]][0])))
    while rounds:
        team = rounds.popleft()
        member = members[team].popleft()
        yield queues[member].popleft()
        if queues[member]:
            members[team].append(member)
        if members[team]:
            rounds.append(team)


def _find_last_starts(teams: Iterable[int]) -> dict[Member, datetime]:
    begun = Coalesce("submitted_at", "started_at")
    rows = (
        Generation.objects.annotate(begun=begun)
        .filter(scene__project__team__in=list(teams), begun__gt=Now() - SERVED_LATELY)
        .order_by()
        .values_list("scene__project__team", "created_by")
        .annotate(last=Max("begun"))
    )
    return {(team, member): last for team, member, last in rows}


# -- Why the others wait -----------------------------------------------------------------------------------------------


def explain_waiting() -> int:
    """Write on rows that wait what they wait for and how many are ahead. Returns how many rows changed."""
    return sum(_explain(room, waiting) for room, waiting in _find_lines())


def _find_lines() -> Iterator[tuple[Room, GenerationQuerySet]]:
    queued = Generation.objects.filter(status=Status.QUEUED).lease_free().exclude(_handed_over_lately())
    ids = queued.order_by().values_list("connection", flat=True).distinct()
    for connection in Connection.objects.annotate(now=Now()).filter(pk__in=[pk for pk in ids if pk]):
        yield admission.find_room(connection, connection.now), queued.filter(connection=connection)
    yield _find_local_room(), queued.filter(connection=None)


def _find_local_room() -> Room:
    if storage.is_nearly_full():
        return Room(0, admission.disk_wait())
    rendering, places = Generation.objects.filter(status=Status.RUNNING, connection=None).count(), count_media_workers()
    if rendering < places:
        return Room(places - rendering)
    if places == 1:
        return Room(0, Wait("the renderer", admission.LOOK_AGAIN_SECONDS))
    return Room(0, Wait("a renderer", admission.LOOK_AGAIN_SECONDS, f"{rendering} of {places} running"))


def _explain(room: Room, waiting: GenerationQuerySet) -> int:
    # While there is room, only the rows that are about to start lose their reason: the others wait again in a moment.
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
    mine = Generation.objects.filter(pk=take_id).exclude(_handed_over_lately()).update(handed_over_at=Now())
    return bool(mine) and _send(queue, "generation.tasks.advance", take_id)


def _hand_over_batch(take_ids: list[int]) -> int:
    Generation.objects.filter(pk__in=take_ids).update(handed_over_at=Now())
    return len(take_ids) if _send("remote", "generation.tasks.poll", take_ids) else 0


def _send(queue: str, task: str, *args: Any) -> bool:
    try:
        async_task(task, *args, cluster=queue)
    except RedisError as error:
        # No row is lost: it is handed over again after a lease's length.
        logger.warning("The broker cannot be reached; takes wait for it: %s", error)
        return False
    return True


def send_heartbeat(queue: str) -> None:
    """Make the queue execute something, for the watchdog. Where several workers share the queue, any of them may get it."""
    _send(queue, "generation.tasks.heartbeat")
