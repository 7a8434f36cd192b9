"""Reads Fountain screenplays, parsed by screenplain: each scene heading starts a scene.

The heading gives location and time of day, the synopsis the title, and a note `Field: value`, as the export writes it, sets
that field. screenplain takes quadratic time for comments, notes and emphasis that are never closed, so they are resolved
before it reads. It also uppercases headings; the original spelling is looked up afterwards.
"""

from __future__ import annotations

import re
from itertools import pairwise

from screenplain.parsers.fountain import parse_lines
from screenplain.types import Action, Dialog, DualDialog, Section, Slug, Transition

from projects.importers import terms
from projects.importers.drafts import Draft, shorten

HEADING = re.compile(r"(INT\.?/EXT\.?|I/E|INT|EXT|EST)[. ]\s?(.*)", re.IGNORECASE)
FORCED = re.compile(r"\.(?=[^.\s])")
SCENE_NUMBER = re.compile(r"#[\w.-]{1,20}#$")
WHERE = {"int": ", interior", "ext": ", exterior", "est": ", exterior"}
DASH = re.compile(r" [-–—]+ ")
#: Words in place of a time of day that continue the previous scene's.
SAME_TIME = {"continuous", "same", "sametime", "later", "momentslater"}
TITLE_PAGE = re.compile(
    r"(title|credit|authors?|source|draft date|date|contact|copyright|notes|revision):", re.IGNORECASE
)
FIELD_NOTE = re.compile(r"([^:\n]{1,30}):\s?(.*)", re.DOTALL)
EMPHASIS = re.compile(r"\\([*_\\])|(\*{1,3}|_)(?=\S)([^*_\n]+)(?<=\S)\2")

# Private-use characters stand for markup while screenplain reads. It uses \ue700 and above itself.
PRIVATE = re.compile("[\ue000-\uf8ff]")
LITERAL = str.maketrans("*_\\", "\ue010\ue011\ue015")
NOTE, NOTE_END, LINE_END = "\ue012", "\ue013", "\ue014"
RESTORE = str.maketrans("\ue010\ue011\ue014\ue015", "*_\n\\")
INLINE_NOTE = re.compile(f"{NOTE}[^{NOTE}{NOTE_END}]*{NOTE_END}")


def looks_like(text: str) -> bool:
    lines = ["", *text.split("\n")]
    return any(
        not before.strip() and (FORCED.match(line) or HEADING.match(line.lstrip())) for before, line in pairwise(lines)
    )


def read(text: str) -> tuple[list[Draft], list[str]]:
    text = re.sub(r"[ \t]{4,}", "   ", PRIVATE.sub("", text).lstrip("\n"))
    if not TITLE_PAGE.match(text):
        text = f"\n{text}"  # without this, screenplain reads a first line with a colon as a title page
    lines = _strip_emphasis(_separate_notes(_strip_comments(text))).split("\n")
    reader = _Reader({_strip_heading_marks(line).upper(): _strip_heading_marks(line) for line in lines})
    screenplay = parse_lines(lines)
    for paragraph in screenplay:
        reader.take(paragraph)
    title_keys = ", ".join(screenplay.title_page).translate(RESTORE)
    return reader.drafts, [f"The title page is left out ({title_keys[:200]})."] if title_keys else []


