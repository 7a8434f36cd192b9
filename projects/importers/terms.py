"""The words scripts use for the fields of a scene and for their choices, and what they are called here.

Names are compared without case, spaces and punctuation, so that “Shot Type”, “shot_type” and “SHOT-TYPE” are one. A column
that numbers the shots maps to NUMBER, which no scene keeps.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache

from projects import presets
from projects.models import Audio, Resolution, field_name

NUMBER = "number"
#: A column that holds seconds or a time of day, as its cells say.
TIME = "time"
#: All that a script can say of a scene, in the order a table has it.
FIELDS = [
    "title",
    "action",
    "dialogue",
    "duration",
    "location",
    "time_of_day",
    "shot_type",
    "subject",
    "camera_angle",
    "camera_move",
    "lens",
    "depth_of_field",
    "weather",
    "atmosphere",
    "lighting",
    "light_effects",
    "particles",
    "visual_style",
    "color_grading",
    "motion_quality",
    "physics",
    "continuity",
    "negative_prompt",
    "own_prompt",
    "notes",
    "model_id",
    "scene_resolution",
    "audio",
    "seed",
]
LONG_FIELDS = ["action", "dialogue", "continuity", "negative_prompt", "own_prompt", "notes"]
CHOICES = [*presets.all_presets(), "scene_resolution", "audio"]

SYNONYMS = {
    "title": "name, shot title, scene title, heading, scene heading, slug, slugline",
    "action": "description, shot description, scene description, what happens, visual, visuals, picture, video, text",
    "dialogue": "dialog, lines, voice, voice over, vo, narration, narrator, spoken",
    "duration": "seconds, secs, sec, s, length, dur, running time, runtime",
    "location": "place, setting, set, where",
    "time_of_day": "day night, day or night, tod, when",
    "shot_type": "shot size, size, framing, type, type of shot",
    "subject": "character, characters, cast, who",
    "camera_angle": "angle",
    "camera_move": "camera move, movement, move, camera",
    "lens": "focal length",
    "depth_of_field": "dof, focus",
    "atmosphere": "mood",
    "light_effects": "light, lights",
    "visual_style": "style, look",
    "color_grading": "color grading, grading, grade, colour, color",
    "motion_quality": "motion",
    "continuity": "continuity",
    "negative_prompt": "negative, avoid",
    "notes": "note, comment, comments, remark, remarks",
    NUMBER: "number, no, nr, shot, scene, shot number, scene number, shot no, scene no, panel, frame, id",
    TIME: "time",
}
#: What film people write for a preset; only those that are among the presets count.
ABBREVIATIONS = {
    "shot_type": {
        **dict.fromkeys(["els", "ews", "xls", "extremelong", "extremewideshot", "establishing"], "extreme-wide"),
        **dict.fromkeys(["ws", "ls", "long", "wideshot", "longshot"], "wide"),
        **dict.fromkeys(["fs", "fullshot"], "full"),
        **dict.fromkeys(["mws", "mls", "mediumlong", "american", "cowboy"], "medium-wide"),
        **dict.fromkeys(["ms", "mid", "midshot", "mediumshot"], "medium"),
        **dict.fromkeys(["mcu"], "medium-close-up"),
        **dict.fromkeys(["cu", "close", "closeup", "closeon"], "close-up"),
        **dict.fromkeys(["ecu", "xcu", "detail", "extremecloseup"], "extreme-close-up"),
        **dict.fromkeys(["2s", "2shot", "two"], "two-shot"),
        **dict.fromkeys(["ots", "os", "overshoulder"], "over-the-shoulder"),
        **dict.fromkeys(["pov"], "point-of-view"),
        **dict.fromkeys(["drone", "birdseye"], "aerial"),
    },
    "camera_angle": {
        **dict.fromkeys(["eye", "neutral", "straight"], "eye-level"),
        **dict.fromkeys(["top", "topdown", "topshot", "birdseye"], "overhead"),
        **dict.fromkeys(["canted", "tilted"], "dutch"),
    },
    "camera_move": {
        **dict.fromkeys(["still", "fixed", "lockedoff", "locked", "none", "tripod"], "static"),
        **dict.fromkeys(["push", "pushin", "in", "trackin"], "dolly-in"),
        **dict.fromkeys(["pull", "pullout", "pullback", "out", "trackout"], "dolly-out"),
        **dict.fromkeys(["trackleft", "left"], "truck-left"),
        **dict.fromkeys(["trackright", "right"], "truck-right"),
        **dict.fromkeys(["crane", "up", "pedestalup", "boomup"], "crane-up"),
        **dict.fromkeys(["down", "pedestaldown", "boomdown"], "crane-down"),
        **dict.fromkeys(["hh", "shaky"], "handheld"),
    },
    "time_of_day": {
        **dict.fromkeys(["sunrise", "daybreak"], "dawn"),
        **dict.fromkeys(["midday"], "noon"),
        "magichour": "golden-hour",
        **dict.fromkeys(["evening", "twilight"], "dusk"),
        **dict.fromkeys(["midnight"], "night"),
    },
}
SECONDS = re.compile(r"(\d{1,6}(?:[.,]\d{1,3})?)\s*(?:s|sec|secs|second|seconds)?\.?", re.IGNORECASE)
CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2}(?:[.,]\d{1,3})?)")


def plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def label(name: str) -> str:
    """What people read for a field: the words a table has as its heading."""
    return "video model" if name == "model_id" else field_name(name)


@cache
def _names() -> dict[str, str]:
    names = {plain(word): field for field, words in SYNONYMS.items() for word in words.split(",")}
    return names | {plain(label(field)): field for field in FIELDS}


def find_field(heading: str) -> str | None:
    """The field that a column or label means: one of FIELDS, NUMBER or TIME; None for any other."""
    without_unit = re.sub(r"\((?:s|sec|secs|seconds|mm)\)\s*$", "", heading.strip(), flags=re.IGNORECASE)
    return NUMBER if without_unit == "#" else _names().get(plain(without_unit))


def resolve(field: str, text: str) -> str:
    if field != TIME:
        return field
    return "time_of_day" if seconds_in(text) is None else "duration"


def options(field: str) -> list[tuple[str, str]]:
    if field in presets.all_presets():
        return presets.choices(field)
    return [(str(key), str(name)) for key, name in (Audio.choices if field == "audio" else Resolution.choices)]


def choice(field: str, text: str) -> str | None:
    """The key of the choice that the text means; None where it means none of them."""
    wanted, keys = plain(text), [key for key, _ in options(field)]
    for key, name in options(field):
        if wanted in (plain(key), plain(name), plain(name.partition(",")[0])):
            return key
    for word in (wanted, wanted.removesuffix("shot"), wanted.removesuffix("angle")):
        key = ABBREVIATIONS.get(field, {}).get(word, word)
        if key in keys:
            return key
    return None


def seconds_in(text: str) -> Decimal | None:
    """4, 4.5, 4,5, 4 s, 0:04, 1:02:03; None for anything else."""
    if found := SECONDS.fullmatch(text.strip()):
        return Decimal(found[1].replace(",", "."))
    if found := CLOCK.fullmatch(text.strip()):
        hours, minutes, seconds = found.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + Decimal(seconds.replace(",", "."))
    return None
