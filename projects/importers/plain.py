"""Reads plain text: each numbered shot or heading becomes a scene, or each paragraph if there are none.

In a scene, `NAME: words` is dialogue, `Location: a harbour` sets that field, and (5 s) sets the duration.
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
    for block in _split_scenes(text):
        first = block[0]
        if drafts and not (NUMBERED.match(first) or HEADING.match(first)) and all(map(_is_detail, block)):
            _put_lines(drafts[-1], block)
        else:
            drafts.append(_build_draft(block))
    return drafts, []


def _split_scenes(text: str) -> list[list[str]]:
    # The lines of each scene.
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
    if is_list and not any(map(_is_detail, lines)):
        return [[line] for line in lines]
    return paragraphs


def _is_detail(line: str) -> bool:
    # Whether the line is dialogue or a field, and so belongs to the scene above.
    return _parse_label(line) is not None or _parse_speech(line) is not None


def _parse_label(line: str) -> tuple[str, str] | None:
    match = LABEL.match(line)
    field = terms.find_field(match[1]) if match else None
    return (field, match[2]) if match and field and field != terms.NUMBER else None


def _parse_speech(line: str) -> str | None:
    match = SPEECH.match(line)
    return f"{match[1].strip()}: {match[2].strip()}" if match and match[1].partition("(")[0].isupper() else None


def _build_draft(block: list[str]) -> Draft:
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
    first = _take_duration(draft, first)
    # A short first line without a full stop is a title if the next sentence starts with a capital.
    action = next((line for line in rest if not _is_detail(line)), "").lstrip()
    is_separate = action and not action[0].islower() and first[-1:].isalnum()
    is_title = heading or (is_separate and len(first) <= TITLE_FROM_ACTION)
    if is_title and not _is_detail(first):
        draft.put("title", first)
    else:
        _put_lines(draft, [first])
    _put_lines(draft, rest)
    return draft


def _put_lines(draft: Draft, lines: list[str]) -> None:
    action: list[str] = []
    for line in lines:
        if label := _parse_label(line):
            draft.put(*label)
        elif speech := _parse_speech(line):
            draft.put("dialogue", speech)
        else:
            action.append(_take_duration(draft, line).strip())
    draft.put("action", "\n".join(action))


def _take_duration(draft: Draft, line: str) -> str:
    """Set the duration from a length such as (5 s), if it has none yet. Returns the line without it."""
    match = LENGTH.search(line)
    if not match or "duration" in draft.fields:
        return line
    draft.put("duration", match[1])
    return f"{line[: match.start()]}{line[match.end() :]}".strip()
