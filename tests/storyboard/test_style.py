"""Apply style: the preview matches what is written, and undo keeps later edits."""

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

from generation.connections import Roster, roster_for
from generation.models import Generation, scenes_with_takes, with_takes
from generation.states import Status
from projects import presets, scene_edits
from projects import undo as undo_module
from projects.models import Project, Scene, UndoEntry
from projects.undo import record_change
from storyboard.forms.style import CLEAR, FIELDS, plan_changes
from teams.models import User
from tests.queries import count_queries

undo_change = partial(undo_module.undo_entry, find_used=scenes_with_takes)

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
MakeScenes = Callable[..., list[Scene]]
MakeTake = Callable[..., Generation]


def url(project: Project) -> str:
    return reverse("project_style", args=[project.pk])


def field_values(project: Project, *names: str) -> list[Any]:
    return list(project.scenes.order_by("position").values_list(*names, flat=len(names) == 1))


def chosen(scenes: list[Scene], **values: str) -> dict[str, Any]:
    return {"scenes": [scene.pk for scene in scenes], **values}


def undo(client: Client) -> str:
    """Press Undo of the latest entry; the page that comes next."""
    return client.post(reverse("undo_entry", args=[UndoEntry.objects.latest("pk").pk]), follow=True).content.decode()


# -- Preview ---------------------------------------------------------------------------------------------------


