"""What prompt templates do with a scene's texts: each of these gives sentences or lines, or nothing where nothing is said."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

ENDS = (".", "!", "?", "…", "—", "–", "。", "！", "？")
CLOSERS = "\"'”’»)]"
BULLET = re.compile(r"^[-–—*•]\s+")
QUOTATION_MARKS = re.compile('["“”„‟«»]')
#: "ANNA", "Old Man" or "Anna (whispering)": at most four words, each with a capital.
SPEAKER = re.compile(r"(?:[^\W\d_][^\s:,.!?()]*\.?)(?: [^\W\d_][^\s:,.!?()]*){0,3}(?: \([^()]*\))?")


def _finished(text: str) -> str:
    """With one full stop, unless it ends in a mark of its own."""
    return text if text.rstrip(CLOSERS).endswith(ENDS) else f"{text}."


@lru_cache(maxsize=512)
def beats(value: str) -> tuple[str, ...]:
    """One sentence for each line that says something, without its bullet.

    Kept for a while: the same few texts are asked for by every template, and again with every key somebody presses.
    """
    lines = (BULLET.sub("", " ".join(line.split())) for line in value.splitlines())
    said = (line.lstrip(" ,;:").rstrip(" ,;:") for line in lines)
    return tuple(_finished(line) for line in said if line.strip(" .-–—*•"))


def sentence(value: str) -> str:
    """The text in one line, ended with a full stop."""
    return " ".join(beats(value))


def labelled(value: str, label: str) -> str:
    """The text behind its label."""
    text = sentence(value)
    return f"{label}: {text}" if text else ""


def phrases(values: Iterable[str]) -> str:
    """Of a list such as [shot.lens, shot.weather]: what is filled, with commas between."""
    lines = (line for value in values for line in beats(value))
    return ", ".join(line if line.endswith("..") else line.removesuffix(".") for line in lines)


def joined(values: Iterable[str]) -> str:
    """Of a list of texts: what is filled, in one line."""
    return " ".join(value for value in values if value)


def in_order(value: str) -> str:
    """The lines of an action as steps: First, Then, Finally."""
    steps = beats(value)
    if len(steps) < 2:
        return "".join(steps)
    first, *between, last = steps
    ending = f"Finally: {last}" if between else f"Then: {last}"
    return " ".join([f"First: {first}", *(f"Then: {step}" for step in between), ending])


def first_moment(value: str) -> str:
    """The first line of an action: what a still can show of it."""
    return next(iter(beats(value)), "")


def _is_speaker(text: str) -> bool:
    name = text.partition("(")[0]
    return bool(SPEAKER.fullmatch(text)) and all(word[0].isupper() for word in name.split())


def spoken(value: str) -> list[tuple[str, str]]:
    """Who says what, turn by turn; without a name where none is given.

    Quotation marks go: models write what stands between them into the picture.
    """
    turns: list[tuple[str, list[str]]] = []
    for line in value.splitlines():
        text = BULLET.sub("", " ".join(QUOTATION_MARKS.sub(" ", line).split()))
        name, colon, words = text.partition(":")
        if colon and _is_speaker(name) and (not words or words[0] == " "):
            turns.append((name, []))
            text = words.strip()
        elif text.isupper() and _is_speaker(text):
            turns.append((text, []))
            text = ""
        is_direction = text.startswith("(") and text.endswith(")")
        for said in (text,) if is_direction else beats(text):
            if not turns or not turns[-1][0]:
                turns.append(("", []))
            turns[-1][1].append(said)
    return [(name, " ".join(said)) if said else ("", _finished(name)) for name, said in turns]


def spoken_lines(value: str) -> str:
    """A dialogue as a list, one line a turn."""
    return "\n".join(f"- {name}: {words}" if name else f"- {words}" for name, words in spoken(value))


def says(value: str) -> str:
    """A dialogue told: who says what."""
    return "\n".join(f"{name or 'A character'} says: {words}" for name, words in spoken(value))
