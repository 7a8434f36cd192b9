"""Import on the page: preview first, only selected scenes are added, one click undoes it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from projects.importers.decoding import MAX_BYTES
from projects.models import Project, Scene, UndoEntry
from projects.scene_edits import MAX_SCENES
from teams.models import Team, User
from tests.queries import count_queries

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
MakeScenes = Callable[..., list[Scene]]

SCRIPT = "INT. BAR - NIGHT\n\nThey turn.\n\nANN\nYou!\n\nEXT. ROAD - DAY\n\nA car.\n\nINT. CAR - DAY\n\nTwo people.\n"
HTMX = {"HX-Request": "true"}


def titles(project: Project) -> list[str]:
    return list(project.scenes.filter(deleted_at=None).order_by("position").values_list("title", flat=True))


def import_script(client: Client, url: str, data: dict[str, Any], include: list[int] | None = None) -> Any:
    """Preview, then send what the preview holds, as the form does; without `include` everything is ticked."""
    preview = client.post(url, data)
    page = preview.content.decode()
    digest = re.search(r'name="previewed" value="(\w+)"', page)
    assert digest, page
    numbers = re.findall(r'name="include" value="(\d+)"', page) if include is None else include
    script = re.search(r"<textarea[^>]*>\r?\n(.*?)</textarea>", page, re.DOTALL)
    assert script
    form = {name: value for name, value in data.items() if name != "file"} | {"script": html.unescape(script[1])}
    format = re.search(r'<option value="(\w+)" selected', page)
    if format and "file" in data:
        form["format"] = format[1]
    return client.post(url, form | {"previewed": digest[1], "include": numbers}, follow=True)


def test_script_is_previewed_before_anything_is_created(as_user: AsUser, project: Project, bob: User):
    response = as_user(bob).post(reverse("script_import", args=[project.pk]), {"script": SCRIPT})
    page = response.content.decode()
    assert (response.status_code, titles(project)) == (200, [])
    assert "3 scenes · 9 s" in page
    assert re.search(r"9 s ·\s+Screenplay \(Fountain\)", page)
    assert page.count('name="include"') == 3
    assert "ANN: You!" in page


def test_import_adds_scenes_at_the_end(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    make_scenes(1)
    page = import_script(as_user(bob), reverse("script_import", args=[project.pk]), {"script": SCRIPT}).content.decode()
    assert titles(project) == ["Scene 1", "Bar, night", "Road, day", "Car, day"]
    assert "3 scenes imported." in page


def test_import_adds_only_selected_scenes_after_a_scene(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    first, *_ = make_scenes(2)
    url = reverse("script_import", args=[project.pk])
    import_script(as_user(bob), url, {"script": SCRIPT, "after": first.pk}, include=[0, 2])
    assert titles(project) == ["Scene 1", "Bar, night", "Car, day", "Scene 2"]


def test_undo_deletes_only_the_imported_scenes(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    client = as_user(bob)
    make_scenes(1)
    page = import_script(client, reverse("script_import", args=[project.pk]), {"script": SCRIPT}).content.decode()
    make_scenes(1)
    undo = reverse("undo_entry", args=[UndoEntry.objects.get().pk])
    assert f'formaction="{undo}"' in page
    assert "Undone." in client.post(undo, follow=True).content.decode()
    assert titles(project) == ["Scene 1", "Scene 5"]
    assert "This has already been undone." in client.post(undo, follow=True).content.decode()


def test_undo_keeps_edited_imported_scenes(as_user: AsUser, project: Project, make_take: Callable[..., Any], bob: User):
    client = as_user(bob)
    import_script(client, reverse("script_import", args=[project.pk]), {"script": SCRIPT})
    bar, _, car = project.scenes.order_by("position")
    make_take(bar)
    Scene.objects.filter(pk=car.pk).update(notes="Ask Ann.")
    undone = client.post(reverse("undo_entry", args=[UndoEntry.objects.get().pk]), follow=True).content.decode()
    assert "Undone. 2 newer changes kept." in undone
    assert titles(project) == ["Bar, night", "Car, day"]


def test_uploaded_file_stays_in_the_form_as_text(as_user: AsUser, project: Project, bob: User):
    file = SimpleUploadedFile("shots.csv", "Title;Action\r\nBoot;Es läuft aus\r\n".encode("cp1252"))
    page = import_script(as_user(bob), reverse("script_import", args=[project.pk]), {"file": file}).content.decode()
    assert "1 scene imported." in page
    assert list(project.scenes.values_list("title", "action")) == [("Boot", "Es läuft aus")]


def test_file_takes_precedence_over_pasted_text(as_user: AsUser, project: Project, bob: User):
    data = {"file": SimpleUploadedFile("shots & more.txt", b"A boat."), "script": SCRIPT}
    page = as_user(bob).post(reverse("script_import", args=[project.pk]), data).content.decode()
    assert ("from “shots &amp; more.txt”" in page, page.count('name="include"')) == (True, 1)


def test_changed_script_is_previewed_again(as_user: AsUser, project: Project, bob: User):
    data = {"script": SCRIPT, "previewed": "0123456789abcdef", "include": ["0"]}
    page = as_user(bob).post(reverse("script_import", args=[project.pk]), data).content.decode()
    assert (titles(project), page.count('type="checkbox" name="include"'), page.count("checked>")) == ([], 3, 3)


def test_import_without_selection_creates_nothing(as_user: AsUser, project: Project, bob: User):
    response = import_script(as_user(bob), reverse("script_import", args=[project.pk]), {"script": SCRIPT}, include=[])
    assert (response.status_code, titles(project)) == (422, [])
    assert "Select at least one scene." in response.content.decode()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Paste a script or choose a file first."),
        ({"script": "  \n "}, "Paste a script or choose a file first."),
        ({"script": 'Title,Action\nBoat,"It'}, "A quotation mark is never closed."),
        ({"file": SimpleUploadedFile("a.pdf", b"%PDF-1.7")}, "This is a PDF."),
        ({"file": SimpleUploadedFile("a.txt", b"")}, "This file is empty. Choose another."),
        ({"file": SimpleUploadedFile("a.txt", b"x" * (MAX_BYTES + 9))}, "the limit is 1 MB."),
        ({"script": SCRIPT, "after": "999"}, "That scene is no longer in this storyboard. Choose another position."),
        ({"script": SCRIPT, "format": "pdf"}, "Select a valid choice."),
    ],
)
def test_refused_import_shows_the_reason_once(
    as_user: AsUser, project: Project, bob: User, data: dict[str, Any], sentence: str
):
    response = as_user(bob).post(reverse("script_import", args=[project.pk]), data)
    assert (response.status_code, response.content.decode().count(sentence)) == (422, 1)
    assert titles(project) == []


def test_import_respects_the_limit_of_scenes(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    make_scenes(MAX_SCENES - 2)
    response = import_script(as_user(bob), reverse("script_import", args=[project.pk]), {"script": SCRIPT})
    assert response.status_code == 422
    assert "there is room for 2 more" in response.content.decode()
    assert project.scenes.count() == MAX_SCENES - 2


def test_htmx_import_returns_only_the_preview(as_user: AsUser, project: Project, bob: User):
    url, client = reverse("script_import", args=[project.pk]), as_user(bob)
    answer = client.post(url, {"script": SCRIPT}, headers=HTMX)
    assert (answer.status_code, answer.content.decode().lstrip()[:9]) == (200, "<section ")
    refused = client.post(url, {"script": "%PDF-1.7"}, headers=HTMX)
    assert (refused.status_code, "This is a PDF." in refused.content.decode()) == (422, True)
    assert titles(project) == []


def test_markup_in_a_script_is_escaped(as_user: AsUser, project: Project, bob: User):
    script = "Title\tAction\n<script>alert(1)</script>\t</textarea><script>alert(2)</script>\n"
    page = as_user(bob).post(reverse("script_import", args=[project.pk]), {"script": script}).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_importing_three_scenes_takes_the_queries_of_one(as_user: AsUser, project: Project, bob: User):
    client, url = as_user(bob), reverse("script_import", args=[project.pk])
    counts = []
    for script in ("A boat.", "A boat.\n\nA light.\n\nThe sea."):
        with count_queries() as queries:
            import_script(client, url, {"script": script})
        counts.append(len(queries))
    assert counts == [33, 33]


# -- A new project -----------------------------------------------------------------------------------------------------

NEW = {"title": "Harbour", "aspect_ratio": "16:9", "resolution": "720p"}


def test_new_project_can_start_from_a_script(as_user: AsUser, team: Team, bob: User):
    client, url = as_user(bob), reverse("project_create")
    preview = client.post(url, NEW | {"script": SCRIPT})
    assert (preview.status_code, Project.objects.count()) == (200, 0)
    assert "Create project" in preview.content.decode()
    page = import_script(client, url, NEW | {"script": SCRIPT}, include=[0, 1]).content.decode()
    project = Project.objects.get()
    assert (project.title, titles(project)) == ("Harbour", ["Bar, night", "Road, day"])
    assert "2 scenes imported." in page


def test_new_project_with_an_unreadable_script_is_not_created(as_user: AsUser, team: Team, bob: User):
    response = as_user(bob).post(reverse("project_create"), NEW | {"script": "%PDF-1.7"})
    assert (response.status_code, Project.objects.count()) == (422, 0)


def test_new_project_without_selected_scenes_is_not_created(as_user: AsUser, team: Team, bob: User):
    response = import_script(as_user(bob), reverse("project_create"), NEW | {"script": SCRIPT}, include=[])
    assert (response.status_code, Project.objects.count()) == (422, 0)


def test_script_preview_of_a_new_project_creates_nothing(as_user: AsUser, team: Team, bob: User):
    answer = as_user(bob).post(reverse("project_create"), NEW | {"script": SCRIPT}, headers=HTMX)
    assert ("Bar, night" in answer.content.decode(), "<html" in answer.content.decode()) == (True, False)
    assert Project.objects.count() == 0


# -- Export ------------------------------------------------------------------------------------------------------------


def test_exported_csv_imports_as_the_same_scenes(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, vera: User, bob: User
):
    make_scenes(2, action="=SUM(A1)\n- two, lines", shot_type="close-up", notes='He said "no"')
    answer = as_user(vera).get(reverse("scenes_csv", args=[project.pk]))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="the-ferry.csv"'
    assert "'=SUM(A1)" in answer.content.decode("utf-8-sig")
    file = SimpleUploadedFile("the-ferry.csv", answer.content)
    import_script(as_user(bob), reverse("script_import", args=[project.pk]), {"file": file})
    rows = list(project.scenes.order_by("position").values_list("title", "action", "duration", "shot_type", "notes"))
    assert rows[:2] == rows[2:]


def test_fountain_export_is_a_screenplay(as_user: AsUser, project: Project, make_scenes: MakeScenes, vera: User):
    make_scenes(1, location="Bar, interior", time_of_day="night", dialogue="ANN: You!")
    answer = as_user(vera).get(reverse("scenes_fountain", args=[project.pk]))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="the-ferry.fountain"'
    assert "INT. Bar - Night\n\n= Scene 1\n\nSomething happens.\n\nANN\nYou!\n" in answer.content.decode()


def test_deleted_scenes_are_not_exported(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    first, _ = make_scenes(2)
    as_user(bob).post(reverse("scene_delete", args=[first.pk]))
    text = as_user(bob).get(reverse("scenes_csv", args=[project.pk])).content.decode()
    assert ("Scene 1" in text, "Scene 2" in text) == (False, True)


# -- Access -----------------------------------------------------------------------------------------------------------


def test_only_editors_of_the_team_can_import(as_user: AsUser, project: Project, vera: User, mallory: User):
    url = reverse("script_import", args=[project.pk])
    for method in ("get", "post"):
        assert getattr(as_user(vera), method)(url, {"script": SCRIPT}).status_code == 403
        assert getattr(as_user(mallory), method)(url, {"script": SCRIPT}).status_code == 404
    assert titles(project) == []


@pytest.mark.parametrize("name", ["scenes_csv", "scenes_fountain"])
def test_only_members_can_export(as_user: AsUser, project: Project, scene: Scene, vera: User, mallory: User, name: str):
    url = reverse(name, args=[project.pk])
    assert as_user(vera).get(url).status_code == 200
    assert as_user(mallory).get(url).status_code == 404
    assert as_user(vera).post(url).status_code == 405


def test_viewer_is_offered_export_but_not_import(
    as_user: AsUser, project: Project, scene: Scene, vera: User, bob: User
):
    for person, offered in ((vera, False), (bob, True)):
        page = as_user(person).get(reverse("storyboard", args=[project.pk])).content.decode()
        assert (reverse("script_import", args=[project.pk]) in page) is offered
        assert reverse("scenes_csv", args=[project.pk]) in page
