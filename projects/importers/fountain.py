"""Fountain screenplays, parsed by screenplain: one scene heading, one scene.

The heading gives location and time of day, the synopsis the title, and a note that reads `Field: value`, as the export
writes it, that field. screenplain takes quadratic time over comments, notes and emphasis that stay open, so these are
resolved here before it reads; it also turns headings into capitals, which is undone.
"""

from __future__ import annotations

import re
from itertools import pairwise

from screenplain.parsers.fountain import parse_lines
from screenplain.types import Action, Dialog, DualDialog, Section, Slug, Transition

from projects.importers import terms
from projects.importers.drafts import Draft, shortened

HEADING = re.compile(r"(INT\.?/EXT\.?|I/E|INT|EXT|EST)[. ]\s?(.*)", re.IGNORECASE)
FORCED = re.compile(r"\.(?=[^.\s])")
SCENE_NUMBER = re.compile(r"#[\w.-]{1,20}#$")
WHERE = {"int": ", interior", "ext": ", exterior", "est": ", exterior"}
BETWEEN = re.compile(r" [-–—]+ ")
#: What a heading has in place of a time of day where it goes on from the scene before.
AS_BEFORE = {"continuous", "same", "sametime", "later", "momentslater"}
TITLE_PAGE = re.compile(
    r"(title|credit|authors?|source|draft date|date|contact|copyright|notes|revision):", re.IGNORECASE
)
FIELD_NOTE = re.compile(r"([^:\n]{1,30}):\s?(.*)", re.DOTALL)
EMPHASIS = re.compile(r"\\([*_\\])|(\*{1,3}|_)(?=\S)([^*_\n]+)(?<=\S)\2")

# Characters of the private area stand for others while screenplain reads; it uses \ue700 and on itself.
PRIVATE = re.compile("[\ue000-\uf8ff]")
LITERAL = str.maketrans("*_\\", "\ue010\ue011\ue015")
NOTE, NOTE_END, LINE_END = "\ue012", "\ue013", "\ue014"
BACK = str.maketrans("\ue010\ue011\ue014\ue015", "*_\n\\")
INLINE_NOTE = re.compile(f"{NOTE}[^{NOTE}{NOTE_END}]*{NOTE_END}")


def looks_like(text: str) -> bool:
    lines = ["", *text.split("\n")]
    return any(
        not before.strip() and (FORCED.match(line) or HEADING.match(line.lstrip())) for before, line in pairwise(lines)
    )


def read(text: str) -> tuple[list[Draft], list[str]]:
    text = re.sub(r"[ \t]{4,}", "   ", PRIVATE.sub("", text).lstrip("\n"))
    if not TITLE_PAGE.match(text):
        text = f"\n{text}"  # or its first line, if it has a colon, would be taken for one
    lines = _without_emphasis(_notes_apart(_without_comments(text))).split("\n")
    reader = _Reader({_bare(line).upper(): _bare(line) for line in lines})
    screenplay = parse_lines(lines)
    for paragraph in screenplay:
        reader.take(paragraph)
    left_out = ", ".join(screenplay.title_page).translate(BACK)
    return reader.drafts, [f"The title page is left out ({left_out[:200]})."] if left_out else []


