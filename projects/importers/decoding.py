"""Decodes an uploaded or pasted script to text, and recognises files that are not text by their first bytes."""

from __future__ import annotations

import codecs
import re

from projects.importers.drafts import UnreadableScript

MAX_BYTES = 1024 * 1024
MAX_LINES = 20_000
LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
CONTROLS = dict.fromkeys([*range(9), *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xFEFF])

KNOWN_FILE_TYPES = {
    b"%PDF": "This is a PDF. Export the script as plain text or Fountain, or copy and paste its text.",
    b"PK\x03\x04": "This is an office document or an archive. Save documents as plain text and spreadsheets as CSV.",
    b"\xd0\xcf\x11\xe0": "This is an office document. Save documents as plain text and spreadsheets as CSV.",
    b"{\\rtf": "This is an RTF document. Save it as plain text, or copy and paste its text.",
    b"<?xml": "This is an XML file, as Final Draft saves them. Export the script as Fountain or plain text.",
    b"<!DOCTYPE": "This is a web page. Copy and paste its text.",
    b"<html": "This is a web page. Copy and paste its text.",
}
NOT_A_TEXT_FILE = "This is not a text file. Export the script as plain text, Fountain or CSV."


def refuse_too_large(size: int) -> None:
    if size > MAX_BYTES:
        raise UnreadableScript(
            f"This script is {size / 1024 / 1024:.1f} MB; the limit is {MAX_BYTES // 1024 // 1024} MB. "
            "Import it in parts."
        )


def decode_text(data: bytes) -> tuple[str, list[str]]:
    """The text, with \\n line ends and without control characters, and notes on how it was decoded.

    Raises UnreadableScript for binary files, files that are too large and files without text.
    """
    refuse_too_large(len(data))
    for signature, message in KNOWN_FILE_TYPES.items():
        if data.removeprefix(codecs.BOM_UTF8).lstrip().startswith(signature):
            raise UnreadableScript(message)
    text, notes = _decode(data)
    text = LINE_ENDS.sub("\n", text)
    kept = text.translate(CONTROLS)
    if "\0" in text or len(text) - len(kept) > len(text) // 100 + 1:
        raise UnreadableScript(NOT_A_TEXT_FILE)
    if (lines := kept.count("\n")) > MAX_LINES:
        raise UnreadableScript(f"This script has {lines:,} lines; the limit is {MAX_LINES:,}. Import it in parts.")
    if not kept.strip():
        raise UnreadableScript("The script is empty. Paste a script or choose a file with text.")
    return kept, notes


def _decode(data: bytes) -> tuple[str, list[str]]:
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16"), []
        if len(data) % 2 == 0 and (guessed := _detect_utf16(data)):
            return data.decode(guessed), ["Read as UTF-16."]
    except UnicodeDecodeError:
        raise UnreadableScript(NOT_A_TEXT_FILE) from None
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    try:
        note = "Read as Windows-1252. If accented letters look wrong, save the script as UTF-8 and import it again."
        return data.decode("cp1252"), [note]
    except UnicodeDecodeError:
        raise UnreadableScript(NOT_A_TEXT_FILE) from None


def _detect_utf16(data: bytes) -> str:
    """The encoding of UTF-16 without a byte order mark; empty if it is not UTF-16.

    Recognised by zero bytes, which are every other byte of Western text: other scripts need the mark.
    """
    start = data[:400]
    if start[1::2].count(0) * 10 > len(start) * 4:
        return "utf-16-le"
    return "utf-16-be" if start[::2].count(0) * 10 > len(start) * 4 else ""
