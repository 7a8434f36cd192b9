"""What the queue's times mean after the database's clock was set back by hours: a poll due in a minute would wait as long."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from generation.jobs.lease import NO_LEASE
from generation.models import Connection, Generation, ImageJob, Worker

#: No step, lease or pause ends later than this; a time beyond it is one of the old clock.
LONGEST_WAIT = timedelta(hours=1)


def forget_old_clock() -> int:
    """Make due what waits for a time of the old clock, and free its leases. Returns how many rows."""
    beyond = Now() + LONGEST_WAIT
    changed = 0
    for rows in (Generation.objects.active(), ImageJob.objects.active()):
        late = Q(next_step_at__gt=beyond) | Q(handed_over_at__gt=beyond) | Q(lease_expires_at__gt=beyond)
        changed += rows.filter(late).update(**NO_LEASE, next_step_at=Now(), handed_over_at=None, recovered_at=Now())
        # Requests of the last minute are counted.
        rows.filter(submitted_at__gt=beyond).update(submitted_at=Now())
    Connection.objects.filter(paused_until__gt=beyond).update(paused_until=None)
    Worker.objects.filter(seen_at__gt=beyond).update(seen_at=Now())
    return changed
