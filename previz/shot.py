"""What a scene's fields say that a camera or a stage can show."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

MOST_FIGURES = 6

_INTERIOR = (
    "INTERIOR|INTERIEUR|INTÉRIEUR|INTERNO|INTERNI|INTERNA|INTERIÉR|INT|INNENRAUM|INNEN|BINNEN|INRE|INOMHUS|WNĘTRZE|WN|"
    "BELSŐ|ИНТЕРЬЕР|ИНТ|ІНТ|ΕΣΩΤΕΡΙΚΟ|ΕΣΩΤ|İÇ|NỘI|内|內|داخلي|פנים|अंदर|आंतरिक|ภายใน"
)
_EXTERIOR = "EXT|EXTÉRIEUR|EXTERIOR|ESTERNO|AUSSEN|AUßEN|BUITEN|E|PLENER|KÜLSŐ|НАТ|ЭКСТ|外|خارجي|חוץ"
_END = r"(?=[\s.:,;/|\-–—。．・、，：]|$)"
# "INT./EXT." is a car or a doorway: what lies outside is seen, so no walls close it in.
_SLUG = re.compile(
    rf"^[\W\d_]*(?:(?:{_INTERIOR}){_END}|室内|室內|内景|內景|屋内|실내)(?!\W*[/|&+\-]\W*(?:{_EXTERIOR}){_END})",
    re.IGNORECASE,
)
_NAMED_LINE = re.compile(r"^\s*@?([^:：\d][^:：]{0,39})[:：](?!//|\d)\s*\S")
_ASIDE = re.compile(r"\([^)]*\)|（[^）]*）|\^\s*$")
_UNSEEN = re.compile(r"\b(?:v\.?\s?o|o\.?\s?s|o\.?\s?c|off)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Shot:
    """The fields of a scene; presets are keys, and an empty or unknown key is the neutral default."""

    subject: str = ""
    cast: tuple[str, ...] = ()
    dialogue: str = ""
    location: str = ""
    shot_type: str = ""
    camera_angle: str = ""
    camera_move: str = ""
    lens: str = ""
    depth_of_field: str = ""
    time_of_day: str = ""
    weather: str = ""
    lighting: str = ""

    @classmethod
    def from_fields(cls, values: Mapping[str, Any]) -> "Shot":
        """A shot from a scene's fields; other keys are ignored, `cast` may be a list or text separated by commas."""
        known: dict[str, Any] = {f.name: str(values.get(f.name) or "") for f in fields(cls) if f.name != "cast"}
        cast = values.get("cast") or ()
        names = re.split(r"[,;\n、，،]", cast) if isinstance(cast, str) else [str(name) for name in cast]
        return cls(cast=tuple(name.strip() for name in names if name.strip()), **known)

    @cached_property
    def interior(self) -> bool:
        return _SLUG.match(self.location) is not None

    @property
    def walks(self) -> bool:
        return self.camera_move in ("follow", "lead")

    @cached_property
    def people(self) -> tuple[str, ...]:
        """The names of the figures on stage, at most `MOST_FIGURES`; empty when the subject is a thing."""
        names = list(dict.fromkeys(" ".join(name.split()) for name in self.cast if name.strip()))
        for speaker in speakers(self.dialogue):
            known = [[name.casefold(), *name.casefold().split()] for name in names[:MOST_FIGURES]]
            if len(names) < MOST_FIGURES and not any(speaker.casefold() in words for words in known):
                names.append(speaker)
        if self.shot_type in ("two-shot", "over-the-shoulder") and len(names) < 2:
            names = [*(names or [self.subject.strip()]), ""]
        return tuple(names[:MOST_FIGURES])


def speakers(dialogue: str) -> list[str]:
    """Who speaks on stage, in order: `NAME: words`, or a cue in capitals after a blank line with words below it."""
    found: dict[str, str] = {}
    lines = ["", *dialogue.splitlines(), ""]
    for before, line, after in zip(lines, lines[1:], lines[2:], strict=False):
        cue, bare = "", _ASIDE.sub("", line).strip()
        if named := _NAMED_LINE.match(line):
            cue = named.group(1)
        elif not before.strip() and after.strip():
            capitals = bare == bare.upper() != bare.lower() and not bare.endswith((".", "!", "?", "…", ":"))
            cue = line if capitals or bare.startswith("@") else ""
        name = " ".join(_ASIDE.sub("", cue).strip("@*_- \t").split())
        named_well = 0 < len(name.split()) <= 4 and not any(word[0].islower() for word in name.split())
        if named_well and not _UNSEEN.search("".join(_ASIDE.findall(cue))):
            found.setdefault(name.casefold(), name)
    return list(found.values())
