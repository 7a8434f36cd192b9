"""The pictures that are being made for a scene or project, and how a page tells whether it shows them as they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from generation.models import ImageJob
from generation.states import ACTIVE, Status
from projects.models import Project, Scene

#: How long a request that did not succeed stays on the page.
SHOWN_FOR = timedelta(days=1)


def list_image_progress(of: Scene | Project) -> list[ImageJob]:
    """The pictures under way, and those that lately did not succeed."""
    lately = Q(status__in=[Status.FAILED, Status.UNKNOWN], finished_at__gt=timezone.now() - SHOWN_FOR)
    rows = ImageJob.objects.filter(Q(status__in=ACTIVE) | lately).select_related("created_by")
    return list(rows.filter(scene=of) if isinstance(of, Scene) else rows.filter(project=of, scene=None))


def progress_token(rows: Iterable[ImageJob]) -> str:
    """Changes whenever one of them does."""
    return "-".join(f"{row.pk}.{row.version}" for row in rows)
