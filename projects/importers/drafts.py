"""Scenes of a script before they are saved: their fields, and warnings for the person who imports them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import capfirst

from core.numbers import format_number
from projects import presets
from projects.importers import terms
from projects.models import LONG_TEXT, MAX_SECONDS, MIN_SECONDS, Project, Scene, scene_field

TENTH = Decimal("0.1")
TITLE_FROM_ACTION = 60
SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]+(?=\s|$)")
#: Estimate of a missing duration: 2.5 words of dialogue per second, plus 2 s for each sentence of action.
WORDS_PER_SECOND = Decimal("2.5")
SECONDS_PER_SENTENCE = 2
SHORTEST_ESTIMATE = Decimal(3)
#: Of one scene; a file of many odd values would fill the preview with them.
MOST_WARNINGS = 12


class UnreadableScript(ValidationError):
    """The script cannot be read at all. Its message names the fix."""


@dataclass
class Draft:
    fields: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    is_estimated: bool = False

    def put(self, name: str, text: str, *, between: str = "") -> None:
        """Set or extend a field, joined by `between`. What the field cannot hold goes into the notes, with a warning."""
        text = text.strip()
        if not text:
            return
        name = terms.resolve_field(name, text)
        if name == "duration":
            self._put_duration(text)
        elif name == "seed":
            self._put_seed(text)
        elif name in terms.CHOICES:
            self._put_choice(name, text)
        else:
            self._put_text(name, text, between or ("\n" if name in terms.LONG_FIELDS else ", "))

    def _put_duration(self, text: str) -> None:
        seconds = terms.parse_seconds(text)
        if seconds is None:
            self._move_to_notes("duration", text, "is not a number of seconds")
            return
        duration = min(MAX_SECONDS, max(MIN_SECONDS, seconds.quantize(TENTH, ROUND_HALF_UP)))
        if duration != seconds:
            self.warn(f"Scenes are 1 to 60 s, in tenths: {text} changed to {format_number(duration)} s.")
        self.fields["duration"] = duration

    def _put_seed(self, text: str) -> None:
        if text.isdecimal() and len(text) < 10:
            self.fields["seed"] = int(text)
        else:
            self._move_to_notes("seed", text, "is not a seed")

    def _put_choice(self, name: str, text: str) -> None:
        key = terms.find_choice(name, text)
        if key is not None:
            self.fields[name] = key
        elif name == "time_of_day" and text.casefold() == "day":
            self.put("light_effects", "Daylight")
        elif name == "lighting":
            self.put("light_effects", text)
        else:
            self._move_to_notes(name, text, "not recognised")

    def _put_text(self, name: str, text: str, between: str) -> None:
        limit = scene_field(name).max_length
        current = self.fields.get(name, "")
        if name == "notes" and limit and len(current) + len(text) >= limit:
            self.warn(f"Notes can have up to {limit:,} characters; the rest is left out.")
            self.fields["notes"] = f"{current}\n{text}".strip()[:limit] if len(current) < limit else current
            return
        if current:
            text = f"{current}{between}{text}"
        if name not in terms.LONG_FIELDS:
            text = " ".join(text.split())
        if name not in ("action", "dialogue") and limit and len(text) > limit:
            heading = capfirst(terms.label(name))
            self.warn(f"{heading} can have up to {limit:,} characters; the rest is in the notes.")
            cut = text.rfind(" ", limit // 2, limit + 1)
            cut = cut if cut > 0 else limit
            text, rest = text[:cut].rstrip(), text[cut:].strip()
            self.put("notes", f"{heading}, the rest: {rest}")
        self.fields[name] = text

    def _move_to_notes(self, name: str, text: str, reason: str) -> None:
        heading = capfirst(terms.label(name))
        self.warn(f"{heading}: “{text[:60]}” {reason}, kept in notes.")
        self.put("notes", f"{heading}: {text}")

    def warn(self, warning: str) -> None:
        if len(self.warnings) < MOST_WARNINGS and warning not in self.warnings:
            is_last = len(self.warnings) == MOST_WARNINGS - 1
            self.warnings.append("More was changed in this scene; compare it with the script." if is_last else warning)

    @property
    def is_empty(self) -> bool:
        return not any(self.fields.get(name) for name in ("title", "action", "dialogue"))

    def split_to_scenes(self) -> Iterator[Draft]:
        """Complete drafts with title, action and duration; text that is too long for one scene continues in the next."""
        title, action, dialogue = (self.fields.get(name, "") for name in ("title", "action", "dialogue"))
        title = title or shorten(action) or shorten(dialogue)
        if not action:
            action = title
            self.warnings.append("No action found; the title is used as the action.")
        actions, lines = [*split_text(action, LONG_TEXT)], [*split_text(dialogue, LONG_TEXT)] or [""]
        parts = max(len(actions), len(lines))
        for part in range(parts):
            fields = dict(self.fields) if part == 0 else {**self.fields, "notes": ""}
            fields["title"] = title if part == 0 else f"{title[:112]} ({part + 1})"
            fields["action"] = actions[part] if part < len(actions) else title
            fields["dialogue"] = lines[part] if part < len(lines) else ""
            warnings = [] if part else list(self.warnings)
            if part + 1 < parts:
                warnings.append(f"A scene can have up to {LONG_TEXT:,} characters; the rest is in the next scene.")
            draft = replace(self, fields=fields, warnings=warnings, is_estimated="duration" not in fields)
            if draft.is_estimated:
                draft._estimate()
            yield draft

    def _estimate(self) -> None:
        seconds = estimate_seconds(self.fields["action"], self.fields["dialogue"])
        self.fields["duration"] = min(seconds, MAX_SECONDS)
        if seconds > MAX_SECONDS:
            self.warnings.append(f"Estimated at {seconds} s; a scene can be up to {MAX_SECONDS} s. Split it later.")

    @property
    def facts(self) -> list[str]:
        """Location, time of day, shot type and camera movement as people read them."""
        labels = [
            presets.label(name, self.fields.get(name, "")) for name in ("time_of_day", "shot_type", "camera_move")
        ]
        return [fact for fact in (self.fields.get("location", ""), *labels) if fact]

    def build_scene(self, project: Project) -> Scene:
        return Scene(project=project, **self.fields)


@dataclass(frozen=True)
class Script:
    """A script that was read. Reading `text` again in this format gives the same drafts."""

    format: str
    text: str
    drafts: list[Draft]
    #: About the script as a whole.
    notes: list[str]

    @property
    def seconds(self) -> Decimal:
        return sum((draft.fields["duration"] for draft in self.drafts), Decimal(0))


def estimate_seconds(action: str, dialogue: str) -> Decimal:
    words = Decimal(len(re.sub(r"^[^:\n]{1,60}:", "", dialogue, flags=re.MULTILINE).split()))
    sentences = sum(max(1, len(SENTENCE_END.findall(block))) for block in action.split("\n\n") if block.strip())
    seconds = words / WORDS_PER_SECOND + sentences * SECONDS_PER_SENTENCE
    return max(SHORTEST_ESTIMATE, seconds.to_integral_value(ROUND_CEILING))


def shorten(text: str) -> str:
    """The first sentence, cut at a word if it is too long for a title."""
    line = " ".join(text.strip().partition("\n\n")[0][:400].split())
    if end := SENTENCE_END.search(line):
        line = line[: end.start()]
    if len(line) <= TITLE_FROM_ACTION:
        return line.strip()
    return f"{line[:TITLE_FROM_ACTION].rsplit(' ', 1)[0].rstrip(' ,;:')}…"


def split_text(text: str, limit: int) -> Iterator[str]:
    """Parts of at most `limit` characters, cut at the end of a line, a sentence or at least a word."""
    while len(text) > limit:
        head = text[:limit]
        cut = max(head.rfind("\n", limit // 2), head.rfind(". ", limit // 2) + 1) or head.rfind(" ")
        cut = cut if cut > 0 else limit
        yield text[:cut].strip()
        text = text[cut:].strip()
    if text:
        yield text
