"""Undo of changes to many scenes: one entry per change, and nothing newer is overwritten."""

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
from projects import scene_edits, undo
from projects.models import Project, Reference, Scene, UndoEntry
from projects.undo import record_change
from teams.models import Team, User
from tests.queries import count_queries

undo_change = partial(undo.undo_entry, find_used=scenes_with_takes)

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
MakeScenes = Callable[..., list[Scene]]


def titles(project: Project) -> list[str]:
    return list(project.scenes.filter(deleted_at=None).values_list("title", flat=True))


def ids(*scenes: Scene) -> list[int]:
    return [scene.pk for scene in scenes]


def move(project: Project, bob: User, scenes: list[Scene], *, after: Scene | None) -> UndoEntry:
    entry = record_change(
        project, bob, moved=scene_edits.move_many(project.pk, ids(*scenes), after=after.pk if after else None)
    )
    assert entry
    return entry


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
def test_undo_restores_the_order_of_moved_scenes(
    project: Project, make_scenes: MakeScenes, bob: User, chosen: list[int], after: int | None, expected: str
):
    scenes = make_scenes(5)
    entry = move(project, bob, [scenes[number - 1] for number in chosen], after=scenes[after - 1] if after else None)
    assert titles(project) == [f"Scene {number}" for number in expected.split()]
    assert undo_change(entry) == "Undone."
    assert titles(project) == [f"Scene {number}" for number in range(1, 6)]
    assert list(project.scenes.values_list("position", flat=True)) == [1, 2, 3, 4, 5]


def test_a_move_without_effect_creates_no_undo_entry(project: Project, make_scenes: MakeScenes, bob: User):
    first, second, _ = make_scenes(3)
    assert record_change(project, bob, moved=scene_edits.move_many(project.pk, ids(second), after=first.pk)) is None


def test_undo_of_a_move_keeps_scenes_added_since(project: Project, make_scenes: MakeScenes, bob: User):
    first, _second, third = make_scenes(3)
    entry = move(project, bob, [third], after=None)
    scene_edits.add(Scene(project=project, title="New", action="x"), after=first.pk)
    undo_change(entry)
    assert titles(project) == ["Scene 1", "New", "Scene 2", "Scene 3"]


def test_undo_refuses_a_scene_that_was_moved_again(project: Project, make_scenes: MakeScenes, bob: User):
    _first, second, third = make_scenes(3)
    entry = move(project, bob, [third], after=None)
    scene_edits.move(third, after=second.pk)
    scene_edits.move(second, after=None)
    with pytest.raises(ValidationError, match="The order has changed since"):
        undo_change(entry)
    assert titles(project) == ["Scene 2", "Scene 1", "Scene 3"]


def test_moving_scenes_after_one_of_them_is_refused(project: Project, make_scenes: MakeScenes):
    first, second, _ = make_scenes(3)
    with pytest.raises(ValidationError, match="no longer in this storyboard"):
        scene_edits.move_many(project.pk, ids(first, second), after=second.pk)
    assert titles(project) == ["Scene 1", "Scene 2", "Scene 3"]


def test_moving_a_deleted_scene_among_others_is_refused(project: Project, make_scenes: MakeScenes):
    first, second, third = make_scenes(3)
    scene_edits.delete(second)
    with pytest.raises(ValidationError, match="One of these scenes has been deleted"):
        scene_edits.move_many(project.pk, ids(first, second), after=third.pk)
    assert titles(project) == ["Scene 1", "Scene 3"]


# -- Deleting ----------------------------------------------------------------------------------------------------------


def test_undo_restores_deleted_scenes(project: Project, make_scenes: MakeScenes, bob: User):
    scenes = make_scenes(6)
    entry = record_change(
        project, bob, deleted=scene_edits.delete_many(project.pk, ids(scenes[1], scenes[2], scenes[5]))
    )
    assert titles(project) == ["Scene 1", "Scene 4", "Scene 5"]
    assert entry
    assert undo_change(entry) == "Undone."
    assert titles(project) == [f"Scene {number}" for number in range(1, 7)]


