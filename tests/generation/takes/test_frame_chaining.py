"""Frames of takes as start frames, end frames and references, and chains of scenes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from generation.models import Generation, select_take
from generation.states import Status
from generation.takes import frame_chaining
from projects.models import Project, Reference, Scene, UndoEntry
from teams.models import User
from tests.generation.media.test_stills import make_clip, number_of
from tests.queries import count_queries

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}
START = Reference.Role.START_FRAME


@pytest.fixture(scope="module")
def grey(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A clip of 2.5 s whose frames encode their number."""
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4").read_bytes()


@pytest.fixture
def film(make_scenes, make_take: Callable[..., Generation], grey: bytes) -> list[Scene]:
    """Three scenes: the first two have a selected take."""
    scenes = make_scenes(3)
    for scene in scenes[:2]:
        take = make_take(scene, status=Status.COMPLETED, clip=grey, clip_seconds="2.500")
        Generation.objects.filter(pk=take.pk).update(is_selected=True)
    return scenes


@pytest.fixture
def take(film: list[Scene]) -> Generation:
    return film[0].takes.get()


def use(client: Client, take: Generation, **fields: str):
    """Post the plain form. Returns the next page."""
    values = {"use": "start_frame", "moment": "last"} | fields
    return client.post(reverse("take_frame", args=[take.pk]), values, follow=True)


def use_live(client: Client, take: Generation, **fields: str):
    values = {"use": "start_frame", "moment": "last"} | fields
    return client.post(reverse("take_frame", args=[take.pk]), values, headers=HTMX)


def undo_url() -> str:
    return reverse("undo_entry", args=[UndoEntry.objects.latest("pk").pk])


def frame_number(picture: Reference) -> int:
    with picture.image.open("rb") as file:
        return number_of(file.read())


# -- A frame of a take -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "number", "label"),
    [
        ({"moment": "first"}, 0, "First frame of scene 1, take 1"),
        ({"moment": "last", "seconds": "99"}, 59, "Last frame of scene 1, take 1"),
        ({"moment": "at", "seconds": "1.042"}, 25, "Frame at 1.04 s of scene 1, take 1"),
        ({"moment": "at", "seconds": "0"}, 0, "First frame of scene 1, take 1"),
    ],
)
def test_the_chosen_frame_becomes_the_start_frame(
    as_user: AsUser, take: Generation, bob: User, fields: dict[str, str], number: int, label: str
):
    answer = use_live(as_user(bob), take, **fields).content.decode()
    picture = Reference.objects.get()
    assert (picture.scene, picture.role, picture.created_by) == (take.scene, START, bob)
    assert (frame_number(picture), picture.label, picture.kind) == (number, label, "")
    assert "set as start frame." in answer
    assert 'id="pictures"' in answer
    assert undo_url() in answer


def test_a_frame_becomes_a_reference_with_a_name(as_user: AsUser, take: Generation, bob: User):
    page = use(as_user(bob), take, use="character", label="<b>The keeper</b>").content.decode()
    picture = Reference.objects.get()
    assert (picture.role, picture.kind, picture.label) == ("reference", "character", "<b>The keeper</b>")
    assert "set as reference (character)." in page
    assert "&lt;b&gt;The keeper&lt;/b&gt;" in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"moment": "at", "seconds": ""}, "Enter the time in seconds."),
        ({"moment": "at", "seconds": "-1"}, "A clip starts at 0 s."),
        ({"moment": "at", "seconds": "soon"}, "Enter the time in seconds, such as 1.5."),
        ({"moment": "at", "seconds": "NaN"}, "Enter the time in seconds, such as 1.5."),
        ({"moment": "at", "seconds": "2.6"}, "The clip is 2.5 s; there is no frame at 2.6 s."),
        ({"moment": "middle"}, "Select a valid choice."),
        ({"use": "poster"}, "Select a valid choice."),
    ],
)
def test_an_invalid_frame_is_refused_422(
    as_user: AsUser, take: Generation, bob: User, fields: dict[str, str], words: str
):
    client = as_user(bob)
    answer = use_live(client, take, **fields)
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    answer = use(client, take, **fields)
    assert answer.redirect_chain == [(reverse("scene_page", args=[take.scene_id]), 302)]
    assert words in answer.content.decode()
    assert Reference.objects.count() == 0


