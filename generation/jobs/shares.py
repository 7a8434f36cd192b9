"""How many workers of a queue wait for the servers of one team.

A team chooses its own servers, and a slow one holds a worker for as long as an answer may take. The rest of the workers serve
the other teams meanwhile. Connections of the operator have no share: they serve every team.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from generation.models import Generation, ImageJob
from generation.states import Status

#: A team's servers get one worker in so many, and at least one.
ONE_IN = 3


#: A batch of polls is one task.
POLLING = Q(status=Status.RUNNING, cancel_requested=False)


class Share:
    """Of one queue, as it is when first asked. `recent` selects the rows that were handed over and not claimed yet."""

    def __init__(self, queue: str, workers: int, recent: Q) -> None:
        self.queue, self.most = queue, max(1, workers // ONE_IN)
        self.busy = (Q(lease_expires_at__gt=Now()) | recent) & Q(connection__team__isnull=False)

    @cached_property
    def polled(self) -> set[int]:
        return set(self._takes().filter(POLLING).values_list("connection__team", flat=True))

    @cached_property
    def held(self) -> Counter[int]:
        held = Counter(self._takes().exclude(POLLING).values_list("connection__team", flat=True))
        if self.queue == "media":
            held.update(ImageJob.objects.active().filter(self.busy).values_list("connection__team", flat=True))
        return held

    def _takes(self) -> QuerySet[Generation]:
        return Generation.objects.active().in_queue(self.queue).filter(self.busy)

    def take(self, team_id: int | None) -> bool:
        """Whether this team's server may get another worker, which then counts as held."""
        if team_id is None:
            return True
        self.held[team_id] += 1
        return self.held[team_id] <= self.most

    def take_poll(self, team_id: int | None) -> bool:
        """The same for a batch of polls, of which a team has one at a time, so that submissions cannot delay its polls."""
        if team_id is None:
            return True
        is_free = team_id not in self.polled
        self.polled.add(team_id)
        return is_free
