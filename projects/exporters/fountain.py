"""Writes a Fountain screenplay: heading, synopsis, action and dialogue; every other field is a note `Field: value`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from django.utils.text import capfirst

from projects.exporters.table import format_cell
from projects.importers import terms
from projects.models import Project, Scene

WHERE = {", interior": "INT. ", ", exterior": "EXT. ", ", interior and exterior": "INT./EXT. "}
#: A paragraph that every reader takes for action; others need a leading "!".
PLAINLY_ACTION = re.compile(r"(?!INT|EXT|EST|I/E)[^\W\d_][^\n]*[a-z](?![^\n]*TO:)", re.IGNORECASE)
SPEECH = re.compile(r"([^:\n]{1,60}):\s*(\S.*)")
BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
ESCAPES = str.maketrans({"*": r"\*", "_": r"\_", "\\": "\\\\"})
IN_HEADING = ("location", "time_of_day")
IN_BODY = ("title", "action", "dialogue")


def write_fountain(project: Project, scenes: Iterable[Scene]) -> bytes:
    parts = [f"Title: {_escape(project.title)}", *("\n\n".join(_write_scene(scene)) for scene in scenes)]
    return ("\n\n".join(parts) + "\n").encode()


def _write_scene(scene: Scene) -> Iterator[str]:
    place = _join_lines(scene.location)
    time = format_cell(scene, "time_of_day")
    if place:
        ending = next((ending for ending in WHERE if place.lower().endswith(ending)), "")
        heading = f"{WHERE.get(ending, '.')}{place.removesuffix(ending)}" + (f" - {time}" if time else "")
        yield f"{heading}\n\n= {_join_lines(scene.title)}"
    else:
        yield f".{_join_lines(scene.title)}"
    yield from map(_write_action, BLANK_LINES.split(_escape(scene.action)))
    yield from _write_dialogue(_escape(scene.dialogue))
    for name in terms.FIELDS:
        is_written = name in IN_BODY or (name in IN_HEADING and place)
        if not is_written and (value := format_cell(scene, name)):
            text = _escape(value)
            yield f"[[{capfirst(terms.label(name))}: {text}{' ' if text.endswith(']') else ''}]]"


def _write_action(paragraph: str) -> str:
    if PLAINLY_ACTION.match(paragraph) and not paragraph.partition("\n")[0].isupper():
        return paragraph
    return "\n".join(f"!{line}" for line in paragraph.split("\n"))


def _write_dialogue(text: str) -> Iterator[str]:
    # Speeches as Fountain paragraphs; a line without a name continues the previous speech.
    speeches: list[tuple[str, str]] = []
    for line in filter(str.strip, text.split("\n")):
        if match := SPEECH.match(line):
            speeches.append((match[1].strip(), match[2].strip()))
        else:
            name, words = speeches.pop() if speeches else ("VOICE", "")
            speeches.append((name, f"{words} {line.strip()}".strip()))
    for name, words in speeches:
        forced = "" if name.partition("(")[0].isupper() else "@"
        yield f"{forced}{name}\n{words}"


def _join_lines(text: str) -> str:
    return " ".join(_escape(text).split())


def _escape(text: str) -> str:
    # Escape emphasis and break up marks of notes and comments, which have no escape in Fountain.
    text = text.replace("\r\n", "\n").translate(ESCAPES)
    for mark in ("[[", "]]", "/*", "*/"):
        text = text.replace(mark, " ".join(mark))
    return text
