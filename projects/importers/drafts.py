"""A scene before it is saved: its fields as a script gave them, and what the reader should know about them."""

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
#: What a scene that gives no duration is taken to last: 2.5 words of dialogue a second and 2 s for each sentence of action.
WORDS_PER_SECOND = Decimal("2.5")
SECONDS_PER_SENTENCE = 2
SHORTEST_ESTIMATE = Decimal(3)


class Unreadable(ValidationError):
    """The script as a whole cannot be read; the sentence names the fix."""


@dataclass
class Draft:
    fields: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    is_estimated: bool = False

    def put(self, name: str, text: str, *, between: str = "") -> None:
        """Add what the script says of a field; what the field cannot hold goes into the notes, with a warning."""
        text = text.strip()
        if not text:
            return
        name = terms.resolve(name, text)
        if name == "duration":
            self._put_duration(text)
        elif name == "seed":
            self._put_seed(text)
        elif name in terms.CHOICES:
            self._put_choice(name, text)
        else:
            self._put_text(name, text, between or ("\n" if name in terms.LONG_FIELDS else ", "))

    def _put_duration(self, text: str) -> None:
        seconds = terms.seconds_in(text)
        if seconds is None:
            self._put_aside("duration", text, "is no number of seconds")
            return
        kept = min(MAX_SECONDS, max(MIN_SECONDS, seconds.quantize(TENTH, ROUND_HALF_UP)))
        if kept != seconds:
            self.warnings.append(f"A scene lasts 1 to 60 seconds, in tenths: {text} became {format_number(kept)} s.")
        self.fields["duration"] = kept

    def _put_seed(self, text: str) -> None:
        if text.isdecimal() and len(text) < 10:
            self.fields["seed"] = int(text)
        else:
            self._put_aside("seed", text, "is no seed")

    def _put_choice(self, name: str, text: str) -> None:
        key = terms.choice(name, text)
        if key is not None:
            self.fields[name] = key
        elif name == "time_of_day" and text.casefold() == "day":
            self.put("light_effects", "Daylight")
        elif name == "lighting":
            self.put("light_effects", text)
        else:
            self._put_aside(name, text, "is not in the list")

    def _put_text(self, name: str, text: str, between: str) -> None:
        limit = scene_field(name).max_length
        before = self.fields.get(name, "")
        if name == "notes" and limit and len(before) + len(text) >= limit:
            self._warn(f"The notes take {limit:,} characters; the rest is left out.")
            self.fields["notes"] = f"{before}\n{text}".strip()[:limit] if len(before) < limit else before
            return
        if before:
            text = f"{before}{between}{text}"
        if name not in terms.LONG_FIELDS:
            text = " ".join(text.split())
        if name not in ("action", "dialogue") and limit and len(text) > limit:
            heading = capfirst(terms.label(name))
            self._warn(f"{heading} takes {limit:,} characters; the rest is in the notes.")
            cut = text.rfind(" ", limit // 2, limit + 1)
            cut = cut if cut > 0 else limit
            text, rest = text[:cut].rstrip(), text[cut:].strip()
            self.put("notes", f"{heading}, the rest: {rest}")
        self.fields[name] = text

    def _put_aside(self, name: str, text: str, why: str) -> None:
        heading = capfirst(terms.label(name))
        self._warn(f"{heading}: “{text[:60]}” {why}; it is in the notes.")
        self.put("notes", f"{heading}: {text}")

    def _warn(self, warning: str) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)

    @property
    def is_empty(self) -> bool:
        return not any(self.fields.get(name) for name in ("title", "action", "dialogue"))

    def finished(self) -> Iterator[Draft]:
        """With title, action and duration; a text that is too long for one scene goes on in another."""
        title, action, dialogue = (self.fields.get(name, "") for name in ("title", "action", "dialogue"))
        title = title or shortened(action) or shortened(dialogue)
        if not action:
            action = title
            self.warnings.append("It says nothing of what is seen; the title stands in for the action.")
        actions, lines = [*pieces(action, LONG_TEXT)], [*pieces(dialogue, LONG_TEXT)] or [""]
        parts = max(len(actions), len(lines))
        for part in range(parts):
            fields = dict(self.fields) if part == 0 else {**self.fields, "notes": ""}
            fields["title"] = title if part == 0 else f"{title[:112]} ({part + 1})"
            fields["action"] = actions[part] if part < len(actions) else title
            fields["dialogue"] = lines[part] if part < len(lines) else ""
            warnings = [] if part else list(self.warnings)
            if part + 1 < parts:
                warnings.append(f"A scene holds {LONG_TEXT:,} characters; this one goes on in the next.")
            draft = replace(self, fields=fields, warnings=warnings, is_estimated="duration" not in fields)
            if draft.is_estimated:
                draft._estimate()
            yield draft

    def _estimate(self) -> None:
        seconds = estimated_seconds(self.fields["action"], self.fields["dialogue"])
        self.fields["duration"] = min(seconds, MAX_SECONDS)
        if seconds > MAX_SECONDS:
            self.warnings.append(f"It reads like {seconds} s; a scene lasts at most {MAX_SECONDS} s. Split it later.")

    @property
    def facts(self) -> list[str]:
        """Where, when and how, for people."""
        named = [presets.label(name, self.fields.get(name, "")) for name in ("time_of_day", "shot_type", "camera_move")]
        return [fact for fact in (self.fields.get("location", ""), *named) if fact]

    def scene(self, project: Project) -> Scene:
        return Scene(project=project, **self.fields)


@dataclass(frozen=True)
class Script:
    """What was read: `text` is the script as it was understood, to be read again with the same result."""

    format: str
    text: str
    drafts: list[Draft]
    #: About the script as a whole.
    notes: list[str]

    @property
    def seconds(self) -> Decimal:
        return sum((draft.fields["duration"] for draft in self.drafts), Decimal(0))


def estimated_seconds(action: str, dialogue: str) -> Decimal:
    words = Decimal(len(re.sub(r"^[^:\n]{1,60}:", "", dialogue, flags=re.MULTILINE).split()))
    sentences = sum(max(1, len(SENTENCE_END.findall(block))) for block in action.split("\n\n") if block.strip())
    seconds = words / WORDS_PER_SECOND + sentences * SECONDS_PER_SENTENCE
    return max(SHORTEST_ESTIMATE, seconds.to_integral_value(ROUND_CEILING))


def shortened(text: str) -> str:
    """The first sentence, or as much of it as makes a title."""
    line = " ".join(text.strip().partition("\n\n")[0][:400].split())
    if end := SENTENCE_END.search(line):
        line = line[: end.start()]
    if len(line) <= TITLE_FROM_ACTION:
        return line.strip()
    return f"{line[:TITLE_FROM_ACTION].rsplit(' ', 1)[0].rstrip(' ,;:')}…"


def pieces(text: str, limit: int) -> Iterator[str]:
    """The text in parts of at most that length, cut where a line, a sentence or at least a word ends."""
    while len(text) > limit:
        head = text[:limit]
        cut = max(head.rfind("\n", limit // 2), head.rfind(". ", limit // 2) + 1) or head.rfind(" ")
        cut = cut if cut > 0 else limit
        yield text[:cut].strip()
        text = text[cut:].strip()
    if text:
        yield text
