"""Hands rows that are due to the queues. May run anywhere, as often as one likes: a row is handed over once at a time.

What travels are ids. A message that is lost is sent again after as long as a lease lasts; one that is delivered twice
finds the row claimed or no longer due. What has to wait is told why, and until when about.
"""

from __future__ import annotations

import heapq
import logging
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q, Sum
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django_q.tasks import async_task
from redis.exceptions import RedisError

from generation import catalogue
from generation.jobs import admission
from generation.media import storage
from generation.models import Connection, Generation, ImageGeneration, Worker
from generation.models.generation import GenerationQuerySet
from generation.providers.description import Kind
from generation.providers.registry import of_kind
from generation.states import Status

logger = logging.getLogger(__name__)

QUEUES = ("remote", "media")
REMOTE_BATCH = 100
#: How many who wait are told so at once; the others follow.
TOLD_AT_ONCE = 200
#: Who was served longer ago than this counts as not served at all.
SERVED_LATELY = timedelta(days=1)


def hand_over_due() -> int:
    """Put the next steps that can be taken now into their queues; the number of rows handed over.

    For the dispatcher's rhythm alone, so that polls travel in batches and not one by one.
    """
    return hand_over_polls() + begin_due()


def begin_due() -> int:
    """Only what is new or has to be made here: asked for with every click and after every step, when there may be room.

    Nothing new is begun before there is room for it, so that whose turn it is gets decided late.
    """
    return _hand_over_new_remote() + _hand_over_images() + _hand_over_media()


def _handed_over_lately() -> Q:
    return Q(handed_over_at__gt=Now() - timedelta(seconds=settings.LEASE_SECONDS))


def _ready() -> GenerationQuerySet:
    return Generation.objects.due().exclude(_handed_over_lately())


# -- What is at a provider ---------------------------------------------------------------------------------------------


def hand_over_polls() -> int:
    remote = _ready().in_queue("remote").order_by("next_step_at")
    alone = remote.filter(Q(status=Status.SUBMITTING) | Q(status=Status.RUNNING, cancel_requested=True))
    count = sum(_hand_over_one(take_id, "remote") for take_id in alone.values_list("pk", flat=True)[:REMOTE_BATCH])
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
        room = admission.room_of(connection, connection.now).count - on_their_way.count()
        if room > 0:
            first = islice(in_turn(waiting.filter(connection=connection)), room)
            count += sum(_hand_over_one(take_id, "remote") for take_id in first)
    return count


def _hand_over_images() -> int:
    """Pictures wait in the order of clicks; a step that died is shown to a person at once."""
    ready = ImageGeneration.objects.due().exclude(_handed_over_lately()).order_by("pk")
    ids = list(ready.exclude(status=Status.QUEUED).values_list("pk", flat=True))
    queued = ready.filter(status=Status.QUEUED)
    for connection in Connection.objects.annotate(now=Now()).filter(imagegenerations__in=queued).distinct():
        room = admission.room_of(connection, connection.now).count
        ids += queued.filter(connection=connection).values_list("pk", flat=True)[: max(0, room)]
    for row_id in ids:
        ImageGeneration.objects.filter(pk=row_id).update(handed_over_at=Now())
        _send("media", "generation.tasks.advance_images", row_id)
    return len(ids)


# -- What is made or fetched here --------------------------------------------------------------------------------------


def media_workers() -> int:
    workers: int = Worker.alive().aggregate(total=Sum("media_workers"))["total"] or settings.MEDIA_WORKERS
    return workers


def _hand_over_media() -> int:
    """Finished clips first: they have been paid for, and providers keep them for an hour or less.

    While the disk is nearly full, only those.
    """
    busy = Q(lease_expires_at__gt=Now()) | _handed_over_lately()
    room = media_workers() - Generation.objects.active().in_queue("media").filter(busy).count()
    if room <= 0:
        return 0
    here = _ready().in_queue("media")
    finished = here.filter(status=Status.FETCHING).exclude(provider__in=of_kind(Kind.LOCAL))
    ids = list(finished.order_by("next_step_at").values_list("pk", flat=True)[:room])
    if len(ids) < room and not storage.is_nearly_full():
        ids += islice(in_turn(here.exclude(pk__in=ids)), room - len(ids))
    return sum(_hand_over_one(take_id, "media") for take_id in ids)


# -- Whose turn it is --------------------------------------------------------------------------------------------------


#: A team and one of its people.
Member = tuple[int, int | None]
NEVER = datetime.min.replace(tzinfo=UTC)


def in_turn(waiting: GenerationQuerySet) -> Iterator[int]:
    """Teams take turns, and in a team its members, whoever was served longest ago first; each in the order of clicks."""
    waiting_of: dict[Member, deque[int]] = defaultdict(deque)
    for team, member, pk in waiting.order_by("pk").values_list("scene__project__team", "created_by", "pk"):
        waiting_of[team, member].append(pk)
    served = _served_lately({team for team, _ in waiting_of})
    members_of: dict[int, deque[Member]] = defaultdict(deque)
    for who in sorted(waiting_of, key=lambda who: (served.get(who, NEVER), waiting_of[who][0])):
        members_of[who[0]].append(who)
    team_served: dict[int, datetime] = defaultdict(lambda: NEVER)
    for (team, _), at in served.items():
        team_served[team] = max(team_served[team], at)
    rounds = deque(sorted(members_of, key=lambda team: (team_served[team], waiting_of[members_of[team][0]][0])))
    while rounds:
        team = rounds.popleft()
        who = members_of[team].popleft()
        yield waiting_of[who].popleft()
        if waiting_of[who]:
            members_of[team].append(who)
        if members_of[team]:
            rounds.append(team)