def test_deleting_thirty_scenes_takes_the_queries_of_three(project: Project, make_scenes: MakeScenes, bob: User):
    scenes = make_scenes(40)
    counts = []
    for some in (scenes[:3], scenes[3:33]):
        with count_queries() as queries:
            scene_edits.delete_many(project.pk, ids(*some))
        counts.append(len(queries))
    assert counts == [8, 8]


def test_restoring_twenty_scenes_takes_the_queries_of_three(project: Project, make_scenes: MakeScenes, bob: User):
    scenes, counts = make_scenes(30), []
    for some in (scenes[:3], scenes[3:23]):
        entry = record_change(project, bob, deleted=scene_edits.delete_many(project.pk, ids(*some), bob))
        assert entry
        with count_queries() as queries:
            undo_change(entry, bob)
        counts.append(len(queries))
    assert counts == [15, 15]


# -- Fields ------------------------------------------------------------------------------------------------------------


def test_undo_restores_written_fields(project: Project, make_scenes: MakeScenes, bob: User):
    first, second, _ = make_scenes(3, weather="fog")
    values: dict[int, dict[str, str | Decimal]] = {
        first.pk: {"title": "A", "duration": Decimal("6.5")},
        second.pk: {"title": "Scene 2", "weather": ""},
    }
    entry = record_change(project, bob, written=scene_edits.write_fields(project.pk, values))
    assert list(Scene.objects.values_list("title", "duration", "weather")) == [
        ("A", Decimal("6.5"), "fog"),
        ("Scene 2", Decimal(1), ""),
        ("Scene 3", Decimal(1), "fog"),
    ]
    assert entry
    assert undo_change(entry) == "Undone."
    assert set(Scene.objects.values_list("duration", "weather")) == {(Decimal(1), "fog")}
    assert titles(project) == ["Scene 1", "Scene 2", "Scene 3"]


def test_writing_fields_leaves_other_fields_alone(project: Project, make_scenes: MakeScenes):
    first, *_ = make_scenes(1)
    with count_queries() as queries:
        scene_edits.write_fields(project.pk, {first.pk: {"title": "A"}})
    update = next(query["sql"] for query in queries if query["sql"].startswith("UPDATE"))
    assert ('"title"' in update, '"action"' in update, '"notes"' in update) == (True, False, False)


def test_undoing_thirty_fields_takes_the_queries_of_three(project: Project, make_scenes: MakeScenes, bob: User):
    scenes, counts = make_scenes(33), []
    for some in (scenes[:3], scenes[3:]):
        entry = record_change(
            project, bob, written=scene_edits.write_fields(project.pk, {pk: {"lens": "macro"} for pk in ids(*some)})
        )
        assert entry
        with count_queries() as queries:
            undo_change(entry, bob)
        counts.append(len(queries))
    assert counts == [11, 11]


def test_switching_the_model_of_thirty_scenes_takes_the_queries_of_three(project: Project, make_scenes: MakeScenes):
    counts = []
    for more, old, new in ((3, "", "b"), (27, "b", "c")):
        make_scenes(more, model_id=old)
        with count_queries() as queries:
            scene_edits.switch_model(project.pk, old, new)
        counts.append(len(queries))
    assert counts == [9, 9]


def test_undo_keeps_a_field_that_was_written_again(project: Project, make_scenes: MakeScenes, bob: User):
    first, second = make_scenes(2)
    entry = record_change(
        project, bob, written=scene_edits.write_fields(project.pk, {pk: {"location": "A"} for pk in ids(first, second)})
    )
    Scene.objects.filter(pk=first.pk).update(location="B")
    assert entry
    assert undo_change(entry) == "Undone. 1 newer change kept."
    assert list(Scene.objects.values_list("location", flat=True)) == ["B", ""]


