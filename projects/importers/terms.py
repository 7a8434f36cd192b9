"""Maps the words that scripts use for fields and presets to the fields and presets of a scene.

Names are compared without case, spaces and punctuation: “Shot Type”, “shot_type” and “SHOT-TYPE” are equal. A column with
shot numbers maps to NUMBER, which scenes do not store.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache

from projects import presets
from projects.models import Audio, Resolution, field_name

NUMBER = "number"
#: A column of durations or times of day, decided cell by cell: see `resolve_field`.
TIME = "time"
#: Every field a script can set, in the order of an exported table's columns.
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
    "custom_prompt",
    "notes",
    "model_id",
    "scene_resolution",
    "audio",
    "seed",
]
LONG_FIELDS = ["action", "dialogue", "continuity", "negative_prompt", "custom_prompt", "notes"]
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
#: Common abbreviations of presets, normalized. Entries without a preset are ignored.
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


def normalize(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def label(name: str) -> str:
    """The field's name as people read it, used as a table heading."""
    return "video model" if name == "model_id" else field_name(name)


@cache
def _fields_by_name() -> dict[str, str]:
    names = {normalize(word): field for field, words in SYNONYMS.items() for word in words.split(",")}
    return names | {normalize(label(field)): field for field in FIELDS}


def find_field(heading: str) -> str | None:
    """One of FIELDS, NUMBER or TIME for a column heading or label; None if it is unknown."""
    without_unit = re.sub(r"\((?:s|sec|secs|seconds|mm)\)\s*$", "", heading.strip(), flags=re.IGNORECASE)
    return NUMBER if without_unit == "#" else _fields_by_name().get(normalize(without_unit))


def resolve_field(field: str, text: str) -> str:
    if field != TIME:
        return field
    return "time_of_day" if parse_seconds(text) is None else "duration"


def options(field: str) -> list[tuple[str, str]]:
    if field in presets.all_presets():
        return presets.choices(field)
    return [(str(key), str(name)) for key, name in (Audio.choices if field == "audio" else Resolution.choices)]


def find_choice(field: str, text: str) -> str | None:
    """The key of the choice that the text names, by key, label or abbreviation; None if it is unknown."""
    wanted, keys = normalize(text), [key for key, _ in options(field)]
    for key, name in options(field):
        if wanted in (normalize(key), normalize(name), normalize(name.partition(",")[0])):
            return key
    for word in (wanted, wanted.removesuffix("shot"), wanted.removesuffix("angle")):
        key = ABBREVIATIONS.get(field, {}).get(word, word)
        if key in keys:
            return key
    return None


def parse_seconds(text: str) -> Decimal | None:
    """Seconds in 4, 4.5, 4,5, 4 s, 0:04 or 1:02:03; None for anything else."""
    if match := SECONDS.fullmatch(text.strip()):
        return Decimal(match[1].replace(",", "."))
    if match := CLOCK.fullmatch(text.strip()):
        hours, minutes, seconds = match.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + Decimal(seconds.replace(",", "."))
    return None
