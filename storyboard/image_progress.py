"""Image jobs that the page of a scene or project shows, and the token by which it notices changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from generation.models import ImageJob
from generation.states import ACTIVE, Status
from projects.models import Project, Scene

#: How long a failed or unknown job stays on the page.
SHOWN_FOR = timedelta(days=1)


def list_image_progress(target: Scene | Project) -> list[ImageJob]:
    # Jobs in progress, and those that failed or became unknown recently.
    recent = Q(status__in=[Status.FAILED, Status.UNKNOWN], finished_at__gt=timezone.now() - SHOWN_FOR)
    jobs = ImageJob.objects.filter(Q(status__in=ACTIVE) | recent).select_related("created_by")
    return list(jobs.filter(scene=target) if isinstance(target, Scene) else jobs.filter(project=target, scene=None))


def progress_token(rows: Iterable[ImageJob]) -> str:
    # Changes with every change of one of the jobs.
    return "-".join(f"{row.pk}.{row.version}" for row in rows)
