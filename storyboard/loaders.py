"""Loads scenes together with their takes."""

from __future__ import annotations

from django.http import HttpRequest

from generation.models import with_takes
from projects.models import Project, Scene
from teams import access
from teams.models import Role


def load_scene(
    request: HttpRequest, pk: int, *, at_least: Role = Role.VIEWER, deleted: bool = False
) -> tuple[Scene, Role]:
    # 404 for non-members, 403 if the role is too low.
    scenes = with_takes(Scene.objects.filter(deleted_at__isnull=not deleted, project__deleted_at=None))
    return access.load(scenes, access.current_user(request), pk, team="project__team", at_least=at_least)


def live_scenes(project: Project) -> list[Scene]:
    # The project's scenes with their takes, in storyboard order.
    return list(with_takes(Scene.objects.filter(project=project, deleted_at=None)))
