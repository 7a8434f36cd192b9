"""Detects the format of a script and reads it."""

from __future__ import annotations

from pathlib import PurePath

from django.db.models import TextChoices

from core.plurals import count_noun
from projects.importers import fountain, plain, table
from projects.importers.decoding import decode_text
from projects.importers.drafts import Draft, Script, UnreadableScript
from projects.scene_edits import MAX_SCENES


class Format(TextChoices):
    FOUNTAIN = "fountain", "Screenplay (Fountain)"
    TABLE = "table", "Table (CSV, spreadsheet)"
    PLAIN = "plain", "Plain text"


SUFFIXES = {
    **dict.fromkeys([".fountain", ".spmd"], Format.FOUNTAIN),
    **dict.fromkeys([".csv", ".tsv", ".tab"], Format.TABLE),
}
MOST_WARNINGS_IN_ALL = 200
READERS = {Format.FOUNTAIN: fountain.read, Format.TABLE: table.read, Format.PLAIN: plain.read}


def detect(text: str, name: str = "") -> Format:
    """The format by the file's suffix if it is a known one, else by the text."""
    if by_suffix := SUFFIXES.get(PurePath(name).suffix.lower()):
        return by_suffix
    if table.looks_like(text):
        return Format.TABLE
    return Format.FOUNTAIN if fountain.looks_like(text) else Format.PLAIN


def read(data: bytes, *, name: str = "", as_format: str = "") -> Script:
    """The drafts in a script, each complete enough to be saved as a scene. Raises UnreadableScript."""
    text, notes = decode_text(data)
    script_format = Format(as_format) if as_format else detect(text, name)
    raw_drafts, reader_notes = READERS[script_format](text)
    drafts: list[Draft] = [part for draft in raw_drafts if not draft.is_empty for part in draft.split_to_scenes()]
    if not drafts:
        raise UnreadableScript("No scenes found. Describe what happens, one paragraph for each scene.")
    if len(drafts) > MAX_SCENES:
        raise UnreadableScript(
            f"This script has {len(drafts):,} scenes; a storyboard can have up to {MAX_SCENES}. Import it in parts."
        )
    notes += [*reader_notes, *_hide_most_warnings(drafts)]
    return Script(format=script_format, text=text, drafts=drafts, notes=notes)


def _hide_most_warnings(drafts: list[Draft]) -> list[str]:
    # A person reads some; the same trouble in every scene would make megabytes of them.
    shown = hidden = 0
    for draft in drafts:
        kept = draft.warnings[: MOST_WARNINGS_IN_ALL - shown]
        hidden += len(draft.warnings) - len(kept)
        draft.warnings, shown = kept, shown + len(kept)
    return [f"{count_noun(hidden, 'more warning')} not shown. Compare the scenes with the script."] if hidden else []
