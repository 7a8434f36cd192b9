"""What a scene's fields say that a camera or a stage can show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

MOST_FIGURES = 6

_INTERIOR = (
    "INT INTERIOR INTERIEUR INTÉRIEUR INTERNO INTERNI INTERNA INTERIÉR INNEN INNENRAUM BINNEN INRE INOMHUS INDE "
    "WNĘTRZE WN BELSŐ ИНТ ИНТЕРЬЕР ПОМЕЩЕНИЕ ІНТ ΕΣΩΤ ΕΣΩΤΕΡΙΚΟ İÇ NỘI 内 內 室内 室內 内景 內景 屋内 실내 "
    "داخلي داخلی פנים अंदर आंतरिक ภายใน"
)
_EXTERIOR = "EXT EXTERIOR EXTÉRIEUR ESTERNO AUSSEN AUßEN E BUITEN EKST НАТ ЭКСТ PLENER EXTERIÉR KÜLSŐ 外 外景 室外"
_END = r"(?=[\s.:,;/|\-–—。．・、，：]|$)"


def _one_of(words: str) -> str:
    return "|".join(re.escape(word) for word in sorted(words.split(), key=len, reverse=True))


# "INT./EXT." is a car or a doorway: what lies outside is seen, so it is not closed in by walls.
_SLUG = re.compile(
    rf"^[\W\d_]*(?:(?:{_one_of(_INTERIOR)}){_END}|室内|室內|内景|內景|屋内|실내)(?!\W*[/|&+\-]\W*(?:{_one_of(_EXTERIOR)}){_END})",
    re.IGNORECASE,
)
_NAMED_LINE = re.compile(r"^\s*@?([^:：\d][^:：]{0,39})[:：](?!//)\s*\S")
_ASIDE = re.compile(r"\(([^)]*)\)|（([^）]*)）|\^\s*$")
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
    def from_fields(cls, values: Mapping[str, Any]) -> Shot:
        """A shot from a scene's fields; other keys are ignored, `cast` may be a list or text separated by commas."""
        known: dict[str, Any] = {f.name: str(values.get(f.name) or "") for f in fields(cls) if f.name != "cast"}
        cast = values.get("cast") or ()
        names: Iterable[Any] = re.split(r"[,;\n、，،]", cast) if isinstance(cast, str) else cast
        return cls(cast=tuple(name for name in (str(each).strip() for each in names) if name), **known)

    @property
    def interior(self) -> bool:
        return _SLUG.match(self.location) is not None

    @property
    def people(self) -> tuple[str, ...]:
        """The names of the figures on stage, at most `MOST_FIGURES`; empty when the subject is a thing."""
        names = list(dict.fromkeys(" ".join(name.split()) for name in self.cast if name.strip()))
        for speaker in speakers(self.dialogue):
            said = speaker.casefold()
            if not any(said == name.casefold() or said in name.casefold().split() for name in names):
                names.append(speaker)
        if self.shot_type in ("two-shot", "over-the-shoulder") and len(names) < 2:
            names = [*(names or [self.subject.strip()]), ""]
        return tuple(names[:MOST_FIGURES])


def speakers(dialogue: str) -> list[str]:
    """Who speaks on stage, in order: `NAME: words`, or a Fountain cue (capitals after a blank line, words below)."""
    found: dict[str, str] = {}
    lines = dialogue.splitlines()
    for number, line in enumerate(lines):
        named = _NAMED_LINE.match(line)
        cue = named.group(1) if named else ""
        if (
            not named
            and (number == 0 or not lines[number - 1].strip())
            and "".join(lines[number + 1 : number + 2]).strip()
        ):
            bare = _ASIDE.sub("", line).strip()
            capitals = bare == bare.upper() != bare.lower() and not bare.endswith((".", "!", "?", "…", ":"))
            cue = line.strip() if capitals or line.lstrip().startswith("@") else ""
        if any(_UNSEEN.search("".join(aside)) for aside in _ASIDE.findall(cue)):
            continue
        name = " ".join(_ASIDE.sub("", cue).strip("@*_^- \t").split())
        if name and len(name) <= 40 and len(name.split()) <= 4:
            found.setdefault(name.casefold(), name)
    return list(found.values())
