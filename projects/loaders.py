"""Views load projects and their contents only through these: 404 for non-members, 403 if the role is too low."""

from __future__ import annotations

from django.http import HttpRequest

from projects.models import Project, Reference, Scene, UndoEntry
from teams import access
from teams.models import Role


def load_project(
    request: HttpRequest, pk: int, *, at_least: Role = Role.VIEWER, deleted: bool = False
) -> tuple[Project, Role]:
    projects = Project.objects.select_related("team").filter(deleted_at__isnull=not deleted)
    return access.load(projects, access.current_user(request), pk, team="team", at_least=at_least)


def load_scene(
    request: HttpRequest, pk: int, *, at_least: Role = Role.VIEWER, deleted: bool = False
) -> tuple[Scene, Role]:
    scenes = Scene.objects.with_references().filter(deleted_at__isnull=not deleted, project__deleted_at=None)
    return access.load(scenes, access.current_user(request), pk, team="project__team", at_least=at_least)


def load_picture(
    request: HttpRequest, pk: int, *, at_least: Role = Role.VIEWER, deleted_too: bool = False
) -> tuple[Reference, Role]:
    pictures = Reference.objects.select_related("project", "scene__project").filter(
        project__deleted_at=None, scene__deleted_at=None
    )
    if not deleted_too:
        pictures = pictures.live()
    return access.load(pictures, access.current_user(request), pk, team="project__team", at_least=at_least)


def load_undo_entry(request: HttpRequest, pk: int, *, at_least: Role = Role.VIEWER) -> tuple[UndoEntry, Role]:
    entries = UndoEntry.objects.select_related("project").filter(project__deleted_at=None)
    return access.load(entries, access.current_user(request), pk, team="project__team", at_least=at_least)
