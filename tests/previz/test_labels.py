"""Names on a panel, in any script."""

from itertools import combinations

import numpy as np
import pytest

from previz.labels import fitted, has_glyph, place_labels, runs
from previz.moves import camera_at
from previz.picture import panel
from previz.shot import Shot
from previz.stage import build_stage

NAMES = ("李小龙", "محمد الأمين", "नर्तकी आशा", "กิตติศักดิ์", "Юлия", "김민수")
SIZE = (640, 360)


def labels_of(shot: Shot, size=SIZE):
    return place_labels(build_stage(shot), camera_at(shot, 0), size)


@pytest.mark.parametrize(
    "text", [*NAMES, "דוד", "Ελένη", "さくら", "Zoë Łukasz", "Mai 猫 кот", "தமிழ்", "ქართული", "Anna 🙂"]
)
def test_every_character_has_a_glyph(text):
    pieces = runs(text)
    assert "".join(piece for _, piece in pieces) == text
    assert all(has_glyph(font, c) for font, piece in pieces for c in piece if not c.isspace())


def test_what_no_font_has_is_left_out():
    assert runs("A\U0010fffd\ue000\n") == (("Sans", "A"),)


def test_labels_never_overlap_and_stay_in_the_picture():
    for shot_type in ("wide", "full", "medium", "establishing", "aerial"):
        boxes = [box for _, _, box, _ in labels_of(Shot(shot_type=shot_type, cast=NAMES))]
        assert len(boxes) == (4 if shot_type == "medium" else 6)
        for a, b in combinations(boxes, 2):
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert all(b[0] >= 0 and b[1] >= 0 and b[2] <= 640 and b[3] <= 360 for b in boxes)


def test_every_figure_carries_its_own_words():
    names = {text for text, *_ in labels_of(Shot(shot_type="full", subject="Robot", cast=("Anna", "Ben")))}
    assert names == {"Anna", "Ben"}
    assert [text for text, *_ in labels_of(Shot(shot_type="full", subject="Robot"))] == ["Robot"]
    assert labels_of(Shot(shot_type="full")) == []


def test_arabic_is_shaped_and_runs_from_right_to_left():
    dark = panel(Shot(shot_type="full", subject="م" + "ا" * 6), (1280, 720)).astype(int)
    (_, _, (left, top, right, bottom), _), *_ = labels_of(Shot(shot_type="full", subject="م" + "ا" * 6), (1280, 720))
    ink = (dark[round(top) : round(bottom), round(left) : round(right)].sum(axis=2) < 300).sum(axis=0)
    columns = np.flatnonzero(ink)
    # The round letter comes first: it is at the right, and joined to its neighbour, so that no gap follows it.
    assert ink[columns[-12:]].mean() != ink[columns[:12]].mean()
    assert np.diff(columns)[-10:].max() == 1


def test_long_words_are_cut_with_an_ellipsis():
    text = fitted("word " * 100_000, 16, 200)
    assert text.endswith("…")
    assert len(text) < 40
    cut = fitted("กิ" * 60, 16, 90)
    assert cut.count("ก") == cut.count("ิ") > 2


def test_huge_text_costs_no_more():
    shot = Shot(subject="x" * 2_000_000, dialogue="NAME " * 100_000, location="INT. " + "y" * 100_000)
    assert panel(shot, SIZE).shape == (360, 640, 3)