def _served_lately(teams: Iterable[int]) -> dict[Member, datetime]:
    """When each member's last take was begun."""
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


@dataclass(frozen=True)
class Line:
    """Takes that wait for the same thing: why, from when on places are free, and how long one is taken."""

    reason: str
    free_at: list[datetime]
    waiting: GenerationQuerySet


def explain_waiting() -> int:
    """Write on rows that wait why, and until when about; only where that has changed by much. How many were written."""
    return sum(_explain(line) for line in _lines())


def _lines() -> Iterator[Line]:
    now = timezone.now()
    queued = Generation.objects.filter(status=Status.QUEUED).lease_free().exclude(_handed_over_lately())
    ids = queued.order_by().values_list("connection", flat=True).distinct()
    for connection in Connection.objects.annotate(now=Now()).filter(pk__in=[pk for pk in ids if pk]):
        under_way = Generation.objects.filter(connection=connection, status__in=admission.AT_PROVIDER)
        wait = admission.room_of(connection, connection.now).wait
        reason = wait.reason if wait else ""
        free_at = _free_at(under_way, connection.max_in_flight, now)
        if wait and wait.until:
            free_at = [max(at, wait.until) for at in free_at]
        yield Line(reason, free_at, queued.filter(connection=connection))
    local = queued.filter(connection=None)
    rendering = Generation.objects.filter(status=Status.RUNNING, connection=None)
    places = media_workers()
    busy = rendering.count()
    reason = f"{'The renderer is' if places == 1 else f'All {places} renderers are'} busy" if busy >= places else ""
    reason = admission.NEARLY_FULL if storage.is_nearly_full() else reason
    yield Line(reason, _free_at(rendering, places, now), local)


def _free_at(under_way: GenerationQuerySet, places: int, now: datetime) -> list[datetime]:
    """When each place is free, by what the models usually need."""
    rows = under_way.values_list("model_id", "started_at")[:places]
    ends = [max(now + timedelta(seconds=5), (began or now) + _usual_time(model_id)) for model_id, began in rows]
    return ends + [now] * (places - len(ends))


def _usual_time(model_id: str) -> timedelta:
    model = catalogue.all_models().get(model_id)
    return timedelta(seconds=model.expected_seconds if model else 60)


def _explain(line: Line) -> int:
    order = list(islice(in_turn(line.waiting), TOLD_AT_ONCE))
    rows = {
        row.pk: row for row in line.waiting.filter(pk__in=order).only("pk", "model_id", "waiting_for", "waiting_until")
    }
    free_at = list(line.free_at)
    heapq.heapify(free_at)
    told = 0
    with transaction.atomic():
        for place, pk in enumerate(order, 1):
            if pk not in rows:
                continue
            until = heapq.heappop(free_at)
            heapq.heappush(free_at, until + _usual_time(rows[pk].model_id))
            ahead = f"; {place - 1} ahead" if place > 1 else ""
            told += _tell(rows[pk], f"{line.reason}{ahead}" if line.reason else "", until)
    return told


def _tell(take: Generation, reason: str, until: datetime) -> int:
    now = timezone.now()
    if not reason and not take.waiting_for:
        return 0
    tolerance = max(10.0, (until - now).total_seconds() / 4)
    if (
        take.waiting_until
        and abs((take.waiting_until - until).total_seconds()) < tolerance
        and (take.waiting_for.split(";")[0] == reason.split(";")[0])
    ):
        return 0
    return Generation.objects.filter(pk=take.pk, status=Status.QUEUED, lease_token=None).update(
        waiting_for=reason[:300],
        waiting_until=until if reason else None,
        version=F("version") + 1,
        changed_at=Now(),
    )


# -- The queues --------------------------------------------------------------------------------------------------------


def _hand_over_one(take_id: int, queue: str) -> bool:
    mine = Generation.objects.filter(pk=take_id).exclude(_handed_over_lately()).update(handed_over_at=Now())
    return bool(mine) and _send(queue, "generation.tasks.advance", take_id)


def _hand_over_batch(take_ids: list[int]) -> int:
    Generation.objects.filter(pk__in=take_ids).update(handed_over_at=Now())
    return len(take_ids) if _send("remote", "generation.tasks.poll", take_ids) else 0


def _send(queue: str, task: str, *args: Any) -> bool:
    try:
        async_task(task, *args, cluster=queue)
    except RedisError as error:
        logger.warning("Takes stay where they are until the broker is back: %s", error)
        return False
    return True


def send_heartbeat(queue: str) -> None:
    """Ask the queue for a sign of life; where several workers share it, any of them may give one."""
    _send(queue, "generation.tasks.heartbeat")