def test_undo_refuses_when_everything_has_changed(project: Project, scene: Scene, bob: User):
    entry = record_change(project, bob, written=scene_edits.write_fields(project.pk, {scene.pk: {"location": "A"}}))
    Scene.objects.filter(pk=scene.pk).update(location="B")
    assert entry
    with pytest.raises(ValidationError, match="Everything has changed since"):
        undo_change(entry)
    entry.refresh_from_db()
    assert entry.undone_at is None


def test_undo_deletes_new_scenes_except_edited_ones(project: Project, make_scenes: MakeScenes, make_take, bob: User):
    make_scenes(1)
    new = [Scene(project=project, title=title, action="x") for title in ("Untouched", "Edited", "Taken")]
    entry = record_change(project, bob, added=scene_edits.add_many(project.pk, new))
    project.scenes.filter(title="Edited").update(action="y")
    make_take(project.scenes.get(title="Taken"))
    assert entry
    assert undo_change(entry) == "Undone. 2 newer changes kept."
    assert titles(project) == ["Scene 1", "Edited", "Taken"]


@pytest.mark.parametrize("field", ["model_id", "notes", "custom_prompt", "weather"])
def test_undo_keeps_a_new_scene_with_any_edited_field(project: Project, bob: User, field: str):
    new = scene_edits.add_many(project.pk, [Scene(project=project, title="New", action="x")])
    entry = record_change(project, bob, added=new)
    project.scenes.update(**{field: "fog"})
    assert entry
    with pytest.raises(ValidationError, match="Everything has changed since"):
        undo_change(entry)


def test_undo_keeps_a_new_scene_with_a_picture(project: Project, bob: User):
    (new,) = scene_edits.add_many(project.pk, [Scene(project=project, title="New", action="x")])
    entry = record_change(project, bob, added=[new])
    Reference.objects.create(project=project, scene=new, role="start_frame", image="a.png", width=90, height=90)
    assert entry
    with pytest.raises(ValidationError, match="Everything has changed since"):
        undo_change(entry)


def test_undo_deletes_a_new_scene_after_the_project_style_changed(project: Project, bob: User):
    entry = record_change(
        project, bob, added=scene_edits.add_many(project.pk, [Scene(project=project, title="a", action="x")])
    )
    Project.objects.update(visual_style="noir", aspect_ratio="9:16")
    assert entry
    assert undo_change(entry) == "Undone."


def test_adding_and_undoing_thirty_scenes_takes_the_queries_of_three(project: Project, bob: User):
    counts = []
    for count in (3, 30):
        new = [Scene(project=project, title=f"{number}", action="x") for number in range(count)]
        added = scene_edits.add_many(project.pk, new)
        with count_queries() as remembering:
            entry = record_change(project, bob, added=added)
        assert entry
        with count_queries() as taking_back:
            undo_change(entry)
        counts.append((len(remembering), len(taking_back)))
    assert counts == [(7, 18), (7, 18)]


# -- The project's own fields --------------------------------------------------------------------------------------------


def test_undo_restores_a_project_field(project: Project, make_scenes: MakeScenes, bob: User):
    first, second = make_scenes(2)
    entry = record_change(
        project,
        bob,
        written=scene_edits.write_fields(project.pk, {first.pk: {"lens": "macro"}}, of_project={"model_id": "sora-2"}),
    )
    project.refresh_from_db()
    assert (project.model_id, Scene.objects.get(pk=second.pk).changed_at > second.changed_at) == ("sora-2", True)
    assert entry
    assert undo_change(entry) == "Undone."
    project.refresh_from_db()
    assert (project.model_id, Scene.objects.get(pk=first.pk).lens) == ("animatic", "")


def test_undo_keeps_a_project_field_that_was_written_again(project: Project, bob: User):
    entry = record_change(
        project, bob, written=scene_edits.write_fields(project.pk, {}, of_project={"model_id": "sora-2"})
    )
    Project.objects.update(model_id="sora-3")
    assert entry
    with pytest.raises(ValidationError, match="Everything has changed since"):
        undo_change(entry)