def test_a_missing_or_broken_clip_is_named(as_user: AsUser, take: Generation, bob: User):
    client, path = as_user(bob), Path(take.clip.path)
    path.write_bytes(path.read_bytes()[:500])
    answer = use_live(client, take).content.decode()
    assert answer == "Couldn't get a frame from take 1. It cannot be decoded."
    path.unlink()
    answer = use_live(client, take).content.decode()
    assert answer == "Couldn't get a frame from take 1. Its file is missing from storage."


def test_an_unfinished_take_has_no_frames_422(as_user: AsUser, film: list[Scene], make_take, bob: User):
    answer = use_live(as_user(bob), make_take(film[2], status=Status.RUNNING))
    assert (answer.status_code, answer.content.decode()) == (
        422,
        "This take isn't finished yet. Use a frame once it is done.",
    )


def test_undo_restores_the_frame_before(as_user: AsUser, take: Generation, bob: User):
    client, page = as_user(bob), reverse("scene_page", args=[take.scene_id])
    use(client, take, moment="first")
    use(client, take, moment="last")
    first, _last = Reference.objects.order_by("pk")
    for _ in range(2):
        answer = client.post(undo_url(), headers={"referer": f"http://testserver{page}"})
        assert answer.headers["Location"] == page
    assert list(Reference.objects.live()) == [first]


# -- Chains ------------------------------------------------------------------------------------------------------------


def test_chaining_makes_the_last_frame_the_next_scenes_start_frame(as_user: AsUser, film: list[Scene], bob: User):
    client = as_user(bob)
    page = client.post(reverse("scene_chain", args=[film[0].pk]), follow=True).content.decode()
    picture = Reference.objects.get()
    assert (picture.scene, picture.role, frame_number(picture)) == (film[1], START, 59)
    assert "Scene 2 now starts with the last frame of this scene." in page
    client.post(undo_url())
    assert Reference.objects.live().count() == 0


def test_chaining_skips_deleted_scenes(as_user: AsUser, film: list[Scene], bob: User):
    Scene.objects.filter(pk=film[1].pk).update(deleted_at="2026-01-01T00:00Z")
    as_user(bob).post(reverse("scene_chain", args=[film[0].pk]))
    assert Reference.objects.get().scene == film[2]


@pytest.mark.parametrize(
    ("index", "selected", "words"),
    [
        (1, False, "Select a finished take first. Its last frame becomes the next scene's start frame."),
        (2, True, "This is the last scene. There is no next scene to continue."),
    ],
)
def test_chaining_needs_a_selected_take_and_a_next_scene_422(
    as_user: AsUser, film: list[Scene], make_take, bob: User, index: int, selected: bool, words: str
):
    take = make_take(film[index], status=Status.COMPLETED, clip=b"clip")
    select_take(film[index].pk, take if selected else None)
    answer = as_user(bob).post(reverse("scene_chain", args=[film[index].pk]), headers=HTMX)
    assert (answer.status_code, answer.content.decode()) == (422, words)


def test_chain_all_fills_empty_start_frames_and_undo_empties_them(
    as_user: AsUser, film: list[Scene], project: Project, bob: User
):
    client, url = as_user(bob), reverse("project_chain", args=[project.pk])
    board = client.get(reverse("storyboard", args=[project.pk])).content.decode()
    assert 'Chain all <span class="button-detail">2 scenes</span>' in board
    page = client.post(url, follow=True).content.decode()
    assert "Scenes 2 and 3 now start with the last frame of the previous scene." in page
    assert "Chain all" not in page
    made = list(Reference.objects.order_by("scene"))
    assert [(picture.scene, frame_number(picture)) for picture in made] == [(film[1], 59), (film[2], 59)]
    again = client.post(url, follow=True).content.decode()
    assert "Every scene that follows a selected take already has a start frame." in again
    assert undo_url() in page
    client.post(reverse("picture_remove", args=[made[0].pk]))
    assert "Undone. 1 newer change kept." in client.post(undo_url(), follow=True).content.decode()
    assert Reference.objects.live().count() == 0


