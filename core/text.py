"""Text of any script in file names and searches."""

from __future__ import annotations

import re
import unicodedata

MAX_STEM, MAX_STEM_BYTES = 60, 150
#: Fillers and variation selectors: letters and marks by category, and nothing to see.
_BLANKS = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
#: Devices of Windows, whatever extension follows.
_RESERVED = re.compile("con|prn|aux|nul|(com|lpt)[0-9¹²³]")


def file_stem(title: str, default: str) -> str:
    """The title as a file name without extension: NFC, at most MAX_STEM characters and MAX_STEM_BYTES of UTF-8.

    Letters, their marks and digits of every script stay, words are joined by hyphens, and everything else goes: separators,
    emoji, and controls that would turn the name around. `default` if nothing remains of it.
    """
    text = unicodedata.normalize("NFC", _BLANKS.sub("", title).lower())
    words = "".join(char if _is_kept(char) else " " if char.isspace() or char == "-" else "" for char in text)
    stem = _shorten("-".join(words.split())).strip("-_")
    return f"{stem}-{default}" if _RESERVED.fullmatch(stem) else stem or default


def _is_kept(char: str) -> bool:
    return char == "_" or unicodedata.category(char)[0] in "LMN"


def _shorten(stem: str) -> str:
    # Between two characters as people see them: a mark stays with its letter.
    end = min(len(stem), MAX_STEM)
    while len(stem[:end].encode()) > MAX_STEM_BYTES or (
        0 < end < len(stem) and unicodedata.category(stem[end])[0] == "M"
    ):
        end -= 1
    return stem[:end]


def fold(text: str) -> str:
    """The same for texts that differ only in case, accents, vowel points, width, or how their letters are composed."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not _is_accent(part))


def _is_accent(part: str) -> bool:
    # By combining class: 10 to 35 are Hebrew and Arabic points, from 200 on accents. Others make か into が.
    return unicodedata.category(part) == "Cf" or 10 <= (kind := unicodedata.combining(part)) <= 35 or kind >= 200
