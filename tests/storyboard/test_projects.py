from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from projects import scene_edits
from projects.models import Project, Reference, Scene
from teams.models import Role, Team, User
from tests.queries import count_queries

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]


def test_project_list_shows_only_the_projects_of_own_teams(
    as_user: AsUser, project: Project, vera: User, mallory: User
):
    assert project.title in as_user(vera).get(reverse("project_list")).content.decode()
    assert project.title not in as_user(mallory).get(reverse("project_list")).content.decode()


def test_project_list_of_three_takes_the_queries_of_one(
    as_user: AsUser, team: Team, project: Project, make_scenes: Callable[..., list[Scene]], alice: User
):
    make_scenes(2)
    client = as_user(alice)
    with count_queries() as one:
        client.get(reverse("project_list"))
    for title in ("Second", "Third"):
        Scene.objects.create(project=Project.objects.create(team=team, title=title), title="a", action="b")
    with count_queries() as three:
        client.get(reverse("project_list"))
    assert (len(one), len(three)) == (12, 12)


def test_create_project(as_user: AsUser, team: Team, bob: User):
    response = as_user(bob).post(
        reverse("project_create"), {"title": "Harbour", "aspect_ratio": "9:16", "resolution": "1080p"}
    )
    project = Project.objects.get()
    assert response.headers["Location"] == reverse("storyboard", args=[project.pk])
    assert (project.title, project.team, project.created_by, project.frame_size) == ("Harbour", team, bob, (1080, 1920))


def test_project_needs_a_title(as_user: AsUser, team: Team, bob: User):
    response = as_user(bob).post(
        reverse("project_create"), {"title": " ", "aspect_ratio": "16:9", "resolution": "720p"}
    )
    assert (response.status_code, Project.objects.count()) == (422, 0)
    assert "This field is required." in response.content.decode()


def test_viewer_cannot_create_project_403(as_user: AsUser, team: Team, vera: User):
    response = as_user(vera).post(
        reverse("project_create"), {"title": "Mine", "aspect_ratio": "16:9", "resolution": "720p"}
    )
    assert (response.status_code, Project.objects.count()) == (403, 0)


def test_project_cannot_be_created_in_another_team(as_user: AsUser, team: Team, mallory: User):
    mallorys_second = Team.objects.create(name="Second")
    mallorys_second.add(mallory, Role.OWNER)
    response = as_user(mallory).post(
        reverse("project_create"), {"title": "x", "aspect_ratio": "16:9", "resolution": "720p", "team": team.pk}
    )
    assert (response.status_code, Project.objects.count()) == (422, 0)


def test_edit_project(as_user: AsUser, project: Project, bob: User):
    values = {"title": "The night ferry", "aspect_ratio": "1:1", "resolution": "720p", "visual_style": "noir"}
    as_user(bob).post(reverse("project_edit", args=[project.pk]), values)
    project.refresh_from_db()
    assert (project.title, project.aspect_ratio, project.visual_style) == ("The night ferry", "1:1", "noir")


def test_editing_a_project_updates_open_pages_and_only_changed_fields(
    as_user: AsUser, project: Project, scene: Scene, bob: User
):
    before = scene.changed_at
    Project.objects.update(color_grading="warm")
    values = {"title": "The ferry", "aspect_ratio": "16:9", "resolution": "720p", "visual_style": "noir"}
    as_user(bob).post(reverse("project_edit", args=[project.pk]), values | {"color_grading": "warm"})
    project.refresh_from_db()
    scene.refresh_from_db()
    assert (project.visual_style, project.color_grading, project.deleted_at) == ("noir", "warm", None)
    assert scene.changed_at > before


def test_unknown_preset_is_named_in_the_error(as_user: AsUser, project: Project, bob: User):
    values = {"title": "x", "aspect_ratio": "16:9", "resolution": "720p", "visual_style": "glitchcore"}
    response = as_user(bob).post(reverse("project_edit", args=[project.pk]), values)
    assert response.status_code == 422
    assert "No default visual style “glitchcore”." in response.content.decode()


def test_deleted_project_can_be_restored(as_user: AsUser, project: Project, bob: User):
    client = as_user(bob)
    response = client.post(reverse("project_delete", args=[project.pk]), follow=True)
    assert f'formaction="{reverse("project_restore", args=[project.pk])}"' in response.content.decode()
    assert client.get(reverse("storyboard", args=[project.pk])).status_code == 404
    client.post(reverse("project_restore", args=[project.pk]))
    assert client.get(reverse("storyboard", args=[project.pk])).status_code == 200


def test_restoring_a_live_project_404(as_user: AsUser, project: Project, bob: User):
    assert as_user(bob).post(reverse("project_restore", args=[project.pk])).status_code == 404


def test_duplicate_project_copies_scenes_but_not_takes(
    as_user: AsUser, project: Project, bob: User, make_scenes: Callable[..., list[Scene]], make_take
):
    scenes = make_scenes(2, dialogue="Ahoy.")
    make_take(scenes[0])
    as_user(bob).post(reverse("project_duplicate", args=[project.pk]))
    copy = Project.objects.exclude(pk=project.pk).get()
    assert copy.title == "The ferry (copy)"
    assert [(s.position, s.title, s.dialogue, s.takes.count()) for s in copy.scenes.all()] == [
        (1, "Scene 1", "Ahoy.", 0),
        (2, "Scene 2", "Ahoy.", 0),
    ]


def test_duplicating_twenty_scenes_takes_the_queries_of_three(
    project: Project, bob: User, make_scenes: Callable[..., list[Scene]]
):
    Reference.objects.create(project=project, role="reference", image="of-all.png", width=90, height=90)
    counts = []
    for more in (3, 17):
        for scene in make_scenes(more):
            for role in ("start_frame", "reference"):
                Reference.objects.create(
                    project=project, scene=scene, role=role, image=f"{role}.png", width=90, height=90
                )
        with count_queries() as queries:
            copy = scene_edits.duplicate_project(project, bob)
        counts.append(len(queries))
        pictures = copy.references.values_list("scene__position", "role")
        assert sorted(pictures, key=str) == sorted(project.references.values_list("scene__position", "role"), key=str)
    assert counts == [9, 9]


def test_duplicate_project_omits_deleted_scenes_and_pictures(
    project: Project, bob: User, make_scenes: Callable[..., list[Scene]]
):
    kept, gone = make_scenes(2)
    fields = {"project": project, "role": "reference", "width": 90, "height": 90}
    Reference.objects.create(**fields, scene=kept, image="kept.png")
    Reference.objects.create(**fields, scene=kept, image="removed.png", deleted_at=kept.created_at)
    Reference.objects.create(**fields, scene=gone, image="gone.png")
    scene_edits.delete(gone)
    copy = scene_edits.duplicate_project(project, bob)
    assert [(one.image.name, one.scene) for one in copy.references.all()] == [("kept.png", copy.scenes.get())]


@pytest.mark.parametrize("name", ["project_edit", "project_duplicate", "project_delete"])
def test_only_editors_of_the_team_can_change_a_project(
    as_user: AsUser, project: Project, vera: User, mallory: User, name: str
):
    url = reverse(name, args=[project.pk])
    assert as_user(vera).post(url).status_code == 403
    assert as_user(mallory).post(url).status_code == 404
    assert Project.objects.live().count() == 1


def test_project_title_is_escaped(as_user: AsUser, project: Project, vera: User):
    Project.objects.update(title="<script>alert(1)</script> 🎬 " + "long " * 18)
    content = as_user(vera).get(reverse("storyboard", args=[project.pk])).content.decode()
    assert "<script>alert(1)" not in content
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 🎬" in content
