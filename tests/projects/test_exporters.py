"""Exports import again: CSV exactly, Fountain except for blanks and what the format cannot hold."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.spreadsheets import write_csv
from projects import presets
from projects.exporters.fountain import write_fountain
from projects.exporters.table import build_rows
from projects.importers import read, terms
from projects.models import AspectRatio, Project, Scene

#: Text that a form accepts: no control characters, no whitespace at the ends.
LETTERS = st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029\ufeff")
SHORT = st.text(LETTERS, max_size=60).map(lambda text: " ".join(text.split()))
LONG = st.lists(SHORT, max_size=4).map(lambda lines: "\n".join(lines).strip())
FORMULAS = st.sampled_from(["=1+1", "+49", "-", "@here", "'=1", "''=1", "'quoted'", "a,b;c", 'a "b" c', '"'])
PROJECT = Project(title="The ferry", aspect_ratio=AspectRatio.LANDSCAPE)


def test_every_field_of_a_scene_is_exported_and_read():
    assert {*Scene.SHOT_FIELDS, *Scene.SETTINGS, "title", "duration", "notes"} == set(Scene.OWN_FIELDS)
    assert sorted(terms.FIELDS) == sorted(Scene.OWN_FIELDS)


def choices(field: str) -> st.SearchStrategy[str]:
    return st.sampled_from(["", *(key for key, _ in terms.options(field))])


def some(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return texts.filter(lambda text: bool(text.strip()))


def scenes(short: st.SearchStrategy[str], long: st.SearchStrategy[str]) -> st.SearchStrategy[Scene]:
    fields: dict[str, st.SearchStrategy[Any]] = dict.fromkeys(terms.FIELDS, short)
    fields |= dict.fromkeys(terms.LONG_FIELDS, long) | {name: choices(name) for name in terms.CHOICES}
    fields |= {"title": some(short), "action": some(long), "seed": st.none() | st.integers(0, 999_999_999)}
    fields["duration"] = st.integers(10, 600).map(lambda tenths: Decimal(tenths) / 10)
    fields["position"] = st.integers(1, 500)
    return st.builds(lambda **values: Scene(project=PROJECT, **values), **fields)


def values(scene: Scene) -> dict[str, Any]:
    return {name: getattr(scene, name) for name in terms.FIELDS}


@settings(max_examples=60, deadline=None)
@given(st.lists(scenes(SHORT | FORMULAS, LONG | FORMULAS), min_size=1, max_size=4))
def test_exported_table_imports_unchanged(exported: list[Scene]):
    script = read(write_csv(build_rows(exported)), name="scenes.csv")
    assert [values(draft.build_scene(PROJECT)) for draft in script.drafts] == [values(scene) for scene in exported]
    assert [draft.warnings for draft in script.drafts] == [[] for _ in exported]


@pytest.mark.parametrize("ending", ["csv", "fountain"])
def test_lighting_survives_export_and_import(ending: str):
    scene = Scene(project=PROJECT, title="a", action="b", lighting="rembrandt", light_effects="The lamp swings")
    data = write_csv(build_rows([scene])) if ending == "csv" else write_fountain(PROJECT, [scene])
    (draft,) = read(data, name=f"scenes.{ending}").drafts
    found = draft.build_scene(PROJECT)
    assert (found.lighting, found.light_effects) == ("rembrandt", "The lamp swings")


@settings(max_examples=60, deadline=None)
@given(st.lists(scenes(FORMULAS, FORMULAS), min_size=1, max_size=3))
def test_no_exported_cell_is_a_formula(exported: list[Scene]):
    table = csv.reader(io.StringIO(write_csv(build_rows(exported)).decode("utf-8-sig"), newline=""))
    assert [cell for row in table for cell in row if cell[:1] in set("=+-@\t\r") and cell] == []


#: Words, including Fountain's own markup.
WORDS = st.lists(
    st.sampled_from(
        [
            "the",
            "Keeper",
            "climbs",
            "3",
            "stairs.",
            "INT.",
            "*slowly*",
            "_now_",
            "/*",
            "[[",
            "]]",
            ">",
            "!",
            "@",
            "#",
            "=",
            "~",
            "TO:",
            "\\",
            "ß",
            "Été,",
        ]
    ),
    min_size=1,
    max_size=6,
).map(" ".join)
PARAGRAPHS = st.lists(WORDS, min_size=1, max_size=3).map("\n\n".join)
SPEECHES = st.lists(
    st.tuples(
        st.sampled_from(["KEEPER", "Old man", "MARA (O.S.)"]), st.sampled_from(["Not tonight.", "(low) Aye.", "Where?"])
    ),
    max_size=3,
).map(lambda lines: "\n".join(f"{name}: {words}" for name, words in lines))


def as_read(text: Any) -> Any:
    """The text as the import returns it: marks of notes and comments are broken up, whitespace is collapsed."""
    if not isinstance(text, str):
        return text
    for mark in ("[[", "]]", "/*", "*/"):
        text = text.replace(mark, " ".join(mark))
    return " ".join(text.split())


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.builds(
            lambda **values: Scene(project=PROJECT, **values),
            title=WORDS.map(lambda words: f"Up {words}"),
            action=PARAGRAPHS,
            dialogue=SPEECHES,
            location=st.sampled_from(["", "A lighthouse", "Kitchen, interior", "The old pier, exterior"]),
            time_of_day=choices("time_of_day"),
            shot_type=choices("shot_type"),
            lighting=choices("lighting"),
            camera_move=choices("camera_move"),
            duration=st.integers(10, 600).map(lambda tenths: Decimal(tenths) / 10),
            continuity=st.just("") | PARAGRAPHS,
            notes=st.just("") | PARAGRAPHS,
            seed=st.none() | st.integers(0, 99),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_exported_screenplay_imports_with_the_same_text(exported: list[Scene]):
    script = read(write_fountain(PROJECT, exported), name="film.fountain")
    found = [
        {name: as_read(value) for name, value in values(draft.build_scene(PROJECT)).items()} for draft in script.drafts
    ]
    assert found == [{name: as_read(value) for name, value in values(scene).items()} for scene in exported]


def test_exported_screenplay_is_plain_fountain():
    scene = Scene(
        project=PROJECT,
        title="Not tonight",
        action="The keeper climbs.\n\nTHE DOOR.\nIt opens.",
        dialogue="KEEPER: Not tonight.\nMcAvoy: Aye.",
        location="Lighthouse, interior",
        time_of_day="night",
        shot_type="close-up",
        duration=Decimal("4.5"),
    )
    assert write_fountain(PROJECT, [scene]).decode() == (
        "Title: The ferry\n\n"
        "INT. Lighthouse - Night\n\n= Not tonight\n\n"
        "The keeper climbs.\n\n!THE DOOR.\n!It opens.\n\n"
        "KEEPER\nNot tonight.\n\n@McAvoy\nAye.\n\n"
        "[[Duration: 4.5]]\n\n[[Shot type: Close-up]]\n"
    )


@pytest.mark.parametrize("field", sorted(terms.ABBREVIATIONS))
def test_abbreviations_refer_to_existing_presets(field: str):
    keys = {key for key, _ in presets.choices(field)}
    assert set(terms.ABBREVIATIONS[field].values()) - keys == set()