class _Reader:
    def __init__(self, written: dict[str, str]) -> None:
        #: Headings as they were written, by their capitals.
        self.written = written
        self.drafts: list[Draft] = []
        self.is_open = False
        #: Sections, and what else stands above a scene that has not begun yet.
        self.sections: list[str] = []
        self.loose: list[str] = []
        self.time = ""

    def take(self, paragraph: object) -> None:
        match paragraph:
            case Slug():
                self._begin(paragraph)
            case Section():
                self.is_open = False
                self.sections.append(_plain(paragraph.text))
                self.loose += [_plain(paragraph.synopsis)] if paragraph.synopsis else []
            case Dialog():
                self._say(paragraph)
            case DualDialog():
                self._say(paragraph.left)
                self._say(paragraph.right)
            case Transition():
                if (words := _plain(paragraph.line)) != "CUT TO:":
                    self._put("notes", words)
            case Action():
                self._act("\n".join(_plain(line) for line in paragraph.lines))

    def _begin(self, slug: Slug) -> None:
        capitals = str(slug.line)
        heading = self.written.get(capitals, capitals).translate(BACK)
        synopsis = _plain(slug.synopsis or "")
        draft = self._new()
        found = HEADING.match(heading)
        location, time = self._place(found[2] if found else heading)
        if found:
            place = found[1].replace(".", "").casefold()
            draft.put("location", f"{location}{WHERE.get(place, ', interior and exterior')}")
        elif synopsis:
            draft.put("location", location)
        if found or synopsis:
            self.time = time = self.time if terms.plain(time) in AS_BEFORE else time.lower()
            draft.put("time_of_day", time)
        else:
            location, time = heading, ""
        if len(synopsis) > 120:
            draft.put("notes", synopsis)
        draft.put("title", synopsis if 0 < len(synopsis) <= 120 else ", ".join(filter(None, [location, time])))
        self._put_what_stands_above(draft)

    def _place(self, heading: str) -> tuple[str, str]:
        """Location and time; what stands behind the last dash is a time only where it reads like one."""
        *parts, last = BETWEEN.split(heading)
        is_time = terms.plain(last) in {"day", *AS_BEFORE} or terms.choice("time_of_day", last) is not None
        location = " - ".join(parts) if parts and is_time else heading
        return location.capitalize() if location.isupper() else location, last if parts and is_time else ""

    def _new(self) -> Draft:
        self.drafts.append(Draft())
        self.is_open = True
        return self.drafts[-1]

    def _put_what_stands_above(self, draft: Draft) -> None:
        for text in (*self.sections, *self.loose):
            draft.put("notes", text)
        self.sections, self.loose = [], []

    def _put(self, field: str, text: str, *, between: str = "") -> None:
        """Into the scene that has begun; without a heading a scene begins here, under the title of its section."""
        if not self.is_open:
            draft = self._new()
            if self.sections:
                draft.put("title", shortened(self.sections.pop()))
            self._put_what_stands_above(draft)
        self.drafts[-1].put(field, text, between=between)

    def _say(self, dialog: Dialog) -> None:
        words = " ".join(_plain(text).strip() for _, text in dialog.blocks)
        self._put("dialogue", f"{_plain(dialog.character).strip()}: {words}")

    def _act(self, text: str) -> None:
        if text.startswith(NOTE):
            for note in text.split(NOTE)[1:]:
                self._note(note)
        else:
            self._put("action", text, between="\n\n")

    def _note(self, text: str) -> None:
        found = FIELD_NOTE.match(text)
        field = terms.find_field(found[1]) if found else None
        if found and field in terms.FIELDS and self.is_open:
            self._put(field, found[2])
        elif self.is_open:
            self._put("notes", text)
        else:
            self.loose.append(text)


def _plain(text: object) -> str:
    return str(text).translate(BACK)


def _bare(line: str) -> str:
    """A heading without what only marks it as one."""
    return SCENE_NUMBER.sub("", FORCED.sub("", line, count=1).strip()).strip()


def _without_comments(text: str) -> str:
    kept, position = [], 0
    while (start := text.find("/*", position)) >= 0 and (end := text.find("*/", start + 2)) >= 0:
        kept.append(text[position:start])
        position = end + 2
    return "".join(kept) + text[position:].replace("/*", "/ *")


def _notes_apart(text: str) -> str:
    """The notes of each paragraph as a line behind it."""
    kept, position = [], 0
    while (start := text.find("[[", position)) >= 0 and (end := text.find("]]", start + 2)) >= 0:
        note = text[start + 2 : end].strip().replace("\n", LINE_END)
        kept += [text[position:start], NOTE, note, NOTE_END]
        position = end + 2
    text = "".join(kept) + text[position:].replace("[[", "[ [")
    return "\n\n".join(_with_notes_behind(paragraph) for paragraph in text.split("\n\n"))


def _with_notes_behind(paragraph: str) -> str:
    notes = INLINE_NOTE.findall(paragraph)
    if not notes:
        return paragraph
    lines = [line for line in INLINE_NOTE.sub("", paragraph).split("\n") if line.strip()]
    return "\n".join(lines) + "\n\n!" + "".join(note[:-1] for note in notes)


def _without_emphasis(text: str) -> str:
    for _ in range(3):  # bold, italic and underlined at once
        text = EMPHASIS.sub(lambda found: (found[1] or found[3]).translate(LITERAL), text)
    return text.translate(LITERAL)
