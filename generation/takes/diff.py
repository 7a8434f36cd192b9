"""The differences between two takes of a scene: word by word in the prompts, and setting by setting."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Literal

from core.money import money
from core.numbers import format_number
from generation.connections import Roster
from generation.media_info import format_fps
from generation.models import Generation
from generation.providers.base import Task
from projects import presets
from projects.models import Reference, Scene, field_name

#: Longer prompts show all changes as one: the time to compare words grows with the square of their number.
MAX_WORDS = 1_000
EMPTY = "-"
SOUND = {None: "Model default", True: "With sound", False: "Silent"}


@dataclass(frozen=True)
class Part:
    """A piece of text in both prompts, or only in the first (removed) or the second (added)."""

    kind: Literal["same", "removed", "added"]
    text: str


def word_changes(before: str, after: str) -> list[Part]:
    """Parts in reading order. A change of white space alone is no change."""
    old, new = (re.findall(r"\S+\s*", text) for text in (before, after))
    return [part for part in _diff_words(old, new) if part.text]


def _diff_words(old: list[str], new: list[str]) -> Iterator[Part]:
    old_words, new_words = ([word.rstrip() for word in words] for words in (old, new))
    for kind, i, j, k, m in _opcodes(old_words, new_words):
        if kind == "equal":
            yield Part("same", "".join(new[k:m]))
            continue
        removed, added = "".join(old[i:j]), "".join(new[k:m])
        # Trailing space is kept outside of the change, so that it is not marked, and a replacement stays on the same line.
        yield Part("removed", removed.rstrip())
        yield Part("same", " " if removed and added else _trailing_space(removed))
        yield Part("added", added.rstrip())
        yield Part("same", _trailing_space(added))


def _trailing_space(text: str) -> str:
    return text[len(text.rstrip()) :]


def _opcodes(old: list[str], new: list[str]) -> Sequence[tuple[str, int, int, int, int]]:
    # SequenceMatcher.get_opcodes(), or above the limit one change between the common head and tail.
    if max(len(old), len(new)) <= MAX_WORDS:
        return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    head = _common_prefix(old, new)
    tail = min(_common_prefix(old[::-1], new[::-1]), len(old) - head, len(new) - head)
    i, j = len(old) - tail, len(new) - tail
    return [
        ("equal", 0, head, 0, head),
        ("replace", head, i, head, j),
        ("equal", i, len(old), j, len(new)),
    ]


def _common_prefix(old: Sequence[str], new: Sequence[str]) -> int:
    # How many words both begin with.
    pairs = zip(old, new, strict=False)
    return next((count for count, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))


@dataclass(frozen=True)
class Value:
    text: str = EMPTY
    pictures: tuple[Reference, ...] = ()


@dataclass(frozen=True)
class Setting:
    name: str
    a: Value
    b: Value

    @property
    def differs(self) -> bool:
        return self.a != self.b


@dataclass(frozen=True)
class Comparison:
    prompt: list[Part]
    settings: list[Setting] = field(default_factory=list)

    @property
    def prompt_differs(self) -> bool:
        return any(part.kind != "same" for part in self.prompt)

    @property
    def changed(self) -> list[Setting]:
        return [setting for setting in self.settings if setting.differs]

    @property
    def same(self) -> list[Setting]:
        return [setting for setting in self.settings if not setting.differs]


def compare(a: Generation, b: Generation, roster: Roster) -> Comparison:
    """Both takes must be of one scene. One query, for the pictures they were made from."""
    pictures = _load_pictures(a, b)
    settings_a, settings_b = (_describe_settings(take, pictures, roster) for take in (a, b))
    settings = [Setting(name, settings_a[name], settings_b[name]) for name in settings_a]
    return Comparison(word_changes(a.prompt, b.prompt), settings + _compare_scene_fields(a, b))


def _load_pictures(*takes: Generation) -> dict[str, Reference]:
    # By file name, which copies of a reference share.
    names = {name for take in takes for name in picture_names(take.inputs)}
    rows = Reference.objects.filter(project=takes[0].scene.project_id, image__in=names)
    return {row.image.name: row for row in rows}


def picture_names(inputs: dict[str, Any]) -> list[str]:
    frames = [inputs[role]["name"] for role in Reference.FRAMES if role in inputs]
    return [*frames, *inputs.get("references", [])]


def _describe_settings(take: Generation, pictures: dict[str, Reference], roster: Roster) -> dict[str, Value]:
    kind = "New clip"
    if take.task != Task.CREATE:
        kind = f"{take.task.capitalize()} of take {take.source.number}" if take.source else take.task.capitalize()
    seed = take.inputs.get("seed")
    settings = {
        "Model": Value(roster.model_name(take.model_id)),
        "Type": Value(kind),
        "Ordered size": Value(f"{take.width} x {take.height} ({take.resolution}, {take.aspect_ratio})"),
        "Ordered length": Value(f"{format_number(take.whole_seconds)} s"),
        **_describe_clip(take),
        "Seed": Value(EMPTY if seed is None else str(seed)),
        "Sound": Value(SOUND[take.inputs.get("audio")]),
        "Negative prompt": Value(take.inputs.get("negative_prompt", "") or EMPTY),
    }
    for role in map(Reference.Role, Reference.FRAMES):
        settings[str(role.label)] = _describe_frame(take.inputs.get(role.value), pictures)
    names = take.inputs.get("references", [])
    shown = tuple(pictures[name] for name in names if name in pictures)
    settings["References"] = Value(str(len(names)) if names else EMPTY, shown)
    settings["Cost"] = Value(money(take.cost))
    return settings


def _describe_clip(take: Generation) -> dict[str, Value]:
    # What was delivered, which may differ from the order.
    if (got := take.info) is None:
        return {name: Value() for name in ("Size", "Length", "Frame rate", "Format")}
    sound = f"{got.sound.codec.upper()} sound" if got.sound else "no sound"
    return {
        "Size": Value(f"{got.width} x {got.height}"),
        "Length": Value(f"{format_number(got.seconds)} s"),
        "Frame rate": Value(f"{format_fps(got.fps)} fps"),
        "Format": Value(f"{got.container.upper()}: {got.codec.upper()}, {sound}"),
    }


def _describe_frame(frame: dict[str, str] | None, pictures: dict[str, Reference]) -> Value:
    if not frame:
        return Value()
    picture = pictures.get(frame["name"])
    return Value(str(Reference.Fit(frame["fit"]).label), (picture,) if picture else ())


def _compare_scene_fields(a: Generation, b: Generation) -> list[Setting]:
    # The scene's fields that changed between the takes. The animatic draws from these, not from the prompt.
    return [
        Setting(field_name(name).capitalize(), _describe_field(a, name), _describe_field(b, name))
        for name in Scene.SHOT_FIELDS
        if name != "custom_prompt" and a.shot.get(name, "") != b.shot.get(name, "")
    ]


def _describe_field(take: Generation, name: str) -> Value:
    text = str(take.shot.get(name, ""))
    return Value((presets.label(name, text) if name in presets.all_presets() else text) or EMPTY)
