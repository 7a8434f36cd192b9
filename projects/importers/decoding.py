"""From the bytes of a file to its text, whatever wrote it; a file that is not text is told from its first bytes."""

from __future__ import annotations

import codecs
import re

from projects.importers.drafts import Unreadable

MAX_BYTES = 1024 * 1024
MAX_LINES = 20_000
LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
CONTROLS = dict.fromkeys([*range(9), *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xFEFF])

NOT_TEXT = {
    b"%PDF": "This is a PDF. Export the script as plain text or Fountain, or copy its text and paste it.",
    b"PK\x03\x04": "This is an office document or an archive. Save a text as plain text, a spreadsheet as CSV.",
    b"\xd0\xcf\x11\xe0": "This is an office document. Save a text as plain text, a spreadsheet as CSV.",
    b"{\\rtf": "This is an RTF document. Save it as plain text, or copy its text and paste it.",
    b"<?xml": "This is an XML file, such as Final Draft writes. Export the script from there as Fountain or plain text.",
    b"<!DOCTYPE": "This is a web page. Copy its text and paste it.",
    b"<html": "This is a web page. Copy its text and paste it.",
}
JUNK = "This is not a text file. Export the script as plain text, Fountain or CSV."


def refuse_too_large(size: int) -> None:
    if size > MAX_BYTES:
        raise Unreadable(
            f"This script has {size / 1024 / 1024:.1f} MB; at most {MAX_BYTES // 1024 // 1024} MB are read at once. "
            "Import it in parts."
        )


def decode_text(data: bytes) -> tuple[str, list[str]]:
    """The text with line ends as \\n and without control characters, and notes on how it was read."""
    refuse_too_large(len(data))
    for start, sentence in NOT_TEXT.items():
        if data.removeprefix(codecs.BOM_UTF8).lstrip().startswith(start):
            raise Unreadable(sentence)
    text, notes = _decoded(data)
    text = LINE_ENDS.sub("\n", text)
    kept = text.translate(CONTROLS)
    if "\0" in text or len(text) - len(kept) > len(text) // 100 + 1:
        raise Unreadable(JUNK)
    if (lines := kept.count("\n")) > MAX_LINES:
        raise Unreadable(
            f"This script has {lines:,} lines; at most {MAX_LINES:,} are read at once. Import it in parts."
        )
    if not kept.strip():
        raise Unreadable("There is nothing in it. Paste a script or choose a file that has text.")
    return kept, notes


def _decoded(data: bytes) -> tuple[str, list[str]]:
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16"), []
        if len(data) % 2 == 0 and (guessed := _utf16_without_mark(data)):
            return data.decode(guessed), ["Read as UTF-16."]
    except UnicodeDecodeError:
        raise Unreadable(JUNK) from None
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    try:
        said = "Read as Windows-1252. If letters with accents look wrong, save the script as UTF-8 and import it again."
        return data.decode("cp1252"), [said]
    except UnicodeDecodeError:
        raise Unreadable(JUNK) from None


def _utf16_without_mark(data: bytes) -> str:
    """Every other byte of Western text is zero then."""
    start = data[:400]
    if start[1::2].count(0) * 10 > len(start) * 4:
        return "utf-16-le"
    return "utf-16-be" if start[::2].count(0) * 10 > len(start) * 4 else ""
