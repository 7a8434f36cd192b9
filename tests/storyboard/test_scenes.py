from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from generation.models import select_take, selected_take
from projects import presets, scene_edits
from projects.models import Project, Scene
from storyboard.forms.scene import CardForm
from teams.models import Team, User
from tests.queries import count_queries

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
MakeScenes = Callable[..., list[Scene]]
CARD = {"title": "The gangway", "action": "It is pulled in.", "duration": "4"}


def titles(project: Project) -> list[str]:
    return list(project.scenes.filter(deleted_at=None).values_list("title", flat=True))


def positions(project: Project) -> list[int]:
    return list(project.scenes.filter(deleted_at=None).values_list("position", flat=True))


# -- The pages ---------------------------------------------------------------------------------------------------------


def test_storyboard_of_thirty_scenes_takes_the_queries_of_three(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, make_take, bob: User
):
    client, url = as_user(bob), reverse("storyboard", args=[project.pk])
    for scene in make_scenes(3):
        make_take(scene)
    with count_queries() as few:
        client.get(url)
    for scene in make_scenes(27):
        make_take(scene)
        make_take(scene)
    with count_queries() as many:
        client.get(url)
    assert (len(few), len(many)) == (11, 11)


def test_viewer_sees_the_storyboard_without_controls(
    as_user: AsUser, project: Project, scene: Scene, vera: User, mallory: User
):
    url = reverse("storyboard", args=[project.pk])
    page = as_user(vera).get(url).content.decode()
    assert scene.title in page
    assert "data-generate" not in page
    assert as_user(mallory).get(url).status_code == 404


def test_empty_storyboard_explains_how_to_start(as_user: AsUser, project: Project, bob: User):
    page = as_user(bob).get(reverse("storyboard", args=[project.pk])).content.decode()
    assert "Start with a title and what happens" in page
    assert reverse("scene_create", args=[project.pk]) in page


def test_viewer_sees_disabled_fields_on_the_scene_page(as_user: AsUser, scene: Scene, vera: User):
    page = as_user(vera).get(reverse("scene_page", args=[scene.pk])).content.decode()
    assert "<fieldset disabled>" in page
    assert "Save scene" not in page


def test_written_text_runs_in_the_direction_of_its_script(as_user: AsUser, scene: Scene, bob: User):
    Scene.objects.update(title="غروب الميناء", action="القارب يعود.", dialogue="מה?")
    client, project = as_user(bob), scene.project_id
    board, table, paper, own = (
        client.get(reverse(name, args=[pk])).content.decode()
        for name, pk in [
            ("storyboard", project),
            ("table", project),
            ("storyboard_print", project),
            ("scene_page", scene.pk),
        ]
    )
    assert f'<h3 dir="auto"><a href="{reverse("scene_page", args=[scene.pk])}">غروب الميناء</a></h3>' in board
    assert '<p class="card-action" dir="auto">القارب يعود.</p>' in board
    assert '<td data-column="title" dir="auto" ><div class="cell">غروب الميناء</div>' in " ".join(table.split())
    assert "<bdi>غروب الميناء</bdi>" in paper
    assert '<p class="panel-dialogue" dir="auto">מה?</p>' in paper
    assert "<h1>1. <bdi>غروب الميناء</bdi></h1>" in own


def test_fields_of_text_run_in_the_direction_of_what_is_typed(scene: Scene):
    form = CardForm(instance=scene)
    directions = {name: 'dir="auto"' in str(form[name]) for name in ("title", "action", "duration")}
    assert directions == {"title": True, "action": True, "duration": False}


# -- Adding and editing ------------------------------------------------------------------------------------------------


def test_scene_needs_only_title_and_action(as_user: AsUser, project: Project, bob: User):
    response = as_user(bob).post(reverse("scene_create", args=[project.pk]), CARD)
    scene = Scene.objects.get()
    assert response.headers["Location"] == f"{reverse('storyboard', args=[project.pk])}#scene-{scene.pk}"
    assert (scene.title, scene.position, scene.duration) == ("The gangway", 1, Decimal(4))


