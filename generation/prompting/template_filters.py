"""The filters of prompt templates. Each returns sentences or lines, or an empty string where the field says nothing.

Editors of templates read the docstrings of the filters on the template's page.
"""

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


def _end_sentence(text: str) -> str:
    # Adds a full stop unless the text ends in punctuation.
    return text if text.rstrip(CLOSERS).endswith(ENDS) else f"{text}."


@lru_cache(maxsize=512)
def beats(value: str) -> tuple[str, ...]:
    """One sentence for each line with text in it, without its bullet.

    Cached because every template reads the same few texts, and the preview renders all templates at each keystroke.
    """
    lines = (BULLET.sub("", " ".join(line.split())) for line in value.splitlines())
    texts = (line.lstrip(" ,;:").rstrip(" ,;:") for line in lines)
    return tuple(_end_sentence(text) for text in texts if text.strip(" .-–—*•"))


def sentence(value: str) -> str:
    """The text in one line, ending with a full stop."""
    return " ".join(beats(value))


def labelled(value: str, label: str) -> str:
    """The text after a label."""
    text = sentence(value)
    return f"{label}: {text}" if text else ""


def phrases(values: Iterable[str]) -> str:
    """The filled fields of a list such as [shot.lens, shot.weather], separated by commas."""
    lines = (line for value in values for line in beats(value))
    return ", ".join(line if line.endswith("..") else line.removesuffix(".") for line in lines)


def joined(values: Iterable[str]) -> str:
    """The filled texts of a list, in one line."""
    return " ".join(value for value in values if value)


def in_order(value: str) -> str:
    """The lines of the action as steps: First, Then, Finally."""
    steps = beats(value)
    if len(steps) < 2:
        return "".join(steps)
    first, *between, last = steps
    ending = f"Finally: {last}" if between else f"Then: {last}"
    return " ".join([f"First: {first}", *(f"Then: {step}" for step in between), ending])


def first_moment(value: str) -> str:
    """The first line of the action, which is all a still picture can show."""
    return next(iter(beats(value)), "")


def _is_speaker(text: str) -> bool:
    name = text.partition("(")[0]
    return bool(SPEAKER.fullmatch(text)) and all(word[0].isupper() for word in name.split())


def spoken(value: str) -> list[tuple[str, str]]:
    """Each turn's speaker and words; an empty speaker where the dialogue names none.

    Quotation marks are removed, because models draw quoted text into the picture.
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
        for beat in (text,) if is_direction else beats(text):
            if not turns or not turns[-1][0]:
                turns.append(("", []))
            turns[-1][1].append(beat)
    # A name without words after it was no speaker but a line in capitals.
    return [(name, " ".join(words)) if words else ("", _end_sentence(name)) for name, words in turns]


def spoken_lines(value: str) -> str:
    """The dialogue as a list, one line per turn."""
    return "\n".join(f"- {name}: {words}" if name else f"- {words}" for name, words in spoken(value))


def says(value: str) -> str:
    """The dialogue as prose: “Anna says: …”."""
    return "\n".join(f"{name or 'A character'} says: {words}" for name, words in spoken(value))
