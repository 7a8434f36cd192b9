"""Comparing two takes: which two, and what differs."""

import io
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from generation.connections import roster_for
from generation.models import Generation, selected_take
from generation.states import Status
from generation.takes import diff
from generation.takes.diff import Part, word_changes
from projects import references
from projects.models import Project, Reference, Scene
from teams.models import User
from tests.clips import GOT
from tests.queries import count_queries

AsUser = Callable[[User], Client]


def marked(before: str, after: str) -> str:
    signs = {"same": "{}", "removed": "[-{}-]", "added": "[+{}+]"}
    return "".join(signs[part.kind].format(part.text) for part in word_changes(before, after))


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("A boat at dusk.", "A boat at dusk.", "A boat at dusk."),
        ("A boat at dusk.", "A red boat at dusk.", "A [+red+] boat at dusk."),
        ("A red boat at dusk.", "A boat at dusk.", "A [-red-] boat at dusk."),
        ("A boat at dusk.", "A boat at dawn.", "A boat at [-dusk.-] [+dawn.+]"),
        ("Camera: low\nNight", "Camera: high\nNight", "Camera: [-low-] [+high+]\nNight"),
        ("A boat", "A  boat\n", "A  boat\n"),
        ("", "A boat", "[+A boat+]"),
        ("A boat", "", "[-A boat-]"),
        ("", "", ""),
    ],
)
def test_word_changes_mark_removed_and_added_words(before: str, after: str, shown: str):
    assert marked(before, after) == shown


def test_parts_contain_both_prompts():
    before, after = "One two, three. Four five six.", "One three, three. Nought four six seven."
    parts = word_changes(before, after)
    for kind, text in (("removed", before), ("added", after)):
        words = "".join(part.text if part.kind in ("same", kind) else " " for part in parts).split()
        assert words == text.split()


@pytest.mark.timeout(10)
def test_long_prompts_are_compared_quickly():
    head, tail = "The same beginning. " * 500, " and the same end." * 500
    before, after = "a b " * 3_000, "b a c " * 2_500
    parts = word_changes(head + before + tail, head + after + tail)
    assert [part.kind for part in parts if part.text.strip()] == ["same", "removed", "added", "same"]
    assert parts[0] == Part("same", head)
    assert parts[-1].text.strip() == tail.strip()


# -- The page ----------------------------------------------------------------------------------------------------------

in_database = pytest.mark.django_db


@pytest.fixture
def takes(scene: Scene, make_take: Callable[..., Generation]) -> list[Generation]:
    """Four finished takes, the second selected, and a failed one."""
    done = {"status": Status.COMPLETED, "clip": b"clip", "clip_seconds": Decimal("1.000")}
    takes = [make_take(scene, prompt=f"A boat, {words}.", **done) for words in ("<b>old</b>", "new", "red", "blue")]
    make_take(scene, status=Status.FAILED)
    Generation.objects.filter(pk=takes[1].pk).update(is_selected=True)
    return takes


def compared(client: Client, scene: Scene, query: str = "") -> tuple[int, int]:
    response = client.get(reverse("compare", args=[scene.pk]) + query)
    assert response.status_code == 200
    return response.context["a"].number, response.context["b"].number


@in_database
@pytest.mark.parametrize(
    ("query", "pair"),
    [
        ("", (2, 4)),
        ("?a=1&b=3", (1, 3)),
        ("?a=3&b=1", (3, 1)),
        ("?a=1", (1, 4)),
        ("?a=4", (4, 3)),
        ("?b=1", (2, 1)),
        ("?b=2", (4, 2)),
        ("?a=2&b=2", (2, 4)),
        ("?a=5&b=99", (2, 4)),
        ("?a=x&b=", (2, 4)),
        ("?take=3&take=1", (1, 3)),
        ("?take=1", (2, 1)),
        ("?take=2", (4, 2)),
        ("?take=1&take=3&take=4", (3, 4)),
        ("?take=5", (2, 4)),
    ],
)
def test_compare_chooses_two_finished_takes(
    as_user: AsUser, takes, scene: Scene, vera: User, query: str, pair: tuple[int, int]
):
    assert compared(as_user(vera), scene, query) == pair


@in_database
def test_deleted_takes_are_not_compared(as_user: AsUser, takes, scene: Scene, vera: User):
    Generation.objects.filter(number=4).update(deleted_at="2026-01-01T00:00Z")
    assert compared(as_user(vera), scene, "?a=4&b=1") == (2, 1)


