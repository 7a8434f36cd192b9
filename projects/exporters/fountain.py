"""The scenes as a Fountain screenplay: heading, synopsis, action, dialogue; every other field as a note `Field: value`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from django.utils.text import capfirst

from projects.exporters.table import format_cell
from projects.importers import terms
from projects.models import Project, Scene

WHERE = {", interior": "INT. ", ", exterior": "EXT. ", ", interior and exterior": "INT./EXT. "}
#: A paragraph that no reader takes for anything but action.
PLAINLY_ACTION = re.compile(r"(?!INT|EXT|EST|I/E)[^\W\d_][^\n]*[a-z](?![^\n]*TO:)", re.IGNORECASE)
SPEECH = re.compile(r"([^:\n]{1,60}):\s*(\S.*)")
BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
MEANINGS = str.maketrans({"*": r"\*", "_": r"\_", "\\": "\\\\"})
IN_HEADING = ("location", "time_of_day")
IN_BODY = ("title", "action", "dialogue")


def as_fountain(project: Project, scenes: Iterable[Scene]) -> bytes:
    parts = [f"Title: {_escaped(project.title)}", *("\n\n".join(_paragraphs(scene)) for scene in scenes)]
    return ("\n\n".join(parts) + "\n").encode()


def _paragraphs(scene: Scene) -> Iterator[str]:
    place = _one_line(scene.location)
    time = format_cell(scene, "time_of_day")
    if place:
        ending = next((ending for ending in WHERE if place.lower().endswith(ending)), "")
        heading = f"{WHERE.get(ending, '.')}{place.removesuffix(ending)}" + (f" - {time}" if time else "")
        yield f"{heading}\n\n= {_one_line(scene.title)}"
    else:
        yield f".{_one_line(scene.title)}"
    yield from map(_action, BLANK_LINES.split(_escaped(scene.action)))
    yield from _dialogue(_escaped(scene.dialogue))
    for name in terms.FIELDS:
        is_said = name in IN_BODY or (name in IN_HEADING and place)
        if not is_said and (value := format_cell(scene, name)):
            text = _escaped(value)
            yield f"[[{capfirst(terms.label(name))}: {text}{' ' if text.endswith(']') else ''}]]"


def _action(paragraph: str) -> str:
    if PLAINLY_ACTION.match(paragraph) and not paragraph.partition("\n")[0].isupper():
        return paragraph
    return "\n".join(f"!{line}" for line in paragraph.split("\n"))


def _dialogue(text: str) -> Iterator[str]:
    """A line without a name goes on with what the one before says."""
    speeches: list[tuple[str, str]] = []
    for line in filter(str.strip, text.split("\n")):
        found = SPEECH.match(line)
        if found:
            speeches.append((found[1].strip(), found[2].strip()))
        else:
            name, words = speeches.pop() if speeches else ("VOICE", "")
            speeches.append((name, f"{words} {line.strip()}".strip()))
    for name, words in speeches:
        forced = "" if name.partition("(")[0].isupper() else "@"
        yield f"{forced}{name}\n{words}"


def _one_line(text: str) -> str:
    return " ".join(_escaped(text).split())


def _escaped(text: str) -> str:
    """Emphasis, notes and comments are what the writer of a scene did not mean."""
    text = text.replace("\r\n", "\n").translate(MEANINGS)
    for mark in ("[[", "]]", "/*", "*/"):
        text = text.replace(mark, " ".join(mark))
    return text
