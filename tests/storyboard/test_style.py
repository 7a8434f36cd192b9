"""One style for many scenes: what is told beforehand is what is done; Undo takes back only what is still as it was set."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generation.models import Generation, scenes_with_takes, with_takes
from generation.states import Status
from projects import presets, storyboard
from projects import undo as undo_module
from projects.models import Project, Scene, UndoEntry
from projects.undo import record_change
from storyboard.forms.style import CLEAR, FIELDS, plan_changes
from teams.models import User
from tests.queries import count_queries

take_back = partial(undo_module.undo_entry, find_used=scenes_with_takes)

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
MakeScenes = Callable[..., list[Scene]]
MakeTake = Callable[..., Generation]


def url(project: Project) -> str:
    return reverse("project_style", args=[project.pk])


def said(project: Project, *names: str) -> list[Any]:
    return list(project.scenes.order_by("position").values_list(*names, flat=len(names) == 1))


def chosen(scenes: list[Scene], **values: str) -> dict[str, Any]:
    return {"scenes": [scene.pk for scene in scenes], **values}


def undo(client: Client) -> str:
    """Press Undo of the latest act; the page that comes next."""
    return client.post(reverse("undo_entry", args=[UndoEntry.objects.latest("pk").pk]), follow=True).content.decode()


# -- Seeing it first ---------------------------------------------------------------------------------------------------


def test_the_page_offers_every_preset_field_and_every_scene(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    Project.objects.update(lighting="neon")
    scenes = make_scenes(2)
    page = as_user(bob).get(url(project)).content.decode()
    assert [name for name in FIELDS if f'<select name="{name}"' in page] == list(FIELDS)
    assert sorted(FIELDS) == sorted(presets.all_presets())
    assert page.count("Project default: Neon") == 1
    assert [f'value="{scene.pk}" checked' in page for scene in scenes] == [True, True]


def test_what_will_change_is_told_and_nothing_is_written(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, make_take: MakeTake, bob: User
):
    scenes = [*make_scenes(2), *make_scenes(1, lens="macro")]
    make_take(scenes[1], status=Status.COMPLETED, clip=b"clip")
    values = chosen(scenes, lens="macro", preview="1")
    response = as_user(bob).post(url(project), values, headers={"HX-Request": "true"})
    plan = " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
    assert response.status_code == 200
    assert "2 scenes change, 1 take becomes stale. 1 stays as it is." in plan
    assert "2. Scene 2 Becomes stale Lens: nothing Macro" in plan
    assert "Apply to 2 scenes" in plan
    assert said(project, "lens") == ["", "", "macro"]


def test_without_script_the_same_is_told_on_the_page(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    page = as_user(bob).post(url(project), chosen(make_scenes(2), weather="fog", preview="1")).content.decode()
    assert "Apply to 2 scenes" in page
    assert '<option value="fog" selected title="The distance is gone">' in page


def test_a_choice_that_the_project_made_already_makes_no_take_stale(
    project: Project, make_scenes: MakeScenes, make_take: MakeTake
):
    Project.objects.update(visual_style="noir")
    (scene,) = make_scenes(1)
    make_take(Scene.objects.get(), status=Status.COMPLETED, clip=b"clip")
    scene = with_takes(Scene.objects.all()).get()
    (change,) = plan_changes([scene], {"visual_style": "noir"}, only_empty=False)
    assert (change.fields, change.stale) == ([("visual style", "as the project", "Film noir")], False)
    (change,) = plan_changes([scene], {"visual_style": "western"}, only_empty=False)
    assert change.stale


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ({}, "Choose at least one field to set."),
        ({"lens": "macro", "scenes": []}, "Select at least one scene."),
        ({"lens": "macro", "scenes": [987_654]}, "One of these scenes is no longer in the storyboard."),
        ({"lens": "macro", "scenes": ["x"]}, "One of these scenes is no longer in the storyboard."),
        ({"lens": "whoosh"}, "No lens “whoosh”. Choose one from the list."),
    ],
)
def test_what_is_refused(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User, values: dict[str, Any], note: str
):
    response = as_user(bob).post(url(project), chosen(make_scenes(2)) | values)
    assert (response.status_code, said(project, "lens")) == (422, ["", ""])
    assert note in response.content.decode()


# -- Doing it and taking it back ---------------------------------------------------------------------------------------


def test_applying_and_undoing(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    scenes = [*make_scenes(1, lens="wide"), *make_scenes(2)]
    client = as_user(bob)
    values = chosen(scenes[:2], lens="macro", lighting="neon")
    page = client.post(url(project), values, follow=True).content.decode()
    assert "Style applied to 2 scenes." in page
    assert said(project, "lens", "lighting") == [("macro", "neon"), ("macro", "neon"), ("", "")]
    assert "Undone." in undo(client)
    assert said(project, "lens", "lighting") == [("wide", ""), ("", ""), ("", "")]


def test_undo_leaves_alone_what_was_changed_since(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    first, second = make_scenes(2, lens="wide")
    client = as_user(bob)
    client.post(url(project), chosen([first, second], lens="macro"))
    Scene.objects.filter(pk=second.pk).update(lens="portrait")
    assert "Undone. 1 newer change kept." in undo(client)
    assert said(project, "lens") == ["wide", "portrait"]


def test_only_where_a_scene_says_nothing_yet(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    scenes = [*make_scenes(1, lens="wide"), *make_scenes(1)]
    as_user(bob).post(url(project), chosen(scenes, lens="macro", weather="fog", only_empty="on"))
    assert said(project, "lens", "weather") == [("wide", "fog"), ("macro", "fog")]


def test_back_to_what_the_project_has(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    scenes = make_scenes(2, visual_style="western")
    as_user(bob).post(url(project), chosen(scenes, visual_style=CLEAR))
    assert said(project, "visual_style") == ["", ""]


def test_what_is_so_already_is_not_written(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    scenes = make_scenes(2, lens="macro")
    before = said(project, "changed_at")
    page = as_user(bob).post(url(project), chosen(scenes, lens="macro"), follow=True).content.decode()
    assert "No changes: these scenes already have this style." in page
    assert not UndoEntry.objects.exists()
    assert said(project, "changed_at") == before


def test_open_pages_are_told(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    scenes = make_scenes(2)
    before = said(project, "changed_at")
    as_user(bob).post(url(project), chosen(scenes[:1], lens="macro"))
    assert [was < now for was, now in zip(before, said(project, "changed_at"), strict=True)] == [True, False]


def test_a_scene_that_is_gone_meanwhile_is_left_out(project: Project, make_scenes: MakeScenes):
    first, second = make_scenes(2)
    storyboard.delete(first)
    written = storyboard.apply_style(project.pk, [first.pk, second.pk], {"lens": "macro"}, only_empty=False)
    assert [one.scene for one in written] == [second.pk]


def test_who_may(as_user: AsUser, project: Project, make_scenes: MakeScenes, vera: User, mallory: User):
    values = chosen(make_scenes(1), lens="macro")
    assert as_user(vera).post(url(project), values).status_code == 403
    assert as_user(mallory).post(url(project), values).status_code == 404
    assert said(project, "lens") == [""]


def test_as_many_queries_for_thirty_scenes_as_for_three(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    client, counts = as_user(bob), []
    scenes = make_scenes(3)
    for more in (0, 27):
        scenes += make_scenes(more)
        for values in ({"preview": "1"}, {}, {"lens": CLEAR}):
            with count_queries() as queries:
                client.post(url(project), chosen(scenes, lens="macro", weather="fog") | values)
            counts.append(len(queries))
    assert counts == [9, 21, 20, 9, 21, 20]


def test_a_full_storyboard_and_back(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    scenes = [scene for preset in presets.choices("weather") for scene in make_scenes(35, weather=preset[0])]
    client = as_user(bob)
    client.post(url(project), chosen(scenes, lens="macro", weather="rain", lighting="neon"))
    assert set(said(project, "lens", "weather", "lighting")) == {("macro", "rain", "neon")}
    undo(client)
    assert (set(said(project, "lens")), said(project, "weather")) == ({""}, [scene.weather for scene in scenes])


VALUES = {name: st.sampled_from(["", *[key for key, _ in presets.choices(name)[:3]]]) for name in FIELDS[:4]}
SCENES = st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=SCENES,
    values=st.fixed_dictionaries({}, optional=VALUES),
    only_empty=st.booleans(),
    edits=st.dictionaries(st.integers(0, 4), st.fixed_dictionaries({}, optional=VALUES)),
)
def test_whatever_is_applied_is_as_planned_and_is_undone_but_for_later_edits(
    project: Project,
    bob: User,
    before: list[dict[str, str]],
    values: dict[str, str],
    only_empty: bool,
    edits: dict[int, dict[str, str]],
):
    project.scenes.all().delete()
    for position, fields in enumerate(before, start=1):
        Scene.objects.create(project=project, position=position, title="a", action="b", **fields)
    scenes = list(with_takes(Scene.objects.filter(project=project)))
    plan = {change.scene.pk for change in plan_changes(scenes, values, only_empty=only_empty)}
    written = storyboard.apply_style(project.pk, [scene.pk for scene in scenes], values, only_empty=only_empty)
    assert {one.scene for one in written} == plan
    applied = [
        {name: values.get(name, old) if not (only_empty and old) else old for name, old in fields.items()}
        for fields in before
    ]
    assert said_of(project) == applied

    for index, fields in edits.items():
        if index < len(scenes):
            Scene.objects.filter(pk=scenes[index].pk).update(title="edited", **fields)
    act = record_change(project, bob, written=written)
    if act:
        with contextlib.suppress(ValidationError):  # where all of it has been edited since
            take_back(act)
    expected = []
    for index, (old, new) in enumerate(zip(before, applied, strict=True)):
        edit = edits.get(index, {})
        expected.append({name: edit[name] if edit.get(name, new[name]) != new[name] else old[name] for name in old})
    assert said_of(project) == expected


def said_of(project: Project) -> list[dict[str, str]]:
    return list(project.scenes.order_by("position").values(*VALUES))
