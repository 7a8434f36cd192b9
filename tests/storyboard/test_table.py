"""The table of a storyboard: cells, pastes, and changes to many scenes at once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from projects import scene_edits
from projects.models import Project, Scene, UndoEntry
from storyboard.live import Page, render_fragments
from storyboard.table import COLUMNS
from teams.models import Team, User
from tests.queries import count_queries

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
MakeScenes = Callable[..., list[Scene]]
HTMX = {"HX-Request": "true"}


def titles(project: Project) -> list[str]:
    return list(project.scenes.filter(deleted_at=None).values_list("title", flat=True))


# -- The page ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "expected"), [("table", 11), ("animatic", 11), ("storyboard_print", 9)])
def test_views_of_thirty_scenes_take_the_queries_of_three(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, make_take, bob: User, name: str, expected: int
):
    client, url = as_user(bob), reverse(name, args=[project.pk])
    for scene in make_scenes(3):
        make_take(scene)
    with count_queries() as few:
        client.get(url)
    for scene in make_scenes(27):
        make_take(scene)
        make_take(scene)
    with count_queries() as many:
        client.get(url)
    assert (len(few), len(many)) == (expected, expected)


def test_viewer_sees_the_table_without_controls(
    as_user: AsUser, project: Project, scene: Scene, vera: User, mallory: User
):
    url = reverse("table", args=[project.pk])
    page = as_user(vera).get(url).content.decode()
    assert scene.title in page
    assert {name in page for name in ('data-can-edit="yes"', 'name="scene"', "data-editor", "data-generate")} == {False}
    assert as_user(mallory).get(url).status_code == 404


def test_empty_table_explains_how_to_start(as_user: AsUser, project: Project, bob: User):
    page = as_user(bob).get(reverse("table", args=[project.pk])).content.decode()
    assert "Each row is a scene." in page
    assert reverse("table_paste", args=[project.pk]) in page


def test_heading_shows_the_sort_order(as_user: AsUser, project: Project, make_scenes: MakeScenes, vera):
    make_scenes(2)
    client, url = as_user(vera), reverse("table", args=[project.pk])
    assert "aria-sort" not in client.get(url).content.decode()
    page = client.get(url, {"sort": "-title"}).content.decode()
    assert page.count("aria-sort") == 1
    assert 'aria-sort="descending" class="head-title"' in page
    assert page.index(">Scene 2<") < page.index(">Scene 1<")


def test_table_can_be_sorted_by_price(as_user: AsUser, project: Project, make_scenes: MakeScenes, vera: User):
    first, second, third = make_scenes(3)
    Scene.objects.filter(pk=first.pk).update(model_id="gone")
    page = as_user(vera).get(reverse("table", args=[project.pk]), {"sort": "price"}).content.decode()
    places = [page.index(f'id="scene-{scene.pk}"') for scene in (second, third, first)]
    assert places == sorted(places)


def test_row_is_rendered_for_members_only(as_user: AsUser, scene: Scene, vera: User, mallory: User):
    url = reverse("scene_row", args=[scene.pk])
    assert f'<tr id="scene-{scene.pk}"' in as_user(vera).get(url).content.decode()
    assert as_user(mallory).get(url).status_code == 404


def test_live_update_of_the_table_is_a_row(project: Project, scene: Scene):
    for can_edit in (True, False):
        row = render_fragments([scene.pk], page=Page.TABLE, can_edit=can_edit)
        assert f'<tr id="scene-{scene.pk}" class="row" data-scene="{scene.pk}" hx-swap-oob="true">' in row
        assert ('name="scene"' in row, "data-generate" in row) == (can_edit, can_edit)


def test_generate_in_the_table_returns_a_row(as_user: AsUser, scene: Scene, bob: User):
    url = f"{reverse('generate', args=[scene.pk])}?from=table"
    assert '<tr id="scene-' in as_user(bob).post(url, {"take": 1}, headers=HTMX).content.decode()
    table = f"{reverse('table', args=[scene.project_id])}#scene-{scene.pk}"
    assert as_user(bob).post(url, {"take": 1}).headers["Location"] == table


# -- One cell ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "stored"),
    [
        ("title", " The gangway ", "The gangway"),
        ("action", "One\nTwo", "One\nTwo"),
        ("duration", "6.5", Decimal("6.5")),
        ("shot_type", "close-up", "close-up"),
        ("time_of_day", "", ""),
        ("model_id", "animatic", "animatic"),
        ("model_id", "", ""),
    ],
)
def test_saving_a_cell_writes_only_that_field(
    as_user: AsUser, make_scenes: MakeScenes, bob: User, column: str, value: str, stored: object
):
    scene = make_scenes(1, time_of_day="night")[0]
    with count_queries() as queries:
        response = as_user(bob).post(reverse("scene_cell", args=[scene.pk, column]), {"value": value}, headers=HTMX)
    assert response.status_code == 200
    assert f'data-column="{column}"' in response.content.decode()
    scene.refresh_from_db()
    assert getattr(scene, column) == stored
    for update in (query["sql"] for query in queries if query["sql"].startswith('UPDATE "projects_scene"')):
        assert set(update.split('"')[3::2]) - {"projects_scene", "id"} == {column, "changed_at"}


@pytest.mark.parametrize(
    ("column", "value", "note"),
    [
        ("title", "", "This field is required."),
        ("duration", "100", "Enter 1 to 60 seconds."),
        ("shot_type", "whoosh", "No shot type “whoosh”. Choose one from the list."),
        ("model_id", "sora-9", "No model “sora-9”. Choose one from the list."),
        ("notes", "x" * 4001, "Ensure this value has at most 4000 characters (it has 4001)."),
    ],
)
def test_invalid_cell_shows_the_error(as_user: AsUser, scene: Scene, bob: User, column: str, value: str, note: str):
    response = as_user(bob).post(reverse("scene_cell", args=[scene.pk, column]), {"value": value}, headers=HTMX)
    assert response.status_code == 422
    page = response.content.decode()
    assert note in page
    assert 'aria-invalid="true"' in page
    before = scene.changed_at
    scene.refresh_from_db()
    assert (scene.title, scene.changed_at) == ("Scene 1", before)


def test_cell_changed_by_another_member_is_refused_once(as_user: AsUser, scene: Scene, bob: User):
    client, url = as_user(bob), reverse("scene_cell", args=[scene.pk, "title"])
    Scene.objects.filter(pk=scene.pk).update(title="Theirs", action="Theirs too")
    refused = client.post(url, {"value": "Mine", "was": "Scene 1"}, headers=HTMX)
    assert refused.status_code == 422
    assert "Another member changed this to “Theirs”." in refused.content.decode()
    assert 'data-value="Theirs"' in refused.content.decode()
    assert client.post(url, {"value": "Mine", "was": "Theirs"}, headers=HTMX).status_code == 200
    scene.refresh_from_db()
    assert (scene.title, scene.action) == ("Mine", "Theirs too")


def test_saving_an_unchanged_cell_writes_nothing(as_user: AsUser, scene: Scene, bob: User):
    as_user(bob).post(reverse("scene_cell", args=[scene.pk, "title"]), {"value": "Scene 1", "was": "Old"})
    before = scene.changed_at
    scene.refresh_from_db()
    assert scene.changed_at == before


@pytest.mark.parametrize("column", ["position", "selected_take", "deleted_at", "custom_prompt"])
def test_other_fields_are_not_cells_404(as_user: AsUser, scene: Scene, bob: User, column: str):
    assert as_user(bob).post(reverse("scene_cell", args=[scene.pk, column]), {"value": "1"}).status_code == 404


def test_only_editors_of_the_team_can_change_a_cell(as_user: AsUser, scene: Scene, vera: User, mallory: User):
    url = reverse("scene_cell", args=[scene.pk, "title"])
    assert as_user(vera).post(url, {"value": "x"}).status_code == 403
    assert as_user(mallory).post(url, {"value": "x"}).status_code == 404
    scene.refresh_from_db()
    assert scene.title == "Scene 1"


# -- Pasting -----------------------------------------------------------------------------------------------------------


def paste(client: Client, project: Project, text: str, rows: list[Scene], column: str = "title") -> str:
    """The text of the page after pasting."""
    values = {"text": text, "rows": " ".join(str(scene.pk) for scene in rows), "column": column}
    return client.post(reverse("table_paste", args=[project.pk]), values, follow=True).content.decode()


def test_paste_fills_right_and_down_and_adds_scenes(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    _first, second, third = make_scenes(3, time_of_day="dusk")
    client = as_user(bob)
    rows = "B\tDoes b.\t2\tClose-up\nC\tDoes c.\t{}\tWIDE\nD\tDoes d.\t\tmedium\n"
    assert "Row 2, Seconds: This field is required." in paste(client, project, rows.format(""), [second, third])
    assert titles(project) == ["Scene 1", "Scene 2", "Scene 3"]
    page = paste(client, project, rows.format("3.5"), [second, third])
    assert "Pasted: 2 scenes changed, 1 scene added." in page
    fields = ("position", "title", "action", "duration", "shot_type", "time_of_day")
    assert list(project.scenes.values_list(*fields)) == [
        (1, "Scene 1", "Something happens.", Decimal(1), "", "dusk"),
        (2, "B", "Does b.", Decimal(2), "close-up", "dusk"),
        (3, "C", "Does c.", Decimal("3.5"), "wide", "dusk"),
        (4, "D", "Does d.", Decimal(4), "medium", ""),
    ]
    client.post(reverse("undo_entry", args=[UndoEntry.objects.get().pk]))
    assert titles(project) == ["Scene 1", "Scene 2", "Scene 3"]
    assert set(project.scenes.filter(deleted_at=None).values_list("duration", "shot_type")) == {(Decimal(1), "")}


def test_paste_follows_the_order_of_the_shown_rows(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    first, _second, third = make_scenes(3)
    paste(as_user(bob), project, "Night\nDawn", [third, first], "time_of_day")
    assert list(project.scenes.values_list("time_of_day", flat=True)) == ["dawn", "", "night"]


def test_pasted_scene_needs_only_title_and_action(as_user: AsUser, project: Project, bob: User):
    assert "Pasted: 2 scenes added." in paste(as_user(bob), project, "A\tDoes a.\r\nB\tDoes b.\r\n", [])
    assert list(project.scenes.values_list("title", "duration")) == [("A", Decimal(4)), ("B", Decimal(4))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"Two\nlines"\tx', "Two\nlines"),
        ('"She says ""no"""\tx', 'She says "no"'),
        ('"No," she says.\tx', '"No," she says.'),
        ('"Not tonight."\tx', '"Not tonight."'),
        ('5" lens\tx', '5" lens'),
        ('"a\tb"\tx', "a\tb"),
        ('"\tx', '"'),
        ("=SUM(A1)\tx", "=SUM(A1)"),
    ],
)
def test_paste_reads_cells_as_spreadsheets_copy_them(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User, text: str, expected: str
):
    scene = make_scenes(1)[0]
    paste(as_user(bob), project, text, [scene], "dialogue")
    scene.refresh_from_db()
    assert (scene.dialogue, scene.notes) == (expected, "x")


