"""Which format a script has, and the one door to all of them."""

from __future__ import annotations

from pathlib import PurePath

from django.db.models import TextChoices

from projects.importers import fountain, plain, table
from projects.importers.decoding import decode_text
from projects.importers.drafts import Draft, Script, Unreadable
from projects.storyboard import MAX_SCENES


class Format(TextChoices):
    FOUNTAIN = "fountain", "Screenplay (Fountain)"
    TABLE = "table", "Table (CSV, spreadsheet)"
    PLAIN = "plain", "Plain text"


SUFFIXES = {
    **dict.fromkeys([".fountain", ".spmd"], Format.FOUNTAIN),
    **dict.fromkeys([".csv", ".tsv", ".tab"], Format.TABLE),
}
READERS = {Format.FOUNTAIN: fountain.read, Format.TABLE: table.read, Format.PLAIN: plain.read}


def detect(text: str, name: str = "") -> Format:
    """By the file's name where that says it, else by what the text looks like."""
    if found := SUFFIXES.get(PurePath(name).suffix.lower()):
        return found
    if table.looks_like(text):
        return Format.TABLE
    return Format.FOUNTAIN if fountain.looks_like(text) else Format.PLAIN


def read(data: bytes, *, name: str = "", as_format: str = "") -> Script:
    """The drafts in a script. Raises Unreadable."""
    text, notes = decode_text(data)
    chosen = Format(as_format) if as_format else detect(text, name)
    found, more = READERS[chosen](text)
    drafts: list[Draft] = [part for draft in found if not draft.is_empty for part in draft.finished()]
    if not drafts:
        raise Unreadable("No scene was found in it. Write what happens, one paragraph for each scene.")
    if len(drafts) > MAX_SCENES:
        raise Unreadable(
            f"This script has {len(drafts):,} scenes; a storyboard holds at most {MAX_SCENES}. Import it in parts."
        )
    return Script(format=chosen, text=text, drafts=drafts, notes=[*notes, *more])
