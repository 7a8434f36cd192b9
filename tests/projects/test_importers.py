"""Scripts become drafts of scenes: three formats, any encoding, and one sentence for an unreadable file."""

from __future__ import annotations

import contextlib
import time
from decimal import Decimal
from typing import Any

import pytest

from projects.importers import Draft, Script, UnreadableScript, read
from projects.importers.decoding import MAX_BYTES
from projects.importers.drafts import MOST_WARNINGS, estimate_seconds
from projects.scene_edits import MAX_SCENES

SCREENPLAY = """Title: The ferry
Author: A. Writer

# Act one

INT. ENGINE ROOM - NIGHT #7#

= The engine stops

The pistons *slow*. Oil drips from a valve. [[the brass valve]]

Nobody moves.

MARA (O.S.)
(whispering)
Not now.

@McAvoy
Aye.

CUT TO:

EXT. UPPER DECK - CONTINUOUS

A wave breaks over the rail.

> DISSOLVE TO:

/* A scene that was cut.

INT. NOWHERE - DAY */

.SNIPER SCOPE POV

The harbour light, shaking.
"""


def fields(script: Script, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(draft.fields.get(name) for name in names) for draft in script.drafts]


def only(text: str, **options: str) -> Draft:
    (draft,) = read(text.encode(), **options).drafts
    return draft


# -- Fountain ----------------------------------------------------------------------------------------------------------


def test_screenplay_has_a_scene_for_each_heading():
    script = read(SCREENPLAY.encode())
    assert script.format == "fountain"
    assert fields(script, "title", "location", "time_of_day", "action", "dialogue") == [
        (
            "The engine stops",
            "Engine room, interior",
            "night",
            "The pistons slow. Oil drips from a valve.\n\nNobody moves.",
            "MARA (O.S.): (whispering) Not now.\nMcAvoy: Aye.",
        ),
        ("Upper deck, night", "Upper deck, exterior", "night", "A wave breaks over the rail.", ""),
        ("SNIPER SCOPE POV", None, None, "The harbour light, shaking.", ""),
    ]


def test_sections_notes_and_transitions_go_into_the_notes():
    script = read(SCREENPLAY.encode())
    assert fields(script, "notes") == [("Act one\nthe brass valve",), ("DISSOLVE TO:",), (None,)]
    assert script.notes == ["The title page is left out (Title, Author)."]


@pytest.mark.parametrize(
    ("heading", "location", "time_of_day", "light"),
    [
        ("INT. KITCHEN - DAWN", "Kitchen, interior", "dawn", None),
        ("ext. Old Harbour - sunset", "Old Harbour, exterior", "sunset", None),
        ("INT/EXT. CAR - DAY", "Car, interior and exterior", None, "Daylight"),
        ("I/E HOUSE - HALL - MIDNIGHT", "House - hall, interior and exterior", "night", None),
        ("EST. THE CITY", "The city, exterior", None, None),
        ("INT. CABIN - UNDER WATER", "Cabin - under water, interior", None, None),
    ],
)
def test_heading_gives_location_and_time_of_day(
    heading: str, location: str, time_of_day: str | None, light: str | None
):
    draft = only(f"{heading}\n\nSomething happens.\n")
    assert [draft.fields.get(name) for name in ("location", "time_of_day", "light_effects")] == [
        location,
        time_of_day,
        light,
    ]


def test_section_without_a_heading_is_a_title():
    script = read(b"# Part\n\n## The beach\n\nHe walks.\n\n## The pier\n\nHe sits.\n", as_format="fountain")
    assert fields(script, "title", "action", "notes") == [
        ("The beach", "He walks.", "Part"),
        ("The pier", "He sits.", None),
    ]


def test_first_line_with_a_colon_is_not_a_title_page():
    script = read(b"NARRATOR: It rained.\n\n.A road\n\nRain.\n", as_format="fountain")
    assert fields(script, "title", "action") == [
        ("NARRATOR: It rained", "NARRATOR: It rained."),
        ("A road", "Rain."),
    ]


def test_dual_dialogue_becomes_two_lines():
    draft = only("INT. BAR - NIGHT\n\nThey turn.\n\nANN\nYou!\n\nBEN ^\nYou!\n")
    assert draft.fields["dialogue"] == "ANN: You!\nBEN: You!"