@pytest.mark.parametrize(
    ("text", "column", "note"),
    [
        ("", "title", "Nothing to paste."),
        (" \n\n", "title", "Nothing to paste."),
        ("a\tb", "model_id", "The paste is wider than the table: only 1 column from there to the right."),
        ("a", "position", "Choose the column to start pasting in."),
        ("x\n" * 501, "notes", "A storyboard can have up to 500 scenes; the paste has more rows."),
        ("x" * 1_000_001, "notes", "A paste can have up to 1,000,000 characters."),
        ("a\nb\nc", "title", "Row 2: a new scene needs a title and an action."),
        ("", "duration", "Nothing to paste."),
        ("0\tx", "duration", "Row 1, Seconds: Enter 1 to 60 seconds. Row 1, Shot type: No shot type"),
        ("sora-9", "model_id", "Row 1, Model: No model “sora-9”."),
        ("a\x00b", "title", "Row 1, Title: Null characters are not allowed."),
    ],
)
def test_invalid_paste_writes_nothing(
    as_user: AsUser, project: Project, scene: Scene, bob: User, text: str, column: str, note: str
):
    client = as_user(bob)
    assert note in paste(client, project, text, [scene], column)
    values = {"text": text, "rows": scene.pk, "column": column}
    refused = client.post(reverse("table_paste", args=[project.pk]), values, headers=HTMX)
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "text/plain; charset=utf-8")
    assert note in refused.content.decode()
    assert titles(project) == ["Scene 1"]
    assert not UndoEntry.objects.exists()