class _Reader:
    def __init__(self, written: dict[str, str]) -> None:
        #: Original spelling of headings, by their uppercase form.
        self.written = written
        self.drafts: list[Draft] = []
        self.is_open = False
        #: Sections and notes above the next scene.
        self.sections: list[str] = []
        self.loose: list[str] = []
        self.time = ""

    def take(self, paragraph: object) -> None:
        match paragraph:
            case Slug():
                self._begin(paragraph)
            case Section():
                self.is_open = False
                self.sections.append(_restore_text(paragraph.text))
                self.loose += [_restore_text(paragraph.synopsis)] if paragraph.synopsis else []
            case Dialog():
                self._say(paragraph)
            case DualDialog():
                self._say(paragraph.left)
                self._say(paragraph.right)
            case Transition():
                if (words := _restore_text(paragraph.line)) != "CUT TO:":
                    self._put("notes", words)
            case Action():
                self._act("\n".join(_restore_text(line) for line in paragraph.lines))

    def _begin(self, slug: Slug) -> None:
        capitals = str(slug.line)
        heading = self.written.get(capitals, capitals).translate(RESTORE)
        synopsis = _restore_text(slug.synopsis or "")
        draft = self._new()
        match = HEADING.match(heading)
        location, time = self._split_heading(match[2] if match else heading)
        if match:
            place = match[1].replace(".", "").casefold()
            draft.put("location", f"{location}{WHERE.get(place, ', interior and exterior')}")
        elif synopsis:
            draft.put("location", location)
        if match or synopsis:
            self.time = time = self.time if terms.normalize(time) in SAME_TIME else time.lower()
            draft.put("time_of_day", time)
        else:
            location, time = heading, ""
        if len(synopsis) > 120:
            draft.put("notes", synopsis)
        draft.put("title", synopsis if 0 < len(synopsis) <= 120 else ", ".join(filter(None, [location, time])))
        self._put_pending_notes(draft)

    def _split_heading(self, heading: str) -> tuple[str, str]:
        # Location and time. The text after the last dash is a time only if it reads like one.
        *parts, last = DASH.split(heading)
        is_time = terms.normalize(last) in {"day", *SAME_TIME} or terms.find_choice("time_of_day", last) is not None
        location = " - ".join(parts) if parts and is_time else heading
        return location.capitalize() if location.isupper() else location, last if parts and is_time else ""

    def _new(self) -> Draft:
        self.drafts.append(Draft())
        self.is_open = True
        return self.drafts[-1]

    def _put_pending_notes(self, draft: Draft) -> None:
        for text in (*self.sections, *self.loose):
            draft.put("notes", text)
        self.sections, self.loose = [], []

    def _put(self, field: str, text: str, *, between: str = "") -> None:
        # Set a field of the current scene. Without a heading, text starts a scene titled after its section.
        if not self.is_open:
            draft = self._new()
            if self.sections:
                draft.put("title", shorten(self.sections.pop()))
            self._put_pending_notes(draft)
        self.drafts[-1].put(field, text, between=between)

    def _say(self, dialog: Dialog) -> None:
        words = " ".join(_restore_text(text).strip() for _, text in dialog.blocks)
        self._put("dialogue", f"{_restore_text(dialog.character).strip()}: {words}")

    def _act(self, text: str) -> None:
        if text.startswith(NOTE):
            for note in text.split(NOTE)[1:]:
                self._note(note)
        else:
            self._put("action", text, between="\n\n")

    def _note(self, text: str) -> None:
        match = FIELD_NOTE.match(text)
        field = terms.find_field(match[1]) if match else None
        if match and field in terms.FIELDS and self.is_open:
            self._put(field, match[2])
        elif self.is_open:
            self._put("notes", text)
        else:
            self.loose.append(text)


def _restore_text(text: object) -> str:
    return str(text).translate(RESTORE)


def _strip_heading_marks(line: str) -> str:
    # A heading without its leading dot and scene number.
    return SCENE_NUMBER.sub("", FORCED.sub("", line, count=1).strip()).strip()


def _strip_comments(text: str) -> str:
    kept, position = [], 0
    while (start := text.find("/*", position)) >= 0 and (end := text.find("*/", start + 2)) >= 0:
        kept.append(text[position:start])
        position = end + 2
    return "".join(kept) + text[position:].replace("/*", "/ *")


def _separate_notes(text: str) -> str:
    # Move the notes of each paragraph into a paragraph after it.
    kept, position = [], 0
    while (start := text.find("[[", position)) >= 0 and (end := text.find("]]", start + 2)) >= 0:
        note = text[start + 2 : end].strip().replace("\n", LINE_END)
        kept += [text[position:start], NOTE, note, NOTE_END]
        position = end + 2
    text = "".join(kept) + text[position:].replace("[[", "[ [")
    return "\n\n".join(_move_notes_after(paragraph) for paragraph in text.split("\n\n"))


def _move_notes_after(paragraph: str) -> str:
    notes = INLINE_NOTE.findall(paragraph)
    if not notes:
        return paragraph
    lines = [line for line in INLINE_NOTE.sub("", paragraph).split("\n") if line.strip()]
    return "\n".join(lines) + "\n\n!" + "".join(note[:-1] for note in notes)


def _strip_emphasis(text: str) -> str:
    for _ in range(3):  # text can be bold, italic and underlined at once
        text = EMPHASIS.sub(lambda match: (match[1] or match[3]).translate(LITERAL), text)
    return text.translate(LITERAL)
