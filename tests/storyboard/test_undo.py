"""What was done to many scenes is taken back in one act, and never at the cost of something newer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generation.models import scenes_with_takes
from projects import storyboard, undo
from projects.models import Project, Reference, Scene, UndoEntry
from projects.undo import record_change
from teams.models import Team, User
from tests.queries import count_queries

take_back = partial(undo.undo_entry, find_used=scenes_with_takes)

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
MakeScenes = Callable[..., list[Scene]]


def titles(project: Project) -> list[str]:
    return list(project.scenes.filter(deleted_at=None).values_list("title", flat=True))


def ids(*scenes: Scene) -> list[int]:
    return [scene.pk for scene in scenes]


def move(project: Project, bob: User, scenes: list[Scene], *, after: Scene | None) -> UndoEntry:
    act = record_change(
        project, bob, moved=storyboard.move_many(project.pk, ids(*scenes), after=after.pk if after else None)
    )
    assert act
    return act


# -- Order -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "after", "expected"),
    [
        ([2, 4], 5, "1 3 5 2 4"),
        ([4, 2], None, "2 4 1 3 5"),
        ([1, 2, 3], 5, "4 5 1 2 3"),
        ([5], 1, "1 5 2 3 4"),
        ([1, 5], 3, "2 3 1 5 4"),
    ],
)
def test_moving_many_and_back(
    project: Project, make_scenes: MakeScenes, bob: User, chosen: list[int], after: int | None, expected: str
):
    scenes = make_scenes(5)
    act = move(project, bob, [scenes[number - 1] for number in chosen], after=scenes[after - 1] if after else None)
    assert titles(project) == [f"Scene {number}" for number in expected.split()]
    assert take_back(act) == "Undone."
    assert titles(project) == [f"Scene {number}" for number in range(1, 6)]
    assert list(project.scenes.values_list("position", flat=True)) == [1, 2, 3, 4, 5]


def test_a_move_that_changes_nothing_is_not_remembered(project: Project, make_scenes: MakeScenes, bob: User):
    one, two, _ = make_scenes(3)
    assert record_change(project, bob, moved=storyboard.move_many(project.pk, ids(two), after=one.pk)) is None


def test_a_move_is_undone_beside_what_others_added(project: Project, make_scenes: MakeScenes, bob: User):
    one, _two, three = make_scenes(3)
    act = move(project, bob, [three], after=None)
    storyboard.add(Scene(project=project, title="New", action="x"), after=one.pk)
    take_back(act)
    assert titles(project) == ["Scene 1", "New", "Scene 2", "Scene 3"]


def test_a_scene_that_was_moved_again_stays(project: Project, make_scenes: MakeScenes, bob: User):
    _one, two, three = make_scenes(3)
    act = move(project, bob, [three], after=None)
    storyboard.move(three, after=two.pk)
    storyboard.move(two, after=None)
    with pytest.raises(ValidationError, match="The order has changed since"):
        take_back(act)
    assert titles(project) == ["Scene 2", "Scene 1", "Scene 3"]


def test_moving_many_behind_one_of_them_changes_nothing(project: Project, make_scenes: MakeScenes):
    one, two, _ = make_scenes(3)
    with pytest.raises(ValidationError, match="no longer in this storyboard"):
        storyboard.move_many(project.pk, ids(one, two), after=two.pk)
    assert titles(project) == ["Scene 1", "Scene 2", "Scene 3"]


def test_moving_many_of_which_one_is_gone(project: Project, make_scenes: MakeScenes):
    one, two, three = make_scenes(3)
    storyboard.delete(two)
    with pytest.raises(ValidationError, match="One of these scenes has been deleted"):
        storyboard.move_many(project.pk, ids(one, two), after=three.pk)
    assert titles(project) == ["Scene 1", "Scene 3"]


# -- Deleting ----------------------------------------------------------------------------------------------------------


def test_deleting_many_and_back(project: Project, make_scenes: MakeScenes, bob: User):
    scenes = make_scenes(6)
    act = record_change(project, bob, deleted=storyboard.delete_many(project.pk, ids(scenes[1], scenes[2], scenes[5])))
    assert titles(project) == ["Scene 1", "Scene 4", "Scene 5"]
    assert act
    assert take_back(act) == "Undone."
    assert titles(project) == [f"Scene {number}" for number in range(1, 7)]


def test_deleting_many_asks_as_often_for_thirty_as_for_three(project: Project, make_scenes: MakeScenes, bob: User):
    scenes = make_scenes(40)
    counts = []
    for some in (scenes[:3], scenes[3:33]):
        with count_queries() as queries:
            storyboard.delete_many(project.pk, ids(*some))
        counts.append(len(queries))
    assert counts == [8, 8]


def test_bringing_many_back_asks_as_often_for_twenty_as_for_three(project: Project, make_scenes: MakeScenes, bob: User):
    scenes, counts = make_scenes(30), []
    for some in (scenes[:3], scenes[3:23]):
        act = record_change(project, bob, deleted=storyboard.delete_many(project.pk, ids(*some), bob))
        assert act
        with count_queries() as queries:
            take_back(act, bob)
        counts.append(len(queries))
    assert counts == [15, 15]


# -- Fields ------------------------------------------------------------------------------------------------------------


def test_writing_many_fields_and_back(project: Project, make_scenes: MakeScenes, bob: User):
    one, two, _ = make_scenes(3, weather="fog")
    values: dict[int, dict[str, str | Decimal]] = {
        one.pk: {"title": "A", "duration": Decimal("6.5")},
        two.pk: {"title": "Scene 2", "weather": ""},
    }
    act = record_change(project, bob, written=storyboard.write_fields(project.pk, values))
    assert list(Scene.objects.values_list("title", "duration", "weather")) == [
        ("A", Decimal("6.5"), "fog"),
        ("Scene 2", Decimal(1), ""),
        ("Scene 3", Decimal(1), "fog"),
    ]
    assert act
    assert take_back(act) == "Undone."
    assert set(Scene.objects.values_list("duration", "weather")) == {(Decimal(1), "fog")}
    assert titles(project) == ["Scene 1", "Scene 2", "Scene 3"]


def test_writing_leaves_other_fields_alone(project: Project, make_scenes: MakeScenes):
    one, *_ = make_scenes(1)
    with count_queries() as queries:
        storyboard.write_fields(project.pk, {one.pk: {"title": "A"}})
    update = next(query["sql"] for query in queries if query["sql"].startswith("UPDATE"))
    assert ('"title"' in update, '"action"' in update, '"notes"' in update) == (True, False, False)


def test_writing_many_back_asks_as_often_for_thirty_as_for_three(project: Project, make_scenes: MakeScenes, bob: User):
    scenes, counts = make_scenes(33), []
    for some in (scenes[:3], scenes[3:]):
        act = record_change(
            project, bob, written=storyboard.write_fields(project.pk, {pk: {"lens": "macro"} for pk in ids(*some)})
        )
        assert act
        with count_queries() as queries:
            take_back(act, bob)
        counts.append(len(queries))
    assert counts == [11, 11]


def test_switching_a_model_asks_as_often_for_thirty_scenes_as_for_three(project: Project, make_scenes: MakeScenes):
    counts = []
    for more, old, new in ((3, "", "b"), (27, "b", "c")):
        make_scenes(more, model_id=old)
        with count_queries() as queries:
            storyboard.switch_model(project.pk, old, new)
        counts.append(len(queries))
    assert counts == [9, 9]


def test_a_field_that_was_written_again_stays(project: Project, make_scenes: MakeScenes, bob: User):
    one, two = make_scenes(2)
    act = record_change(
        project, bob, written=storyboard.write_fields(project.pk, {pk: {"location": "A"} for pk in ids(one, two)})
    )
    Scene.objects.filter(pk=one.pk).update(location="B")
    assert act
    assert take_back(act) == "Undone. 1 newer change kept."
    assert list(Scene.objects.values_list("location", flat=True)) == ["B", ""]


def test_where_all_was_changed_since_nothing_is_undone(project: Project, scene: Scene, bob: User):
    act = record_change(project, bob, written=storyboard.write_fields(project.pk, {scene.pk: {"location": "A"}}))
    Scene.objects.filter(pk=scene.pk).update(location="B")
    assert act
    with pytest.raises(ValidationError, match="Everything has changed since"):
        take_back(act)
    act.refresh_from_db()
    assert act.undone_at is None


def test_new_scenes_go_again_but_those_somebody_has_worked_on(
    project: Project, make_scenes: MakeScenes, make_take, bob: User
):
    make_scenes(1)
    new = [Scene(project=project, title=title, action="x") for title in ("Untouched", "Edited", "Taken")]
    act = record_change(project, bob, added=storyboard.add_many(project.pk, new))
    project.scenes.filter(title="Edited").update(action="y")
    make_take(project.scenes.get(title="Taken"))
    assert act
    assert take_back(act) == "Undone. 2 newer changes kept."
    assert titles(project) == ["Scene 1", "Edited", "Taken"]


@pytest.mark.parametrize("field", ["model_id", "notes", "own_prompt", "weather"])
def test_whatever_is_written_in_a_new_scene_keeps_it(project: Project, bob: User, field: str):
    new = storyboard.add_many(project.pk, [Scene(project=project, title="New", action="x")])
    act = record_change(project, bob, added=new)
    project.scenes.update(**{field: "fog"})
    assert act
    with pytest.raises(ValidationError, match="Everything has changed since"):
        take_back(act)


def test_a_new_scene_that_was_given_a_picture_stays(project: Project, bob: User):
    (new,) = storyboard.add_many(project.pk, [Scene(project=project, title="New", action="x")])
    act = record_change(project, bob, added=[new])
    Reference.objects.create(project=project, scene=new, role="start_frame", image="a.png", width=90, height=90)
    assert act
    with pytest.raises(ValidationError, match="Everything has changed since"):
        take_back(act)


def test_another_style_of_the_project_is_no_work_on_a_new_scene(project: Project, bob: User):
    act = record_change(
        project, bob, added=storyboard.add_many(project.pk, [Scene(project=project, title="a", action="x")])
    )
    Project.objects.update(visual_style="noir", aspect_ratio="9:16")
    assert act
    assert take_back(act) == "Undone."


def test_new_scenes_are_remembered_and_removed_with_as_many_queries_for_thirty_as_for_three(
    project: Project, bob: User
):
    counts = []
    for count in (3, 30):
        new = [Scene(project=project, title=f"{number}", action="x") for number in range(count)]
        added = storyboard.add_many(project.pk, new)
        with count_queries() as remembering:
            act = record_change(project, bob, added=added)
        assert act
        with count_queries() as taking_back:
            take_back(act)
        counts.append((len(remembering), len(taking_back)))
    assert counts == [(7, 18), (7, 18)]


# -- The project's own fields --------------------------------------------------------------------------------------------


def test_a_field_of_the_project_and_back(project: Project, make_scenes: MakeScenes, bob: User):
    one, two = make_scenes(2)
    act = record_change(
        project,
        bob,
        written=storyboard.write_fields(project.pk, {one.pk: {"lens": "macro"}}, of_project={"model_id": "sora-2"}),
    )
    project.refresh_from_db()
    assert (project.model_id, Scene.objects.get(pk=two.pk).changed_at > two.changed_at) == ("sora-2", True)
    assert act
    assert take_back(act) == "Undone."
    project.refresh_from_db()
    assert (project.model_id, Scene.objects.get(pk=one.pk).lens) == ("animatic", "")


def test_a_field_of_the_project_that_was_written_again_stays(project: Project, bob: User):
    act = record_change(
        project, bob, written=storyboard.write_fields(project.pk, {}, of_project={"model_id": "sora-2"})
    )
    Project.objects.update(model_id="sora-3")
    assert act
    with pytest.raises(ValidationError, match="Everything has changed since"):
        take_back(act)


# -- Pictures ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def frames(project: Project, scene: Scene) -> tuple[Reference, Reference]:
    """A start frame, and the one whose place it took."""
    fields = {"project": project, "scene": scene, "role": "start_frame", "width": 90, "height": 90}
    before = Reference.objects.create(**fields, image="before.png", deleted_at=timezone.now())
    return Reference.objects.create(**fields, image="now.png"), before


def test_a_frame_and_back(project: Project, frames: tuple[Reference, Reference], bob: User):
    act = record_change(project, bob, pictures=[frames])
    assert act
    assert take_back(act) == "Undone."
    assert list(Reference.objects.live()) == [frames[1]]


def test_a_frame_that_is_gone_brings_back_nothing(project: Project, frames: tuple[Reference, Reference], bob: User):
    act = record_change(project, bob, pictures=[frames])
    Reference.objects.update(deleted_at=timezone.now())
    assert act
    with pytest.raises(ValidationError, match="Everything has changed since"):
        take_back(act)
    assert list(Reference.objects.live()) == []


# -- The button --------------------------------------------------------------------------------------------------------


@pytest.fixture
def act(project: Project, make_scenes: MakeScenes, bob: User) -> UndoEntry:
    return move(project, bob, make_scenes(3)[2:], after=None)


def test_the_button_after_a_move(as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User):
    client = as_user(bob)
    first, *_ = make_scenes(3)
    page = client.post(reverse("scene_move", args=[first.pk]), {"by": 2}, follow=True).content.decode()
    undo = reverse("undo_entry", args=[UndoEntry.objects.get().pk])
    assert f'formaction="{undo}"' in page
    assert "Undone." in client.post(undo, follow=True).content.decode()
    assert titles(project) == ["Scene 1", "Scene 2", "Scene 3"]
    assert "This has already been undone." in client.post(undo, follow=True).content.decode()


def test_a_move_that_goes_nowhere_offers_nothing(as_user: AsUser, project: Project, scene: Scene, bob: User):
    page = as_user(bob).post(reverse("scene_move", args=[scene.pk]), {"by": 1}, follow=True).content.decode()
    assert "data-undo" not in page
    assert not UndoEntry.objects.exists()


def test_who_may_undo(as_user: AsUser, project: Project, act: UndoEntry, alice: User, vera: User, mallory: User):
    url = reverse("undo_entry", args=[act.pk])
    assert as_user(vera).post(url).status_code == 403
    assert as_user(mallory).post(url).status_code == 404
    assert titles(project)[0] == "Scene 3"
    as_user(alice).post(url)
    assert titles(project)[0] == "Scene 1"


def test_undo_ends_where_it_was_pressed(as_user: AsUser, project: Project, act: UndoEntry, bob: User):
    table = f"http://testserver{reverse('table', args=[project.pk])}?sort=-title"
    response = as_user(bob).post(reverse("undo_entry", args=[act.pk]), headers={"referer": table})
    assert response.headers["Location"] == f"{reverse('table', args=[project.pk])}?sort=-title"


@pytest.mark.parametrize("source", ["https://elsewhere.example/projects/1/tablet", "/queue", "//x", "", "http://[x"])
def test_undo_from_elsewhere_ends_on_the_board(
    as_user: AsUser, project: Project, act: UndoEntry, bob: User, team: Team, source: str
):
    response = as_user(bob).post(reverse("undo_entry", args=[act.pk]), headers={"referer": source})
    assert response.headers["Location"] == reverse("storyboard", args=[project.pk])


def test_what_is_a_day_old_is_forgotten(project: Project, act: UndoEntry, bob: User):
    UndoEntry.objects.update(created_at=timezone.now() - timedelta(hours=25))
    scene = project.scenes.earliest("position")
    record_change(project, bob, deleted=storyboard.delete_many(project.pk, [scene.pk]))
    assert [list(act.changes) for act in UndoEntry.objects.all()] == [["deleted"]]