def test_scene_without_action_has_a_warning():
    draft = only("INT. BAR - NIGHT\n\nANN\nYou!\n")
    assert (draft.fields["action"], draft.warnings) == (
        "Bar, night",
        ["No action found; the title is used as the action."],
    )


@pytest.mark.parametrize("format", ["fountain", "plain", "table"])
@pytest.mark.parametrize(
    "unit", ["**a ", "[[a", "/*", "*_a", "INT. a#", "> <", "[[a]]", "'", "_", "((", "a: ", ".", "(1"]
)
def test_hostile_script_is_read_in_linear_time(unit: str, format: str):
    """Four times as much takes about four times as long, not sixteen times."""
    seconds = [time_to_read(f"Action\n\nINT. A\n\n{unit * (size // len(unit))}x", format) for size in (60_000, 240_000)]
    assert seconds[1] < 1 or seconds[1] < 9 * seconds[0]


def time_to_read(text: str, format: str) -> float:
    text += f"\n\nEXT. B{' ' * (len(text) // 4)}c\n\nEnd.\n"
    began = time.process_time()
    with contextlib.suppress(UnreadableScript):
        read(text.encode(), as_format=format)
    return time.process_time() - began


# -- Plain text --------------------------------------------------------------------------------------------------------


def test_paragraphs_become_scenes_and_dialogue_belongs_to_the_one_above():
    script = read(
        b"The keeper climbs the stairs,\nslowly.\n\nKEEPER: Not tonight.\n\nLocation: the rock\n\nA ship (4 s) far out."
    )
    assert script.format == "plain"
    assert fields(script, "title", "action", "dialogue", "location", "duration") == [
        (
            "The keeper climbs the stairs, slowly",
            "The keeper climbs the stairs,\nslowly.",
            "KEEPER: Not tonight.",
            "the rock",
            Decimal(3),
        ),
        ("A ship far out", "A ship far out.", "", None, Decimal(4)),
    ]


def test_numbered_shots_become_scenes():
    text = (
        "1. The harbour\nBoats rock. (5 sec)\nShot: wide\n\n"
        "2) A hand on a rope.\nIt slips.\nKEEPER: Hold on!\nShot size: ECU\n3. A light goes out."
    )
    script = read(text.encode())
    assert fields(script, "title", "action", "dialogue", "duration", "shot_type") == [
        ("The harbour", "Boats rock.\nShot: wide", "", Decimal(5), None),
        ("A hand on a rope", "A hand on a rope.\nIt slips.", "KEEPER: Hold on!", Decimal(5), "extreme-close-up"),
        ("A light goes out", "A light goes out.", "", Decimal(3), None),
    ]


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ("A boat leaves\nThe sea is calm\nA light goes on", ["A boat leaves", "The sea is calm", "A light goes on"]),
        ("A boat leaves the harbour\nand does not look back.", ["A boat leaves the harbour\nand does not look back."]),
        ("Shot 1: A boat\nShot 2 - The sea\nShot 12a: Fog", ["A boat", "The sea", "Fog"]),
        ("# Boat\nIt leaves.\n# Sea\nCalm.", ["It leaves.", "Calm."]),
        ("One paragraph. Only one.", ["One paragraph. Only one."]),
        ("3.5 seconds of fog.\n\n4 people walk by.", ["3.5 seconds of fog.", "4 people walk by."]),
    ],
)
def test_plain_text_is_split_into_scenes(text: str, actions: list[str]):
    assert [draft.fields["action"] for draft in read(text.encode()).drafts] == actions


def test_text_too_long_for_one_scene_continues_in_the_next():
    sentence = "The sea rolls on and on and on. "
    script = read((sentence * 200).encode())
    first, second = script.drafts
    assert first.fields["action"] + " " + second.fields["action"] == (sentence * 200).strip()
    assert first.fields["action"].endswith("on.")
    assert second.fields["title"] == "The sea rolls on and on and on (2)"
    assert [len(first.fields["action"]) <= 4000, first.fields["duration"]] == [True, Decimal(60)]
    assert first.warnings == [
        "A scene can have up to 4,000 characters; the rest is in the next scene.",
        "Estimated at 250 s; a scene can be up to 60 s. Split it later.",
    ]


