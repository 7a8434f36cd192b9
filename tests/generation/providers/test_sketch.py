"""The storyboard panel: every preset draws, what must differ differs, and no title can break it."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops

from generation.providers import sketch
from generation.providers.base import Shot
from generation.providers.drawing.caption import SLATE, draw_caption, strip_height
from generation.providers.drawing.vocabulary import read

PRESETS: dict[str, dict[str, list[str]]] = tomllib.loads(
    (Path(__file__).parents[3] / "projects" / "presets.toml").read_text("utf-8")
)
SCENE = {"number": 4, "title": "Homecoming", "subject": "Mara", "action": "waits", "location": "a narrow street"}
SIZE = 320, 180


def drawn(**told: object) -> Image.Image:
    return sketch.draw(Shot.from_json({**SCENE, **told}), *SIZE)


def picture_of(panel: Image.Image) -> bytes:
    """The panel without its caption, which names the presets and would always differ."""
    return panel.crop((0, 0, panel.width, panel.height - strip_height(*panel.size))).tobytes()


@pytest.mark.long
@pytest.mark.parametrize("field", PRESETS)
def test_every_preset_draws(field: str) -> None:
    for key in PRESETS[field]:
        panel = drawn(**{field: key})
        assert (panel.size, panel.mode) == (SIZE, "RGB")


@pytest.mark.long
@pytest.mark.long
@pytest.mark.parametrize(
    "field", ["shot_type", "camera_angle", "camera_move", "time_of_day", "weather", "color_grading"]
)
def test_choices_look_different(field: str) -> None:
    pictures = {key: picture_of(drawn(**{field: key})) for key in PRESETS[field]}
    same = [pair for pair in combinations(pictures, 2) if pictures[pair[0]] == pictures[pair[1]]]
    assert same == []


def test_only_a_moving_camera_gets_an_arrow() -> None:
    unsaid = picture_of(drawn(camera_move=""))
    marked = {move: picture_of(drawn(camera_move=move)) != unsaid for move in PRESETS["camera_move"]}
    assert marked == {move: move != "static" for move in PRESETS["camera_move"]}


def test_the_arrow_is_all_that_a_move_changes() -> None:
    without, panned = (drawn(title="", camera_move=move) for move in ("static", "pan-left"))
    difference = ImageChops.difference(without, panned).crop((0, 0, SIZE[0], SIZE[1] // 2))
    assert difference.getbbox() is None


@pytest.mark.parametrize("size", [(640, 360), (360, 640), (360, 360), (320, 568), (321, 181), (1920, 1080)])
def test_any_size_and_aspect(size: tuple[int, int]) -> None:
    assert sketch.draw(Shot.from_json(SCENE), *size).size == size


def test_the_same_shot_gives_the_same_bytes() -> None:
    first = drawn(weather="snow")
    drawn(location="forest")
    assert drawn(weather="snow").tobytes() == first.tobytes()


def test_scenes_do_not_repeat_themselves() -> None:
    pictures = {picture_of(drawn(number=number, shot_type="wide")) for number in range(1, 6)}
    assert len(pictures) == 5


PLACES = [
    "city street",
    "forest",
    "beach",
    "mountain",
    "desert",
    "road",
    "moon base",
    "train",
    "kitchen",
    "bedroom",
    "spiral staircase",
    "a window onto the sea",
    "office",
    "",
]


@pytest.mark.long
def test_places_are_told_apart() -> None:
    assert len({picture_of(drawn(location=place, title="", action="")) for place in PLACES}) == len(PLACES)


@pytest.mark.long
@pytest.mark.parametrize(
    "subject", ["a dog", "a black cat", "two horses", "an eagle", "a red car", "a sailing boat", "a rocket"]
)
@pytest.mark.parametrize("shot_type", ["wide", "close-up", "extreme-close-up", "two-shot", "point-of-view"])
def test_subjects_other_than_people(subject: str, shot_type: str) -> None:
    assert drawn(subject=subject, shot_type=shot_type).size == SIZE


THINGS = ["a lighthouse", "a house", "a church", "a castle", "a tree", "a fishing boat", "a train", "a letter", "Mara"]


@pytest.mark.long
@pytest.mark.parametrize("shot_type", ["extreme-wide", "medium", "close-up", "aerial"])
def test_a_thing_is_drawn_as_itself(shot_type: str) -> None:
    pictures = {picture_of(drawn(subject=thing, shot_type=shot_type, action="")) for thing in THINGS}
    assert len(pictures) == len(THINGS)


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("A white lighthouse", "lighthouse"),
        ("The lighthouse keeper", "person"),
        ("An old keeper in a yellow oilskin", "person"),
        ("The captain of the ship", "person"),
        ("A girl under a tree", "person"),
        ("A small fishing boat", "fishing-boat"),
        ("A flock of birds", "bird"),
        ("A pair of hands", "hands"),
        ("Weathered hands, a match, a brass burner", "hands"),
        ("The open sea", "scenery"),
        ("Mara", "person"),
        ("", "person"),
    ],
)
def test_what_a_subject_is_about(subject: str, kind: str) -> None:
    assert read(Shot(subject=subject)).subject == kind


@pytest.mark.long
@pytest.mark.parametrize("shot_type", ["extreme-close-up", "insert"])
def test_a_very_close_view_follows_its_subject(shot_type: str) -> None:
    details = ["her eyes", "her lips", "her hands", "hands, a match", "a letter", "a glass", "a candle", "a key"]
    pictures = {picture_of(drawn(subject=detail, shot_type=shot_type, action="")) for detail in details}
    assert len(pictures) == len(details)


def test_what_is_said_of_someone_is_drawn() -> None:
    told = [
        ("", "man"),
        ("old", "man"),
        ("", "man with a beard"),
        ("", "man in a hat"),
        ("", "woman"),
        ("little", "boy"),
    ]
    traits = {read(Shot(subject=f"a {age} {who}")).traits for age, who in told}
    assert len(traits) == len(told)
    lamp, without = (drawn(action=f"waits{more}", title="", shot_type="full") for more in (" with a lamp", ""))
    assert picture_of(lamp) != picture_of(without)


def test_whoever_looks_out_of_a_window_is_alone_unless_the_text_names_another() -> None:
    looking = Shot(subject="The keeper at the window", action="sees a light", shot_type="over-the-shoulder")
    assert read(looking).alone
    assert not read(replace(looking, action="talks to another man")).alone
    assert not read(replace(looking, dialogue="KEEPER: Who is there?\nBOY: Me.")).alone


@pytest.mark.parametrize("size", [(640, 360), (360, 640), (360, 360)])
def test_light_at_night_is_brighter_than_the_dark_around_it(size: tuple[int, int]) -> None:
    struck = Shot(subject="Hands, a match", shot_type="extreme-close-up", time_of_day="night")
    picture = np.asarray(sketch.draw(struck, *size).convert("L"))
    lit = picture[: size[1] // 2, size[0] // 4 : size[0] * 3 // 4]
    assert lit.mean() > picture[size[1] // 2 : size[1] * 3 // 4].mean()


@pytest.mark.long
@pytest.mark.parametrize("angle", PRESETS["camera_angle"])
@pytest.mark.parametrize("subject", ["Mara", "a white lighthouse"])
def test_every_shot_type_from_every_angle(angle: str, subject: str) -> None:
    for shot_type in PRESETS["shot_type"]:
        assert drawn(shot_type=shot_type, camera_angle=angle, subject=subject).size == SIZE


def test_unknown_presets_and_empty_fields() -> None:
    unknown = dict.fromkeys(PRESETS, "no-such-choice")
    assert picture_of(drawn(**unknown)) == picture_of(drawn())
    assert sketch.draw(Shot(), *SIZE).size == SIZE


ODD_TITLES = [
    "",
    "   ",
    "word " * 200,
    "W" * 400,
    "\U0001f3ac\U0001f468‍\U0001f469‍\U0001f467 take",
    "<script>alert('x')</script> & <b>bold</b>",
    "שלום עולם — سلام",
    "Z" + "̡̨̛̮" * 60 + "algo",
    "tab\tnew\nline\x00\x07\x1b[31m",
    "lone \ud800 surrogate",
    "映画の始まり",
    "‮reversed‬ ﷽",
]


@pytest.mark.parametrize("title", ODD_TITLES)
@pytest.mark.parametrize("width", [180, 320, 1280])
def test_a_caption_never_leaves_its_strip(title: str, width: int) -> None:
    height = strip_height(width, width)
    strip = np.asarray(draw_caption(Shot(title=title, number=123456, shot_type="over-the-shoulder"), width, height))
    assert strip.shape == (height, width, 3)
    margins = np.concatenate([strip[:, -3:].reshape(-1, 3), strip[:1].reshape(-1, 3), strip[-1:].reshape(-1, 3)])
    assert (margins == SLATE).all()


def test_a_caption_keeps_what_is_reserved() -> None:
    strip = np.asarray(draw_caption(Shot(title="word " * 50), 640, 48, reserved=200))
    assert (strip[:, -200:] == SLATE).all()


def test_odd_text_anywhere() -> None:
    for text in ODD_TITLES:
        panel = drawn(title=text, subject=text, action=text, location=text, dialogue=text, number=-1)
        assert panel.size == SIZE
