"""The only way views load takes, image requests and connections: 404 for other teams, 403 for a role that is too low."""

from __future__ import annotations

from django.http import HttpRequest

from generation.models import Connection, Generation, ImageJob
from teams import access
from teams.models import Role


def load_take(
    request: HttpRequest, pk: int, *, at_least: Role = Role.VIEWER, deleted_too: bool = False
) -> tuple[Generation, Role]:
    takes = Generation.objects.select_related("scene__project", "connection")
    if not deleted_too:
        takes = takes.live().filter(scene__deleted_at=None, scene__project__deleted_at=None)
    return access.load(takes, access.current_user(request), pk, team="scene__project__team", at_least=at_least)


def load_images(request: HttpRequest, pk: int, *, at_least: Role = Role.VIEWER) -> tuple[ImageJob, Role]:
    rows = ImageJob.objects.select_related("project", "scene")
    return access.load(rows, access.current_user(request), pk, team="project__team", at_least=at_least)


def load_connection(
    request: HttpRequest, pk: int, *, at_least: Role = Role.VIEWER, removed_too: bool = False
) -> tuple[Connection, Role]:
    """A team's own connection. The environment's have no team, so they are 404."""
    rows = Connection.objects.select_related("team")
    return access.load(
        rows if removed_too else rows.filter(deleted_at=None),
        access.current_user(request),
        pk,
        team="team",
        at_least=at_least,
    )
