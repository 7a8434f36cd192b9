"""Changes to projects and scenes are logged once, with the member who made them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Project, Scene, UndoEntry
from teams.models import Activity, Team, User, Verb
from tests.storyboard.test_script import SCRIPT, import_script

pytestmark = pytest.mark.django_db(transaction=True)  # the log refuses entries outside a transaction
AsUser = Callable[[User], Client]
Entry = tuple[str, str, str, str]


def logged() -> list[Entry]:
    """Actor, verb, text and project of the log's entries, oldest first."""
    return list(Activity.objects.order_by("pk").values_list("actor_name", "verb", "what", "project_title"))


def test_project_changes_are_logged_once(as_user: AsUser, team: Team, bob: User):
    client = as_user(bob)
    client.post(reverse("project_create"), {"title": "Harbour", "aspect_ratio": "9:16", "resolution": "720p"})
    project = Project.objects.get()
    for name in ("project_delete", "project_delete", "project_restore", "project_restore", "project_duplicate"):
        client.post(reverse(name, args=[project.pk]))
    assert logged() == [
        ("Bob", Verb.PROJECT_CREATED, "", "Harbour"),
        ("Bob", Verb.PROJECT_DELETED, "", "Harbour"),
        ("Bob", Verb.PROJECT_RESTORED, "", "Harbour"),
        ("Bob", Verb.PROJECT_CREATED, "as a copy of “Harbour”", "Harbour (copy)"),
    ]
    assert {entry.project_id for entry in Activity.objects.exclude(project_title="Harbour (copy)")} == {project.pk}


def test_deleting_and_restoring_a_scene_is_logged(as_user: AsUser, scene: Scene, bob: User):
    client = as_user(bob)
    for name in ("scene_delete", "scene_delete", "scene_restore"):
        client.post(reverse(name, args=[scene.pk]))
    assert logged() == [
        ("Bob", Verb.SCENES_DELETED, "scene “Scene 1”", "The ferry"),
        ("Bob", Verb.SCENES_RESTORED, "scene “Scene 1”", "The ferry"),
    ]


def test_a_change_to_many_scenes_is_one_entry(
    as_user: AsUser, project: Project, make_scenes: Callable[..., list[Scene]], bob: User
):
    scenes, client = make_scenes(4), as_user(bob)
    bulk = reverse("scenes_bulk", args=[project.pk])
    two = [scenes[0].pk, scenes[1].pk]
    client.post(bulk, {"scene": two, "act": "move", "after": "4"})
    client.post(bulk, {"scene": two, "act": "delete"})
    client.post(reverse("undo_entry", args=[UndoEntry.objects.latest("pk").pk]))
    client.post(reverse("scene_move", args=[scenes[0].pk]), {"by": "-1"})
    assert logged() == [
        ("Bob", Verb.SCENES_CHANGED, "the order of 2 scenes", "The ferry"),
        ("Bob", Verb.SCENES_DELETED, "2 scenes", "The ferry"),
        ("Bob", Verb.SCENES_RESTORED, "2 scenes", "The ferry"),
    ]


def test_paste_and_undo_are_logged(
    as_user: AsUser, project: Project, make_scenes: Callable[..., list[Scene]], bob: User
):
    scenes, client = make_scenes(2), as_user(bob)
    rows = " ".join(str(scene.pk) for scene in scenes)
    text = "Dawn\tA boat.\nNoon\tA gull.\nDusk\tA light."
    client.post(reverse("table_paste", args=[project.pk]), {"rows": rows, "text": text, "column": "title"})
    client.post(reverse("undo_entry", args=[UndoEntry.objects.get().pk]))
    assert logged() == [
        ("Bob", Verb.SCENES_CHANGED, "2 scenes, new: 1 scene", "The ferry"),
        ("Bob", Verb.SCENES_DELETED, "scene “Dusk”", "The ferry"),
        ("Bob", Verb.CHANGES_UNDONE, "2 scenes, new: 1 scene", "The ferry"),
    ]


def test_style_and_undo_are_logged(
    as_user: AsUser, project: Project, make_scenes: Callable[..., list[Scene]], bob: User
):
    client = as_user(bob)
    values = {"scenes": [scene.pk for scene in make_scenes(3)], "visual_style": "noir"}
    for _ in range(2):
        client.post(reverse("project_style", args=[project.pk]), values)
    client.post(reverse("undo_entry", args=[UndoEntry.objects.get().pk]))
    assert logged() == [
        ("Bob", Verb.SCENES_CHANGED, "the style of 3 scenes", "The ferry"),
        ("Bob", Verb.CHANGES_UNDONE, "the style of 3 scenes", "The ferry"),
    ]


def test_import_and_undo_are_logged(as_user: AsUser, project: Project, bob: User):
    client = as_user(bob)
    import_script(client, reverse("script_import", args=[project.pk]), {"script": SCRIPT})
    client.post(reverse("undo_entry", args=[UndoEntry.objects.get().pk]))
    assert logged() == [
        ("Bob", Verb.SCRIPT_IMPORTED, "3 scenes from a script", "The ferry"),
        ("Bob", Verb.SCENES_DELETED, "3 scenes", "The ferry"),
        ("Bob", Verb.CHANGES_UNDONE, "3 scenes from a script", "The ferry"),
    ]


def test_refused_changes_are_not_logged(as_user: AsUser, scene: Scene, vera: User, mallory: User):
    for person in (vera, mallory):
        for url in (reverse("scene_delete", args=[scene.pk]), reverse("project_delete", args=[scene.project_id])):
            as_user(person).post(url)
    assert logged() == []