def test_refused_paste_lists_the_first_errors(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    page = paste(as_user(bob), project, "0\n" * 9, make_scenes(9), "duration")
    assert "Row 4, Seconds" in page
    assert "Row 5, Seconds" not in page
    assert "And 5 more." in page


def test_models_can_be_pasted_by_name(as_user: AsUser, project: Project, scene: Scene, bob: User):
    paste(as_user(bob), project, "ANIMATIC", [scene], "model_id")
    scene.refresh_from_db()
    assert scene.model_id == "animatic"


def test_paste_respects_the_limit_of_scenes(as_user: AsUser, project: Project, scene: Scene, bob: User, monkeypatch):
    monkeypatch.setattr(scene_edits, "MAX_SCENES", 2)
    assert "up to 2 scenes" in paste(as_user(bob), project, "A\ta\nB\tb\nC\tc", [scene])
    assert titles(project) == ["Scene 1"]


def test_pasting_over_missing_scenes_is_refused(as_user: AsUser, project: Project, scene: Scene, team: Team, bob: User):
    elsewhere = Scene.objects.create(project=Project.objects.create(team=team, title="Else"), title="a", action="b")
    client, url = as_user(bob), reverse("table_paste", args=[project.pk])
    assert "One of these scenes has been deleted" in paste(client, project, "x\ny", [scene, elsewhere])
    assert client.post(url, {"text": "x", "rows": "1;2"}, headers=HTMX).status_code == 422
    scene_edits.delete(scene)
    assert "One of these scenes has been deleted" in paste(client, project, "x", [scene])


def test_pasting_thirty_rows_takes_the_queries_of_three(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    scenes, client = make_scenes(33), as_user(bob)
    counts = []
    for some in (scenes[:3], scenes[3:]):
        values = {"text": "x\ty\n" * len(some), "rows": " ".join(str(scene.pk) for scene in some)}
        with count_queries() as queries:
            client.post(reverse("table_paste", args=[project.pk]), values)
        counts.append(len(queries))
    assert counts == [26, 26]


def test_only_editors_of_the_team_can_paste(as_user: AsUser, project: Project, scene: Scene, vera: User, mallory: User):
    url, values = reverse("table_paste", args=[project.pk]), {"text": "x", "rows": scene.pk}
    assert as_user(vera).post(url, values).status_code == 403
    assert as_user(mallory).post(url, values).status_code == 404
    assert titles(project) == ["Scene 1"]


# -- Many scenes at once -----------------------------------------------------------------------------------------------


def bulk(client: Client, project: Project, scenes: list[Scene], **values: str) -> str:
    url = reverse("scenes_bulk", args=[project.pk])
    return client.post(url, values | {"scene": [scene.pk for scene in scenes]}, follow=True).content.decode()


def test_bulk_delete_has_one_undo(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    first, _second, third = make_scenes(3)
    client = as_user(bob)
    page = bulk(client, project, [first, third], act="delete")
    assert "2 scenes deleted." in page
    assert titles(project) == ["Scene 2"]
    undo = reverse("undo_entry", args=[UndoEntry.objects.get().pk])
    assert undo in page
    client.post(undo)
    assert titles(project) == ["Scene 1", "Scene 2", "Scene 3"]


@pytest.mark.parametrize(("after", "expected"), [("4", "2 4 1 3"), ("0", "1 3 2 4"), ("", "1 3 2 4"), ("2", "2 1 3 4")])
def test_bulk_move(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User, after: str, expected: str):
    first, _second, third, _four = make_scenes(4)
    bulk(as_user(bob), project, [first, third], act="move", after=after)
    assert titles(project) == [f"Scene {number}" for number in expected.split()]


def test_bulk_set_duration_and_model(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    first, second, _third = make_scenes(3)
    client = as_user(bob)
    assert "2 scenes changed." in bulk(
        client, project, [first, second], act="duration", duration="7", model_id="animatic"
    )
    assert "1 scene changed." in bulk(client, project, [first], act="model_id", duration="9", model_id="animatic")
    values = list(project.scenes.values_list("duration", "model_id"))
    assert values == [(Decimal(7), "animatic"), (Decimal(7), ""), (Decimal(1), "")]


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ({"act": "duration", "duration": "0"}, "Enter 1 to 60 seconds."),
        ({"act": "duration"}, "This field is required."),
        ({"act": "model_id", "model_id": "sora-9"}, "No model “sora-9”."),
        ({"act": "move", "after": "9"}, "No scene “9”."),
        ({"act": "move", "after": "x"}, "No scene “x”."),
        ({"act": "paint"}, "Unknown action. Reload the page"),
        ({}, "Unknown action. Reload the page"),
    ],
)
def test_invalid_bulk_change_is_refused(as_user: AsUser, project: Project, scene: Scene, bob: User, values, note: str):
    assert note in bulk(as_user(bob), project, [scene], **values)
    assert not UndoEntry.objects.exists()


@pytest.mark.parametrize("number", ["9" * 30, "²", "-1", "x"])
def test_invalid_ids_are_refused(as_user: AsUser, project: Project, scene: Scene, bob: User, number: str):
    client = as_user(bob)
    for act in ("delete", "move", "duration"):
        values = {"scene": number, "act": act, "after": number, "duration": "3"}
        assert client.post(reverse("scenes_bulk", args=[project.pk]), values).status_code == 302
    values = {"text": "x", "rows": number}
    assert client.post(reverse("table_paste", args=[project.pk]), values, headers=HTMX).status_code == 422
    assert titles(project) == ["Scene 1"]


def test_bulk_change_without_selection_is_refused(as_user: AsUser, project: Project, scene: Scene, bob: User):
    assert "Select at least one scene first." in bulk(as_user(bob), project, [], act="delete")
    assert titles(project) == ["Scene 1"]


@pytest.mark.parametrize("act", ["delete", "move", "duration"])
def test_bulk_change_leaves_scenes_of_other_projects_alone(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, team: Team, bob: User, act: str
):
    elsewhere = Scene.objects.create(project=Project.objects.create(team=team, title="Else"), title="a", action="b")
    make_scenes(2)
    bulk(as_user(bob), project, [elsewhere], act=act, duration="9")
    elsewhere.refresh_from_db()
    assert (elsewhere.deleted_at, elsewhere.duration, elsewhere.position) == (None, Decimal(4), 0)
    assert not UndoEntry.objects.exists()


def test_only_editors_of_the_team_can_change_many_scenes(
    as_user: AsUser, project: Project, scene: Scene, vera: User, mallory: User
):
    url, values = reverse("scenes_bulk", args=[project.pk]), {"act": "delete", "scene": scene.pk}
    assert as_user(vera).post(url, values).status_code == 403
    assert as_user(mallory).post(url, values).status_code == 404
    assert titles(project) == ["Scene 1"]


def test_bulk_change_returns_to_the_same_table(as_user: AsUser, project: Project, scene: Scene, bob: User):
    table = f"{reverse('table', args=[project.pk])}?state=no-take"
    values = {"act": "duration", "scene": scene.pk, "duration": "3"}
    response = as_user(bob).post(
        reverse("scenes_bulk", args=[project.pk]), values, headers={"HX-Current-URL": f"http://testserver{table}"}
    )
    assert response.headers["Location"] == table


# -- The menu of a scene -----------------------------------------------------------------------------------------------


def test_scene_menu_is_a_page_and_a_fragment(as_user: AsUser, scene: Scene, bob: User, vera: User, mallory: User):
    url, board = reverse("scene_menu", args=[scene.pk]), reverse("storyboard", args=[scene.project_id])
    page = as_user(bob).get(url).content.decode()
    assert (f'formaction="{reverse("scene_delete", args=[scene.pk])}"' in page, "<html" in page) == (True, True)
    fragment = as_user(bob).get(url, headers=HTMX | {"HX-Current-URL": f"http://testserver{board}"}).content.decode()
    assert ("<html" in fragment, "Quick edit" in fragment) == (False, True)
    assert as_user(vera).get(url).status_code == 403
    assert as_user(mallory).get(url).status_code == 404


def test_every_column_has_an_editor(as_user: AsUser, project: Project, scene: Scene, bob: User):
    page = as_user(bob).get(reverse("table", args=[project.pk])).content.decode()
    assert [page.count(f'<template data-editor="{column}">') for column in COLUMNS] == [1] * len(COLUMNS)