# -- Tables ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Shot,Description,Seconds,Shot Size\n1,A boat leaves,4,CU\n2,The sea,0:06,wide\n",
        "shot;DESCRIPTION;Duration (s);shot_size\n1;A boat leaves;4,0;cu\n\n2;The sea;6 s;Wide\n",
        "sep=;\nNo.;What happens;LENGTH;Framing\n1;A boat leaves;4 sec;close up\n2;The sea;6.0;WS\n",
        "#\taction\ttime\ttype\n1\tA boat leaves\t4\tclose-up\n2\tThe sea\t6\tLong shot\n",
    ],
)
def test_tables_with_any_delimiter_and_heading(text: str):
    script = read(text.encode())
    assert script.format == "table"
    assert fields(script, "title", "action", "duration", "shot_type") == [
        ("A boat leaves", "A boat leaves", Decimal(4), "close-up"),
        ("The sea", "The sea", Decimal(6), "wide"),
    ]


def test_unknown_values_go_into_the_notes_with_a_warning():
    script = read(b"Title,Action,Seconds,Camera,Props\nBoat,It leaves,soon,Snorricam,rope,more\n")
    (draft,) = script.drafts
    assert draft.fields["notes"].split("\n") == [
        "duration: soon".capitalize(),
        "Camera movement: Snorricam",
        "Props: rope",
        "more",
    ]
    assert draft.warnings == [
        "Duration: “soon” is not a number of seconds, kept in notes.",
        "Camera movement: “Snorricam” not recognised, kept in notes.",
        "This row has more cells than the first row; the extra cells are in the notes.",
    ]
    assert script.notes == ["Unknown columns go into the notes: Props."]


@pytest.mark.parametrize(
    ("cell", "lighting", "light"),
    [("Rembrandt", "rembrandt", None), ("low key", "low-key", None), ("One oil lamp", None, "One oil lamp")],
)
def test_unknown_lighting_becomes_light_effects(cell: str, lighting: str | None, light: str | None):
    draft = only(f"Action,Lighting\nA boat,{cell}\n")
    assert (draft.fields.get("lighting"), draft.fields.get("light_effects"), draft.warnings) == (lighting, light, [])


def test_duration_is_limited_to_the_allowed_range():
    script = read(b"Action,Seconds\nA,0.2\nB,90\nC,4.44\n")
    assert fields(script, "duration") == [(Decimal(1),), (Decimal(60),), (Decimal("4.4"),)]
    assert script.drafts[1].warnings == ["Scenes are 1 to 60 s, in tenths: 90 changed to 60 s."]


def test_text_too_long_for_a_field_continues_in_the_notes():
    draft = only("Action,Location\nA boat," + "far " * 100 + "\n")
    assert len(draft.fields["location"]) <= 300
    assert (
        draft.fields["location"] + " " + draft.fields["notes"].removeprefix("Location, the rest: ")
        == ("far " * 100).strip()
    )
    assert draft.warnings == ["Location can have up to 300 characters; the rest is in the notes."]


def test_copied_cells_may_start_with_a_quotation_mark():
    script = read(b'Title\tAction\n"Stop" he says\tA boat\n"two\nlines"\tThe sea\n')
    assert fields(script, "action")[0] == ("A boat",)


def test_line_breaks_in_cells_are_kept():
    assert (
        only('Title,Action\nBoat,"It leaves.\nThe sea is calm."\n').fields["action"] == "It leaves.\nThe sea is calm."
    )


# -- Durations ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "dialogue", "seconds"),
    [
        ("A boat.", "", 3),
        ("A boat leaves. The sea is calm. A light goes on.", "", 6),
        ("A boat.", "KEEPER: One two three four five six seven eight nine ten.", 6),
        ("It waits... and waits", "", 3),
    ],
)
def test_estimate_counts_words_and_sentences(action: str, dialogue: str, seconds: int):
    assert estimate_seconds(action, dialogue) == seconds


# -- Encodings and unreadable files -----------------------------------------------------------------------------------

WORDS = "Über dem Hafen – ein Licht, “hell” und klar."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_common_encodings_are_detected(encoding: str):
    assert only_of(WORDS.encode(encoding)).fields["action"] == WORDS


def only_of(data: bytes) -> Draft:
    (draft,) = read(data).drafts
    return draft