def test_style_page_offers_every_preset_field_and_every_scene(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    Project.objects.update(lighting="neon")
    scenes = make_scenes(2)
    page = as_user(bob).get(url(project)).content.decode()
    assert [name for name in FIELDS if f'<select name="{name}"' in page] == list(FIELDS)
    assert sorted(FIELDS) == sorted(presets.all_presets())
    assert page.count("Project default: Neon") == 1
    assert [f'value="{scene.pk}" checked' in page for scene in scenes] == [True, True]


def test_preview_lists_the_changes_and_writes_nothing(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, make_take: MakeTake, bob: User
):
    scenes = [*make_scenes(2), *make_scenes(1, lens="macro")]
    make_take(scenes[1], status=Status.COMPLETED, clip=b"clip")
    values = chosen(scenes, lens="macro", preview="1")
    response = as_user(bob).post(url(project), values, headers={"HX-Request": "true"})
    plan = " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
    assert response.status_code == 200
    assert "2 scenes will change; 1 take will become stale. 1 scene unchanged." in plan
    assert "2. Scene 2 Becomes stale Lens: none Macro" in plan
    assert "Apply to 2 scenes" in plan
    assert field_values(project, "lens") == ["", "", "macro"]


def test_preview_without_javascript_is_on_the_page(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    page = as_user(bob).post(url(project), chosen(make_scenes(2), weather="fog", preview="1")).content.decode()
    assert "Apply to 2 scenes" in page
    assert '<option value="fog" selected title="The distance disappears">' in page


def test_setting_the_project_default_makes_no_take_stale(
    project: Project, make_scenes: MakeScenes, make_take: MakeTake
):
    Project.objects.update(visual_style="noir")
    (scene,) = make_scenes(1)
    make_take(Scene.objects.get(), provider="sora", model_id="sora-2", status=Status.COMPLETED, clip=b"clip")
    scene, roster = with_takes(Scene.objects.all()).get(), roster_for(project.team_id)
    (change,) = plan_changes([scene], {"visual_style": "noir"}, roster, only_empty=False)
    assert (change.fields, change.stale) == ([("visual style", "project default", "Film noir")], False)
    (change,) = plan_changes([scene], {"visual_style": "western"}, roster, only_empty=False)
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
def test_invalid_style_is_refused(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User, values: dict[str, Any], note: str
):
    response = as_user(bob).post(url(project), chosen(make_scenes(2)) | values)
    assert (response.status_code, field_values(project, "lens")) == (422, ["", ""])
    assert note in response.content.decode()


# -- Doing it and taking it back ---------------------------------------------------------------------------------------


def test_style_can_be_applied_and_undone(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    scenes = [*make_scenes(1, lens="wide"), *make_scenes(2)]
    client = as_user(bob)
    values = chosen(scenes[:2], lens="macro", lighting="neon")
    page = client.post(url(project), values, follow=True).content.decode()
    assert "Style applied to 2 scenes." in page
    assert field_values(project, "lens", "lighting") == [("macro", "neon"), ("macro", "neon"), ("", "")]
    assert "Undone." in undo(client)
    assert field_values(project, "lens", "lighting") == [("wide", ""), ("", ""), ("", "")]


def test_undo_keeps_fields_changed_since(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    first, second = make_scenes(2, lens="wide")
    client = as_user(bob)
    client.post(url(project), chosen([first, second], lens="macro"))
    Scene.objects.filter(pk=second.pk).update(lens="portrait")
    assert "Undone. 1 newer change kept." in undo(client)
    assert field_values(project, "lens") == ["wide", "portrait"]


def test_only_empty_fields_keeps_existing_values(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    scenes = [*make_scenes(1, lens="wide"), *make_scenes(1)]
    as_user(bob).post(url(project), chosen(scenes, lens="macro", weather="fog", only_empty="on"))
    assert field_values(project, "lens", "weather") == [("wide", "fog"), ("macro", "fog")]


def test_clearing_a_field_returns_to_the_project_default(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    scenes = make_scenes(2, visual_style="western")
    as_user(bob).post(url(project), chosen(scenes, visual_style=CLEAR))
    assert field_values(project, "visual_style") == ["", ""]


def test_style_without_changes_writes_nothing(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    scenes = make_scenes(2, lens="macro")
    before = field_values(project, "changed_at")
    page = as_user(bob).post(url(project), chosen(scenes, lens="macro"), follow=True).content.decode()
    assert "No changes: these scenes already have this style." in page
    assert not UndoEntry.objects.exists()
    assert field_values(project, "changed_at") == before


def test_style_updates_open_pages_of_changed_scenes(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    scenes = make_scenes(2)
    before = field_values(project, "changed_at")
    as_user(bob).post(url(project), chosen(scenes[:1], lens="macro"))
    assert [was < now for was, now in zip(before, field_values(project, "changed_at"), strict=True)] == [True, False]


def test_apply_style_skips_deleted_scenes(project: Project, make_scenes: MakeScenes):
    first, second = make_scenes(2)
    scene_edits.delete(first)
    written = scene_edits.apply_style(project.pk, [first.pk, second.pk], {"lens": "macro"}, only_empty=False)
    assert [change.scene for change in written] == [second.pk]


def test_only_editors_of_the_team_can_apply_a_style(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, vera: User, mallory: User
):
    values = chosen(make_scenes(1), lens="macro")
    assert as_user(vera).post(url(project), values).status_code == 403
    assert as_user(mallory).post(url(project), values).status_code == 404
    assert field_values(project, "lens") == [""]


def test_styling_thirty_scenes_takes_the_queries_of_three(
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
    assert counts == [10, 21, 20, 10, 21, 20]


def test_style_of_a_full_storyboard_can_be_undone(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    scenes = [scene for preset in presets.choices("weather") for scene in make_scenes(35, weather=preset[0])]
    client = as_user(bob)
    client.post(url(project), chosen(scenes, lens="macro", weather="rain", lighting="neon"))
    assert set(field_values(project, "lens", "weather", "lighting")) == {("macro", "rain", "neon")}
    undo(client)
    assert (set(field_values(project, "lens")), field_values(project, "weather")) == (
        {""},
        [scene.weather for scene in scenes],
    )


VALUES = {name: st.sampled_from(["", *[key for key, _ in presets.choices(name)[:3]]]) for name in FIELDS[:4]}
SCENES = st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=SCENES,
    values=st.fixed_dictionaries({}, optional=VALUES),
    only_empty=st.booleans(),
    edits=st.dictionaries(st.integers(0, 4), st.fixed_dictionaries({}, optional=VALUES)),
)
def test_style_changes_match_the_plan_and_undo_keeps_later_edits(
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
    plan = {change.scene.pk for change in plan_changes(scenes, values, Roster(()), only_empty=only_empty)}
    written = scene_edits.apply_style(project.pk, [scene.pk for scene in scenes], values, only_empty=only_empty)
    assert {change.scene for change in written} == plan
    applied = [
        {name: values.get(name, old) if not (only_empty and old) else old for name, old in fields.items()}
        for fields in before
    ]
    assert style_values(project) == applied

    for index, fields in edits.items():
        if index < len(scenes):
            Scene.objects.filter(pk=scenes[index].pk).update(title="edited", **fields)
    entry = record_change(project, bob, written=written)
    if entry:
        with contextlib.suppress(ValidationError):  # everything was edited since
            undo_change(entry)
    expected = []
    for index, (old, new) in enumerate(zip(before, applied, strict=True)):
        edit = edits.get(index, {})
        expected.append({name: edit[name] if edit.get(name, new[name]) != new[name] else old[name] for name in old})
    assert style_values(project) == expected


def style_values(project: Project) -> list[dict[str, str]]:
    return list(project.scenes.order_by("position").values(*VALUES))
