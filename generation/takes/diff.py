"""What differs between two takes of a scene: word by word in their prompts, and setting by setting."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Literal

from core.money import money
from core.numbers import format_number
from generation.connections import Roster
from generation.models import Generation
from generation.providers.base import Task
from projects import presets
from projects.models import Reference, Scene, field_name

#: More changed words than this are shown as one change: comparing them takes time that grows with their square.
MOST_WORDS = 1_000
NOTHING = "-"
SOUND = {None: "As the model does", True: "With sound", False: "Silent"}


@dataclass(frozen=True)
class Part:
    """A stretch of text that both have, or that only the first (removed) or the second (added) has."""

    kind: Literal["same", "removed", "added"]
    text: str


def word_changes(before: str, after: str) -> list[Part]:
    """The parts in reading order. White space alone makes no difference."""
    old, new = (re.findall(r"\S+\s*", text) for text in (before, after))
    return [part for part in _parts(old, new) if part.text]


def _parts(old: list[str], new: list[str]) -> Iterator[Part]:
    old_words, new_words = ([word.rstrip() for word in words] for words in (old, new))
    for kind, i, j, k, m in _steps(old_words, new_words):
        if kind == "equal":
            yield Part("same", "".join(new[k:m]))
            continue
        removed, added = "".join(old[i:j]), "".join(new[k:m])
        # The space behind a word is nobody's change, and what was put in its place stands on the same line.
        yield Part("removed", removed.rstrip())
        yield Part("same", " " if removed and added else _space_behind(removed))
        yield Part("added", added.rstrip())
        yield Part("same", _space_behind(added))


def _space_behind(text: str) -> str:
    return text[len(text.rstrip()) :]


def _steps(old: list[str], new: list[str]) -> Sequence[tuple[str, int, int, int, int]]:
    """As SequenceMatcher.get_opcodes(), within the limit."""
    if max(len(old), len(new)) <= MOST_WORDS:
        return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    head = _alike(old, new)
    tail = min(_alike(old[::-1], new[::-1]), len(old) - head, len(new) - head)
    i, j = len(old) - tail, len(new) - tail
    return [
        ("equal", 0, head, 0, head),
        ("replace", head, i, head, j),
        ("equal", i, len(old), j, len(new)),
    ]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words both begin with."""
    pairs = zip(one, other, strict=False)
    return next((count for count, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


@dataclass(frozen=True)
class Value:
    text: str = NOTHING
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
    """Of two takes of one scene; one query, for the pictures they were made from."""
    pictures = _pictures_of(a, b)
    mine, theirs = (_settings(take, pictures, roster) for take in (a, b))
    settings = [Setting(name, mine[name], theirs[name]) for name in mine]
    return Comparison(word_changes(a.prompt, b.prompt), settings + _what_the_scene_said(a, b))


def _pictures_of(*takes: Generation) -> dict[str, Reference]:
    """By the names of their files, which copies of a reference share."""
    names = {name for take in takes for name in picture_names(take.inputs)}
    rows = Reference.objects.filter(project=takes[0].scene.project_id, image__in=names)
    return {row.image.name: row for row in rows}


def picture_names(inputs: dict[str, Any]) -> list[str]:
    frames = [inputs[role]["name"] for role in Reference.FRAMES if role in inputs]
    return [*frames, *inputs.get("references", [])]


def _settings(take: Generation, pictures: dict[str, Reference], roster: Roster) -> dict[str, Value]:
    made = "New clip"
    if take.task != Task.CREATE:
        made = f"{take.task.capitalize()} of take {take.source.number}" if take.source else take.task.capitalize()
    seed = take.inputs.get("seed")
    settings = {
        "Model": Value(roster.model_name(take.model_id)),
        "Made as": Value(made),
        "Size": Value(f"{take.width} x {take.height} ({take.resolution}, {take.aspect_ratio})"),
        "Length": Value(f"{format_number(take.clip_seconds or take.duration)} s"),
        "Frames a second": Value(str(take.fps)),
        "Seed": Value(NOTHING if seed is None else str(seed)),
        "Sound": Value(SOUND[take.inputs.get("audio")]),
        "Negative prompt": Value(take.inputs.get("negative_prompt", "") or NOTHING),
    }
    for role in map(Reference.Role, Reference.FRAMES):
        settings[str(role.label)] = _frame(take.inputs.get(role.value), pictures)
    names = take.inputs.get("references", [])
    shown = tuple(pictures[name] for name in names if name in pictures)
    settings["References"] = Value(str(len(names)) if names else NOTHING, shown)
    settings["Cost"] = Value(money(take.cost))
    return settings


def _frame(used: dict[str, str] | None, pictures: dict[str, Reference]) -> Value:
    if not used:
        return Value()
    picture = pictures.get(used["name"])
    return Value(str(Reference.Fit(used["fit"]).label), (picture,) if picture else ())


def _what_the_scene_said(a: Generation, b: Generation) -> list[Setting]:
    """The fields of the scene that it has changed in between, for models that go by those."""
    return [
        Setting(field_name(name).capitalize(), _field(a, name), _field(b, name))
        for name in Scene.SHOT_FIELDS
        if name != "own_prompt" and a.shot.get(name, "") != b.shot.get(name, "")
    ]


def _field(take: Generation, name: str) -> Value:
    said = str(take.shot.get(name, ""))
    return Value((presets.label(name, said) if name in presets.all_presets() else said) or NOTHING)