# -- Pictures ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def frames(project: Project, scene: Scene) -> tuple[Reference, Reference]:
    """A start frame, and the one whose place it took."""
    fields = {"project": project, "scene": scene, "role": "start_frame", "width": 90, "height": 90}
    before = Reference.objects.create(**fields, image="before.png", deleted_at=timezone.now())
    return Reference.objects.create(**fields, image="now.png"), before


def test_undo_restores_the_replaced_frame(project: Project, frames: tuple[Reference, Reference], bob: User):
    entry = record_change(project, bob, pictures=[frames])
    assert entry
    assert undo_change(entry) == "Undone."
    assert list(Reference.objects.live()) == [frames[1]]


def test_undo_refuses_when_the_new_frame_is_gone(project: Project, frames: tuple[Reference, Reference], bob: User):
    entry = record_change(project, bob, pictures=[frames])
    Reference.objects.update(deleted_at=timezone.now())
    assert entry
    with pytest.raises(ValidationError, match="Everything has changed since"):
        undo_change(entry)
    assert list(Reference.objects.live()) == []


# -- The button --------------------------------------------------------------------------------------------------------


@pytest.fixture
def entry(project: Project, make_scenes: MakeScenes, bob: User) -> UndoEntry:
    return move(project, bob, make_scenes(3)[2:], after=None)


def test_a_move_offers_an_undo_button_that_works_once(
    as_user: AsUser, project: Project, make_scenes: MakeScenes, bob: User
):
    client = as_user(bob)
    first, *_ = make_scenes(3)
    page = client.post(reverse("scene_move", args=[first.pk]), {"by": 2}, follow=True).content.decode()
    undo = reverse("undo_entry", args=[UndoEntry.objects.get().pk])
    assert f'formaction="{undo}"' in page
    assert "Undone." in client.post(undo, follow=True).content.decode()
    assert titles(project) == ["Scene 1", "Scene 2", "Scene 3"]
    assert "This has already been undone." in client.post(undo, follow=True).content.decode()


def test_a_move_without_effect_offers_no_undo(as_user: AsUser, project: Project, scene: Scene, bob: User):
    page = as_user(bob).post(reverse("scene_move", args=[scene.pk]), {"by": 1}, follow=True).content.decode()
    assert "data-undo" not in page
    assert not UndoEntry.objects.exists()


def test_only_editors_of_the_team_can_undo(
    as_user: AsUser, project: Project, entry: UndoEntry, alice: User, vera: User, mallory: User
):
    url = reverse("undo_entry", args=[entry.pk])
    assert as_user(vera).post(url).status_code == 403
    assert as_user(mallory).post(url).status_code == 404
    assert titles(project)[0] == "Scene 3"
    as_user(alice).post(url)
    assert titles(project)[0] == "Scene 1"


def test_undo_returns_to_the_page_it_was_pressed_on(as_user: AsUser, project: Project, entry: UndoEntry, bob: User):
    table = f"http://testserver{reverse('table', args=[project.pk])}?sort=-title"
    response = as_user(bob).post(reverse("undo_entry", args=[entry.pk]), headers={"referer": table})
    assert response.headers["Location"] == f"{reverse('table', args=[project.pk])}?sort=-title"


@pytest.mark.parametrize("source", ["https://elsewhere.example/projects/1/tablet", "/queue", "//x", "", "http://[x"])
def test_undo_from_an_unknown_page_returns_to_the_board(
    as_user: AsUser, project: Project, entry: UndoEntry, bob: User, team: Team, source: str
):
    response = as_user(bob).post(reverse("undo_entry", args=[entry.pk]), headers={"referer": source})
    assert response.headers["Location"] == reverse("storyboard", args=[project.pk])


def test_undo_entries_older_than_a_day_are_deleted(project: Project, entry: UndoEntry, bob: User):
    UndoEntry.objects.update(created_at=timezone.now() - timedelta(hours=25))
    scene = project.scenes.earliest("position")
    record_change(project, bob, deleted=scene_edits.delete_many(project.pk, [scene.pk]))
    assert [list(entry.changes) for entry in UndoEntry.objects.all()] == [["deleted"]]