def test_insert_after_a_scene(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    first, *_ = make_scenes(2)
    as_user(bob).post(reverse("scene_create", args=[project.pk]), CARD | {"after": first.pk})
    assert titles(project) == ["Scene 1", "The gangway", "Scene 2"]
    assert positions(project) == [1, 2, 3]


def test_inserting_after_a_scene_of_another_project_is_refused(
    as_user: AsUser, project: Project, team: Team, bob: User
):
    elsewhere = Scene.objects.create(project=Project.objects.create(team=team, title="Else"), title="a", action="b")
    response = as_user(bob).post(reverse("scene_create", args=[project.pk]), CARD | {"after": elsewhere.pk})
    assert response.status_code == 422
    assert "no longer in this storyboard" in response.content.decode()
    assert titles(project) == []


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ({"title": ""}, "This field is required."),
        ({"title": "   "}, "This field is required."),
        ({"title": "x" * 121}, "Ensure this value has at most 120 characters (it has 121)."),
        ({"action": ""}, "This field is required."),
        ({"action": "y" * 5_000_000}, "Ensure this value has at most 4000 characters (it has 5000000)."),
        ({"duration": "0"}, "Enter 1 to 60 seconds."),
        ({"duration": "10000"}, "Enter 1 to 60 seconds."),
        ({"duration": "61"}, "Enter 1 to 60 seconds."),
        ({"duration": "4.25"}, "Enter tenths of a second at most, such as 6.5."),
        ({"duration": "NaN"}, "Enter the seconds as a number, such as 4 or 6.5."),
        ({"duration": "soon"}, "Enter the seconds as a number, such as 4 or 6.5."),
        ({"shot_type": "whoosh"}, "No shot type “whoosh”. Choose one from the list."),
        ({"camera_move": "teleport"}, "No camera movement “teleport”. Choose one from the list."),
        ({"title": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_invalid_scene_shows_the_error(as_user: AsUser, scene: Scene, bob: User, values: dict[str, str], note: str):
    response = as_user(bob).post(reverse("scene_page", args=[scene.pk]), CARD | values)
    assert response.status_code == 422
    assert note in response.content.decode()
    scene.refresh_from_db()
    assert (scene.title, scene.action) == ("Scene 1", "Something happens.")


def test_request_with_too_much_text_413(as_user: AsUser, scene: Scene, bob: User):
    response = as_user(bob).post(reverse("scene_page", args=[scene.pk]), CARD | {"action": "y" * 13_000_000})
    assert response.status_code == 413
    assert "more text than a scene can hold" in response.content.decode()


def test_every_field_is_saved(as_user: AsUser, scene: Scene, bob: User):
    values = {name: presets.choices(name)[-1][0] for name in presets.all_presets()}
    values |= {name: f"some {name}" for name in Scene.SHOT_FIELDS if name not in values}
    values |= {"title": "The gangway", "duration": "6.5", "notes": "For us."}
    as_user(bob).post(reverse("scene_page", args=[scene.pk]), values)
    scene.refresh_from_db()
    stored = {name: getattr(scene, name) for name in Scene.SHOT_FIELDS}
    stored |= {"title": scene.title, "duration": str(scene.duration), "notes": scene.notes}
    assert stored == values


@pytest.mark.parametrize("title", ["🎬🌊👩‍👩‍👧", "<b>bold</b>", "عنوان طويل", "a‮b", "%s {{ x }} {% y %}"])
def test_title_can_be_any_text(as_user: AsUser, scene: Scene, bob: User, title: str):
    client = as_user(bob)
    client.post(reverse("scene_page", args=[scene.pk]), CARD | {"title": title})
    scene.refresh_from_db()
    assert scene.title == title
    assert "<b>bold</b>" not in client.get(reverse("storyboard", args=[scene.project_id])).content.decode()


def test_saving_keeps_changes_of_other_members(project: Project, make_scenes: MakeScenes, make_take, bob: User):
    scene, other = make_scenes(2)
    stale = Scene.objects.select_related("project").get(pk=scene.pk)
    take = make_take(scene)
    Scene.objects.filter(pk=scene.pk).update(weather="fog")
    select_take(scene.pk, take)
    scene_edits.move(scene, after=other.pk)
    form = CardForm(CARD, instance=stale)
    assert form.is_valid()
    form.save_changes()
    scene.refresh_from_db()
    assert (scene.title, selected_take(scene), scene.weather, scene.position) == ("The gangway", take, "fog", 2)


def test_card_can_be_edited_in_place(as_user: AsUser, scene: Scene, bob: User):
    client, url = as_user(bob), reverse("scene_card_edit", args=[scene.pk])
    htmx = {"HX-Request": "true"}
    assert f'id="scene-{scene.pk}" class="card card-editing"' in client.get(url, headers=htmx).content.decode()
    refused = client.post(url, CARD | {"title": ""}, headers=htmx)
    assert (refused.status_code, "This field is required." in refused.content.decode()) == (422, True)
    card = client.post(url, CARD, headers=htmx, follow=True)
    assert "The gangway" in card.content.decode()


def test_card_can_be_edited_without_javascript(as_user: AsUser, scene: Scene, bob: User):
    client, url = as_user(bob), reverse("scene_card_edit", args=[scene.pk])
    assert "Edit scene 1" in client.get(url).content.decode()
    assert client.post(url, CARD).headers["Location"].endswith(f"#scene-{scene.pk}")


# -- Order -------------------------------------------------------------------------------------------------------------


def test_move_scene_after_another_or_by_positions(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    first, second, third = make_scenes(3)
    client = as_user(bob)
    client.post(reverse("scene_move", args=[third.pk]), {"after": first.pk})
    assert titles(project) == ["Scene 1", "Scene 3", "Scene 2"]
    client.post(reverse("scene_move", args=[second.pk]), {"after": ""})
    assert titles(project) == ["Scene 2", "Scene 1", "Scene 3"]
    client.post(reverse("scene_move", args=[second.pk]), {"by": 1})
    assert titles(project) == ["Scene 1", "Scene 2", "Scene 3"]
    client.post(reverse("scene_move", args=[third.pk]), {"by": 1})
    assert (titles(project), positions(project)) == (["Scene 1", "Scene 2", "Scene 3"], [1, 2, 3])


def test_moving_after_a_scene_of_another_project_changes_nothing(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, team: Team, bob: User
):
    first, _second = make_scenes(2)
    elsewhere = Scene.objects.create(project=Project.objects.create(team=team, title="Else"), title="a", action="b")
    page = as_user(bob).post(reverse("scene_move", args=[first.pk]), {"after": elsewhere.pk}, follow=True)
    assert "no longer in this storyboard" in page.content.decode()
    assert titles(project) == ["Scene 1", "Scene 2"]


@pytest.mark.parametrize("values", [{"after": "soon"}, {"by": "x"}, {"after": "1; DROP TABLE"}])
def test_moving_to_an_invalid_position_400(as_user: AsUser, scene: Scene, bob: User, values: dict[str, str]):
    assert as_user(bob).post(reverse("scene_move", args=[scene.pk]), values).status_code == 400


def test_moves_from_two_stale_pages_combine(project: Project, make_scenes: MakeScenes):
    first, _second, third, fourth = make_scenes(4)
    scene_edits.move(fourth, after=None)
    scene_edits.move(first, after=third.pk)
    assert titles(project) == ["Scene 4", "Scene 2", "Scene 3", "Scene 1"]
    assert positions(project) == [1, 2, 3, 4]


def test_moving_after_a_deleted_scene_is_refused(project: Project, make_scenes: MakeScenes):
    first, second, _third = make_scenes(3)
    scene_edits.delete(second)
    with pytest.raises(ValidationError, match="no longer in this storyboard"):
        scene_edits.move(first, after=second.pk)
    assert (titles(project), positions(project)) == (["Scene 1", "Scene 3"], [1, 2])


def test_deleted_scene_cannot_be_moved(as_user: AsUser, project: Project, make_scenes: MakeScenes):
    first, second = make_scenes(2)
    scene_edits.delete(first)
    for move in (lambda: scene_edits.move_by(first, 1), lambda: scene_edits.move(first, after=second.pk)):
        with pytest.raises(ValidationError, match="deleted in the meantime"):
            move()


def test_restoring_twice_restores_once(project: Project, make_scenes: MakeScenes):
    _, second, _ = make_scenes(3)
    scene_edits.delete(second)
    stale = Scene.objects.get(pk=second.pk)
    scene_edits.restore(stale)
    scene_edits.restore(stale)
    assert (titles(project), positions(project)) == (["Scene 1", "Scene 2", "Scene 3"], [1, 2, 3])


def test_moving_among_forty_scenes_takes_the_queries_of_four(project: Project, make_scenes: MakeScenes):
    scenes = make_scenes(4)
    with count_queries() as few:
        scene_edits.move(scenes[3], after=None)
    last = make_scenes(36)[-1]
    with count_queries() as many:
        scene_edits.move(last, after=None)
    assert len(few) == len(many)


def test_duplicate_scene_without_its_takes(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, make_take, bob: User
):
    first, _ = make_scenes(2, weather="fog", notes="Ours")
    make_take(first)
    as_user(bob).post(reverse("scene_duplicate", args=[first.pk]))
    assert titles(project) == ["Scene 1", "Scene 1", "Scene 2"]
    copy = project.scenes.get(position=2)
    assert (copy.weather, copy.notes, copy.takes.count()) == ("fog", "Ours", 0)


def test_deleted_scene_can_be_restored(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    _, second, _ = make_scenes(3)
    client = as_user(bob)
    page = client.post(reverse("scene_delete", args=[second.pk]), follow=True).content.decode()
    assert f'formaction="{reverse("scene_restore", args=[second.pk])}"' in page
    assert (titles(project), positions(project)) == (["Scene 1", "Scene 3"], [1, 2])
    client.post(reverse("scene_restore", args=[second.pk]))
    assert (titles(project), positions(project)) == (["Scene 1", "Scene 2", "Scene 3"], [1, 2, 3])


def test_deleted_scene_is_listed_in_the_project_settings(as_user: AsUser, project: Project, scene: Scene, bob: User):
    scene_edits.delete(scene)
    page = as_user(bob).get(reverse("project_edit", args=[project.pk])).content.decode()
    assert reverse("scene_restore", args=[scene.pk]) in page


def test_storyboard_has_a_limit_of_scenes(project: Project, make_scenes: MakeScenes, monkeypatch):
    make_scenes(3)
    monkeypatch.setattr(scene_edits, "MAX_SCENES", 3)
    with pytest.raises(ValidationError, match="up to 3 scenes"):
        scene_edits.add(Scene(project=project, title="One more", action="x"))


# -- Access -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["scene_page", "scene_card_edit", "scene_move", "scene_duplicate", "scene_delete"])
def test_only_editors_of_the_team_can_change_a_scene(
    as_user: AsUser, scene: Scene, vera: User, mallory: User, name: str
):
    url = reverse(name, args=[scene.pk])
    assert as_user(vera).post(url, CARD).status_code == 403
    assert as_user(mallory).post(url, CARD).status_code == 404
    scene.refresh_from_db()
    assert (scene.title, scene.deleted_at) == ("Scene 1", None)


def test_only_editors_of_the_team_can_add_and_restore_scenes(
    as_user: AsUser, project: Project, scene: Scene, vera: User, mallory: User
):
    create = reverse("scene_create", args=[project.pk])
    assert as_user(vera).post(create, CARD).status_code == 403
    assert as_user(mallory).post(create, CARD).status_code == 404
    scene_edits.delete(scene)
    restore = reverse("scene_restore", args=[scene.pk])
    assert as_user(vera).post(restore).status_code == 403
    assert as_user(mallory).post(restore).status_code == 404
    assert titles(project) == []


def test_restoring_a_live_scene_404(as_user: AsUser, scene: Scene, bob: User):
    assert as_user(bob).post(reverse("scene_restore", args=[scene.pk])).status_code == 404


# -- What a clip is made from ------------------------------------------------------------------------------------------


def test_scene_inherits_the_project_style(project: Project, scene: Scene):
    style = {"visual_style": "noir", "color_grading": "cool", "lighting": "low-key", "lens": "anamorphic"}
    Project.objects.update(**style)
    scene = Scene.objects.select_related("project").get()
    assert {name: scene.shot()[name] for name in Project.STYLE_FIELDS} == style
    scene.visual_style = "watercolor"
    assert {name: scene.shot()[name] for name in Project.STYLE_FIELDS} == style | {"visual_style": "watercolor"}


def test_scene_page_shows_project_defaults(as_user: AsUser, scene: Scene, bob: User):
    Project.objects.update(visual_style="noir", lighting="low-key")
    page = as_user(bob).get(reverse("scene_page", args=[scene.pk])).content.decode()
    assert "Project default: Film noir" in page
    assert "Project default: Low-key lighting" in page
    assert 'data-picture="noir"' in page