def test_guessed_encoding_is_a_note():
    assert read(WORDS.encode("cp1252")).notes == [
        "Read as Windows-1252. If accented letters look wrong, save the script as UTF-8 and import it again."
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_all_line_ends_are_read(line_end: str):
    assert len(read(f"One.{line_end}{line_end}Two.".encode()).drafts) == 2


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The script is empty. Paste a script or choose a file with text."),
        (b" \n\t\n", "The script is empty. Paste a script or choose a file with text."),
        (b"\x00\x01\x02" * 99, "This is not a text file. Export the script as plain text, Fountain or CSV."),
        (bytes(range(256)) * 9, "This is not a text file. Export the script as plain text, Fountain or CSV."),
        (b"\xff\xfe\x00\xd8\x00\xd8", "This is not a text file. Export the script as plain text, Fountain or CSV."),
        (b"%PDF-1.7 ...", "This is a PDF. Export the script as plain text or Fountain, or copy and paste its text."),
        (
            b"PK\x03\x04...",
            "This is an office document or an archive. Save documents as plain text and spreadsheets as CSV.",
        ),
        (b"{\\rtf1 a}", "This is an RTF document. Save it as plain text, or copy and paste its text."),
        (
            b"Title,Action\nBoat\n".replace(b"\nBoat", b""),
            "No scenes found. Describe what happens, one paragraph for each scene.",
        ),
        (
            b'Title,Action\nBoat,"It leaves\n',
            "A quotation mark is never closed. Close it, or save the table as CSV again.",
        ),
        (
            b'Title,Action\nBoat,"It" leaves\n',
            "Line 2: text after a closing quotation mark. Double the quotation marks inside the cell.",
        ),
    ],
)
def test_unreadable_script_has_one_sentence(data: bytes, sentence: str):
    with pytest.raises(UnreadableScript) as error:
        read(data)
    assert error.value.messages == [sentence]


def test_table_without_title_action_or_dialogue_is_refused():
    with pytest.raises(
        UnreadableScript, match="No column for the title, action or dialogue in the first row: “rope, 3”"
    ):
        read(b"rope,3\nsail,4\n", name="props.csv")


def test_script_above_the_size_limit_is_refused():
    with pytest.raises(UnreadableScript, match=r"This script is 1\.0 MB; the limit is 1 MB\. Import it in parts\."):
        read(b"x" * (MAX_BYTES + 1))


def test_cell_above_the_size_limit_is_refused():
    with pytest.raises(
        UnreadableScript, match=r"Line 2: a cell has more than 131,072 characters\. Is a quotation mark missing\?"
    ):
        read(b"Title\tAction\nBoat\t" + b"x" * 140_000)


def test_script_above_the_line_limit_is_refused():
    with pytest.raises(UnreadableScript, match=r"This script has 20,001 lines; the limit is 20,000\."):
        read(b"x\n" * 20_001)


def test_script_above_the_scene_limit_is_refused():
    assert len(read(b"A boat.\n\n" * MAX_SCENES).drafts) == MAX_SCENES
    with pytest.raises(UnreadableScript, match="This script has 501 scenes; a storyboard can have up to 500"):
        read(b"A boat.\n\n" * (MAX_SCENES + 1))


@pytest.mark.parametrize(
    ("name", "text", "format"),
    [
        ("film.fountain", "A boat.", "fountain"),
        ("shots.csv", "Action\nA boat.", "table"),
        ("notes.txt", "INT. BOAT - DAY\n\nIt rocks.", "fountain"),
        ("notes.txt", "A boat, a light, and the sea.", "plain"),
        ("", "Title\tx\nBoat\ty", "table"),
    ],
)
def test_format_is_detected_by_name_and_text(name: str, text: str, format: str):
    assert read(text.encode(), name=name).format == format


def test_many_odd_values_give_a_few_warnings():
    headings = ",".join(["title", "action", *["seed"] * 90])
    cells = ",".join(["Boat", "It sails.", *(f"odd {number}" for number in range(90))])
    (draft,) = read(f"{headings}\n{cells}".encode(), name="a.csv").drafts
    assert len(draft.warnings) == MOST_WARNINGS
    assert draft.warnings[-1] == "More was changed in this scene; compare it with the script."


def test_a_script_with_trouble_in_every_scene_gives_a_few_warnings():
    rows = "\n".join(f"Boat {number},It sails.,soon,odd" for number in range(MAX_SCENES))
    script = read(f"title,action,seconds,seed\n{rows}".encode(), name="a.csv")
    assert sum(len(draft.warnings) for draft in script.drafts) == 200
    assert script.notes == [f"{2 * MAX_SCENES - 200} more warnings not shown. Compare the scenes with the script."]
