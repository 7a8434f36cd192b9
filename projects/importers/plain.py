"""Plain text: numbered shots or headings where there are any, else paragraphs between blank lines, each becoming a scene.

Within one, `NAME: words` is dialogue, `Location: a harbour` sets that field, and (5 s) its duration.
"""

from __future__ import annotations

import re

from projects.importers import terms
from projects.importers.drafts import TITLE_FROM_ACTION, Draft

NUMBERED = re.compile(
    r"\s{0,9}(?:(?:shot|scene|panel|frame)\s{1,3}#?\d{1,4}[a-z]?(?:\s{0,3}[.):–—-]+|\s*$)|#?\d{1,4}[a-z]?[.):](?=\s|$))(.*)",
    re.IGNORECASE,
)
HEADING = re.compile(r"#{1,6} {1,3}(\S.*)")
LABEL = re.compile(r"\s{0,9}([^\W\d_][\w /-]{0,24}):\s+(\S.*)")
SPEECH = re.compile(r"\s{0,9}([^\W\d_][\w .'’-]{0,39}(?:\([^()]{1,30}\))?)\s?:\s{0,9}(\S.*)")
LENGTH = re.compile(r"\s?[(\[] ?(\d{1,3}(?:[.,]\d)?) ?(?:s|sec|secs|seconds) ?[)\]]", re.IGNORECASE)
BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def read(text: str) -> tuple[list[Draft], list[str]]:
    drafts: list[Draft] = []
    for block in _blocks(text):
        first = block[0]
        if drafts and not (NUMBERED.match(first) or HEADING.match(first)) and all(map(_is_said, block)):
            _put_lines(drafts[-1], block)
        else:
            drafts.append(_draft(block))
    return drafts, []


def _blocks(text: str) -> list[list[str]]:
    """The lines of each scene."""
    lines = text.strip().split("\n")
    starts = [NUMBERED.match(line) or HEADING.match(line) for line in lines]
    if sum(start is not None for start in starts) > 1:
        blocks: list[list[str]] = [[]]
        for line, start in zip(lines, starts, strict=True):
            if start and blocks[-1]:
                blocks.append([])
            if line.strip():
                blocks[-1].append(line)
        return [block for block in blocks if block]
    paragraphs = [block.split("\n") for block in BLANK_LINES.split(text.strip())]
    is_list = len(paragraphs) == 1 and not any(line.lstrip()[:1].islower() for line in lines[1:])
    if is_list and not any(map(_is_said, lines)):
        return [[line] for line in lines]
    return paragraphs


def _is_said(line: str) -> bool:
    """Dialogue or a field, which belong to the scene above."""
    return _label(line) is not None or _speech(line) is not None


def _label(line: str) -> tuple[str, str] | None:
    found = LABEL.match(line)
    field = terms.find_field(found[1]) if found else None
    return (field, found[2]) if found and field and field != terms.NUMBER else None


def _speech(line: str) -> str | None:
    found = SPEECH.match(line)
    return f"{found[1].strip()}: {found[2].strip()}" if found and found[1].partition("(")[0].isupper() else None


def _draft(block: list[str]) -> Draft:
    draft = Draft()
    first, *rest = block
    if heading := HEADING.match(first):
        first = heading[1].rstrip("# ")
    numbered = NUMBERED.match(first)
    if numbered:
        first = numbered[1].strip()
    elif heading is None and not rest:
        _put_lines(draft, [first])
        return draft
    first = _without_length(draft, first)
    more = next((line for line in rest if not _is_said(line)), "").lstrip()
    goes_on = more and not more[0].islower() and first[-1:].isalnum()
    is_title = heading or (goes_on and len(first) <= TITLE_FROM_ACTION)
    if is_title and not _is_said(first):
        draft.put("title", first)
    else:
        _put_lines(draft, [first])
    _put_lines(draft, rest)
    return draft


def _put_lines(draft: Draft, lines: list[str]) -> None:
    action: list[str] = []
    for line in lines:
        if label := _label(line):
            draft.put(*label)
        elif speech := _speech(line):
            draft.put("dialogue", speech)
        else:
            action.append(_without_length(draft, line).strip())
    draft.put("action", "\n".join(action))


def _without_length(draft: Draft, line: str) -> str:
    found = LENGTH.search(line)
    if not found or "duration" in draft.fields:
        return line
    draft.put("duration", found[1])
    return f"{line[: found.start()]}{line[found.end() :]}".strip()