@in_database
@pytest.mark.parametrize(("count", "words"), [(0, "this scene has none."), (1, "this scene has one.")])
def test_compare_with_fewer_than_two_takes_explains_what_is_needed(
    as_user: AsUser, scene: Scene, make_take, vera: User, count, words
):
    for _ in range(count):
        make_take(scene, status=Status.COMPLETED, clip=b"clip")
    page = as_user(vera).get(reverse("compare", args=[scene.pk])).content.decode()
    assert ("Nothing to compare yet" in page, words in page, "<video" in page) == (True, True, True)
    assert "data-compare" not in page


@in_database
def test_prompt_changes_are_marked_and_escaped(as_user: AsUser, takes, scene: Scene, vera: User):
    page = as_user(vera).get(reverse("compare", args=[scene.pk]) + "?a=1&b=2").content.decode()
    assert "A boat, <del>&lt;b&gt;old&lt;/b&gt;.</del> <ins>new.</ins>" in page
    assert reverse("take_select", args=[takes[0].pk]) not in page


@in_database
def test_selecting_a_take_returns_to_the_same_comparison(as_user: AsUser, takes, scene: Scene, bob: User):
    client = as_user(bob)
    page = client.get(reverse("compare", args=[scene.pk]) + "?a=1&b=2").content.decode()
    url = f"{reverse('take_select', args=[takes[0].pk])}?from=compare&a=1&b=2"
    assert url.replace("&", "&amp;") in page
    assert client.post(url).headers["Location"] == f"{reverse('compare', args=[scene.pk])}?a=1&b=2"
    scene.refresh_from_db()
    assert selected_take(scene) == takes[0]


@in_database
def test_changed_settings_are_listed(scene: Scene, project: Project, make_take, bob: User):
    png = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(png, "PNG")
    image = ContentFile(png.getvalue(), name="a.png")
    picture = references.add_reference(project, scene, Reference.Role.START_FRAME, image, member=bob)
    before = make_take(scene, status=Status.COMPLETED, clip=b"clip", inputs={"seed": 7}, media=GOT)
    Scene.objects.update(camera_move="dolly-in", title="Another", custom_prompt="Mine")
    scene.refresh_from_db()
    after = make_take(
        scene,
        status=Status.COMPLETED,
        clip=b"clip",
        task="remix",
        source=before,
        media=GOT | {"width": 160, "height": 90, "fps": "24000/1001", "sound": None},
        inputs={
            "seed": 0,
            "audio": False,
            "start_frame": {"name": picture.image.name, "fit": "pad"},
            "references": ["gone"],
        },
    )
    found = diff.compare(before, after, roster_for(before.team_id))
    assert {setting.name: (setting.a.text, setting.b.text) for setting in found.changed} == {
        "Type": ("New clip", "Remix of take 1"),
        "Size": ("1280 x 720", "160 x 90"),
        "Frame rate": ("24 fps", "23.976 fps"),
        "Format": ("MP4: H264, AAC sound", "MP4: H264, no sound"),
        "Seed": ("7", "0"),
        "Sound": ("Model default", "Silent"),
        "Start frame": ("-", "Pad with black"),
        "References": ("-", "1"),
        "Camera movement": ("-", "Dolly in"),
    }
    shown = {setting.name: setting.b.pictures for setting in found.changed if setting.b.pictures}
    assert shown == {"Start frame": (picture,)}
    assert [setting.name for setting in found.same] == [
        "Model",
        "Ordered size",
        "Ordered length",
        "Length",
        "Negative prompt",
        "End frame",
        "Cost",
    ]


@in_database
def test_non_members_cannot_compare_404(as_user: AsUser, takes, scene: Scene, mallory: User, vera: User):
    url = reverse("compare", args=[scene.pk])
    assert as_user(mallory).get(url).status_code == 404
    assert as_user(vera).post(url).status_code == 405


@in_database
def test_take_strip_links_to_compare_with_two_takes(as_user: AsUser, scene: Scene, make_take, vera: User):
    client, url = as_user(vera), reverse("scene_page", args=[scene.pk])
    offered = []
    for _ in range(2):
        make_take(scene, status=Status.COMPLETED, clip=b"clip")
        offered.append(reverse("compare", args=[scene.pk]) in client.get(url).content.decode())
    assert offered == [False, True]


@in_database
def test_comparing_eight_takes_takes_the_queries_of_four(as_user: AsUser, takes, scene: Scene, make_take, bob: User):
    client, url = as_user(bob), reverse("compare", args=[scene.pk]) + "?a=1&b=2"
    with count_queries() as four:
        client.get(url)
    for _ in range(4):
        make_take(scene, status=Status.COMPLETED, clip=b"clip")
    with count_queries() as eight:
        client.get(url)
    assert (len(four), len(eight)) == (9, 9)