def test_chain_all_keeps_existing_start_frames(as_user: AsUser, film: list[Scene], project: Project, bob: User):
    client = as_user(bob)
    use(client, film[1].takes.get(), moment="first")
    existing = Reference.objects.get()
    page = client.post(reverse("project_chain", args=[project.pk]), follow=True).content.decode()
    assert "Scene 3 now starts with the last frame of the previous scene." in page
    assert film[1].frame(START) == existing


def test_chain_all_names_the_clips_it_could_not_read(as_user: AsUser, film: list[Scene], project: Project, bob: User):
    Path(film[0].takes.get().clip.path).unlink()
    page = as_user(bob).post(reverse("project_chain", args=[project.pk]), follow=True).content.decode()
    assert "Scene 2: Couldn&#x27;t get a frame from take 1. Its file is missing from storage." in page
    assert "Scene 3 now starts with the last frame of the previous scene." in page


def test_chain_all_stops_at_its_deadline_and_counts_the_rest(
    film: list[Scene], project: Project, bob: User, monkeypatch
):
    monkeypatch.setattr(frame_chaining, "CHAIN_SECONDS", 0)
    result = frame_chaining.chain_all(project, member=bob)
    assert (result.pictures, result.left) == ([], 2)


@pytest.mark.parametrize("name", ["take_frame", "scene_chain", "project_chain"])
def test_viewers_cannot_use_frames_403_outsiders_404(
    as_user: AsUser, take: Generation, vera: User, mallory: User, name: str
):
    pk = {"scene_chain": take.scene_id, "take_frame": take.pk}.get(name, take.scene.project_id)
    url = reverse(name, args=[pk])
    values = {"use": "start_frame", "moment": "last"}
    assert [as_user(person).post(url, values).status_code for person in (vera, mallory)] == [403, 404]
    assert as_user(vera).get(url).status_code == 405
    assert Reference.objects.count() == 0


def test_viewers_see_no_buttons_for_frames(as_user: AsUser, film: list[Scene], bob: User, vera: User):
    url = reverse("scene_page", args=[film[0].pk])
    pages = [as_user(person).get(url).content.decode() for person in (bob, vera)]
    for address in (reverse("scene_chain", args=[film[0].pk]), reverse("take_frame", args=[film[0].takes.get().pk])):
        assert [address in page for page in pages] == [True, False]


# -- What the model supports -------------------------------------------------------------------------------------------


def test_the_page_names_pictures_the_model_does_not_support(
    as_user: AsUser, film: list[Scene], take: Generation, bob: User
):
    client, url = as_user(bob), reverse("scene_page", args=[film[0].pk])
    page = client.get(url).content.decode()
    assert "Animatic doesn&#x27;t support end frames." in page
    assert "Animatic doesn&#x27;t support references." in page
    use(client, take, use="style")
    assert "Animatic doesn&#x27;t support references (1 attached)." in client.get(url).content.decode()
    Scene.objects.update(model_id="veo-3.1-generate-001")
    use(client, take, use="start_frame")
    page = client.get(url).content.decode()
    assert "supports up to 3; this scene has 1." in page
    assert "supports frames or references, not both." in page


def test_the_pictures_need_as_many_queries_with_notes_on_them(as_user: AsUser, film: list[Scene], take, bob: User):
    client, url = as_user(bob), reverse("pictures_panel", args=[film[0].pk])
    counts = []
    for name in ("style", "start_frame", "end_frame"):
        use(client, take, use=name)
        with count_queries() as queries:
            client.get(url)
        counts.append(len(queries))
    assert counts == [10, 10, 10]
