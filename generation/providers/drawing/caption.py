"""The slate under the picture: scene number, title, and how it is shot. Nothing written on it can leave its line."""

from __future__ import annotations

import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from generation.providers.base import Shot
from generation.providers.drawing.arrows import ACCENT, MARKS
from generation.providers.drawing.framing import ANGLES, FRAMINGS
from generation.providers.drawing.light import TIMES, WEATHERS

_FONTS = Path(__file__).resolve().parent.parent / "fonts"
_BOLD, _REGULAR = "DejaVuSansCondensed-Bold.ttf", "DejaVuSansCondensed.ttf"

SLATE = (33, 34, 38)
_CHALK = (247, 244, 236)
_MUTED = (176, 176, 178)
_LONGEST = 240
_MOST_MARKS_PER_LETTER = 2

_HYPHENATED = {
    "close-up": "Close-up",
    "medium-close-up": "Medium close-up",
    "extreme-close-up": "Extreme close-up",
    "two-shot": "Two-shot",
    "worms-eye": "Worm's-eye",
}


@dataclass(frozen=True)
class Line:
    text: str
    font: ImageFont.FreeTypeFont
    colour: tuple[int, int, int]
    height: int


def strip_height(width: int, height: int) -> int:
    """Even, so that the picture above it can be cut from subsampled video."""
    return max(24, round(min(width, height) * 0.135 / 2) * 2)


@lru_cache(maxsize=32)
def slate_font(size: int, *, bold: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONTS / (_BOLD if bold else _REGULAR), max(size, 7))


def draw_caption(shot: Shot, width: int, height: int, *, reserved: int = 0) -> Image.Image:
    """`reserved` pixels at the right stay free."""
    strip = Image.new("RGB", (width, height), SLATE)
    pad = max(4, height // 7)
    slate = _draw_number(strip, shot.number, height, pad)
    left = slate + pad * 2
    room = max(width - left - pad - reserved, 10)
    lines = _lay_out(_writable(shot.title) or f"Scene {shot.number}", _how_it_is_shot(shot), room, height, pad)
    y = (height - sum(line.height for line in lines)) // 2
    for line in lines:
        _write(strip, line, left, y, room)
        y += line.height
    return strip


def _lay_out(title: str, meta: str, room: int, height: int, pad: int) -> list[Line]:
    inner = height - pad
    share = 0.58 if meta else 1.0
    font = slate_font(round(inner * 0.44), bold=True)
    titles = [title]
    if font.getlength(title) > room:
        font = slate_font(round(inner * 0.30), bold=True)
        titles = _wrapped(title, font, room)
        share = 0.70 if meta else 1.0
        if inner * 0.30 < 9:
            font = slate_font(round(inner * 0.40), bold=True)
            titles, share = [_shortened(title, font, room)], 0.58
    lines = [Line(text, font, _CHALK, round(inner * share / len(titles))) for text in titles]
    if meta:
        small = slate_font(round(inner * (0.30 if len(titles) == 1 else 0.25)), bold=False)
        lines.append(Line(_shortened(meta, small, room), small, _MUTED, round(inner * (1 - share))))
    return lines


def _wrapped(text: str, font: ImageFont.FreeTypeFont, room: int) -> list[str]:
    first: list[str] = []
    words = text.split(" ")
    while words and font.getlength(" ".join([*first, words[0]])) <= room:
        first.append(words.pop(0))
    if not first:
        return [_shortened(text, font, room)]
    return [" ".join(first), _shortened(" ".join(words), font, room)]


def _shortened(text: str, font: ImageFont.FreeTypeFont, room: int) -> str:
    if font.getlength(text) <= room:
        return text
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if font.getlength(text[:middle].rstrip() + "…") <= room:
            fits = middle
        else:
            too_long = middle
    return text[:fits].rstrip() + "…"


def _write(strip: Image.Image, line: Line, left: int, top: int, room: int) -> None:
    tile = Image.new("RGB", (room, max(line.height, 1)), SLATE)
    ImageDraw.Draw(tile).text((0, line.height / 2), line.text, font=line.font, fill=line.colour, anchor="lm")
    strip.paste(tile, (left, top))


def _draw_number(strip: Image.Image, number: int, height: int, pad: int) -> int:
    """A small clapperboard with the scene's number; answers its right edge."""
    text = str(number)[:6]
    font = slate_font(round(height * (0.40 if len(text) < 3 else 0.30)), bold=True)
    wide = max(height - pad, round(font.getlength(text)) + pad * 2)
    scale = 2
    board = Image.new("RGB", (wide * scale, (height - pad) * scale), _CHALK)
    pen = ImageDraw.Draw(board)
    bar = round(board.height * 0.26)
    pen.rectangle((0, 0, board.width, bar), fill=SLATE)
    stripe = bar * 0.95
    for index in range(-1, int(board.width / stripe / 2) + 2):
        x = index * stripe * 2
        pen.polygon([(x, bar), (x + stripe, bar), (x + stripe + bar * 0.7, 0), (x + bar * 0.7, 0)], fill=_CHALK)
    pen.rectangle((0, bar, board.width, bar + max(2, scale)), fill=ACCENT)
    board = board.resize((wide, height - pad), Image.Resampling.LANCZOS)
    middle = (board.height + bar / scale) / 2
    ImageDraw.Draw(board).text((wide / 2, middle), text, font=font, fill=SLATE, anchor="mm")
    strip.paste(board, (pad // 2, pad // 2))
    return wide


def _how_it_is_shot(shot: Shot) -> str:
    chosen: tuple[tuple[str, Container[str]], ...] = (
        (shot.shot_type, FRAMINGS),
        (shot.camera_move, MARKS),
        (shot.camera_angle, ANGLES),
        (shot.time_of_day, TIMES),
        (shot.weather, WEATHERS),
    )
    return "  ·  ".join(_label(key) for key, known in chosen if key in known)


def _label(key: str) -> str:
    return _HYPHENATED.get(key) or key.replace("-", " ").capitalize()


def _writable(text: str) -> str:
    """One line of what the font can show: no controls, no lone surrogates, no unknown glyphs, no towers of accents."""
    kept: list[str] = []
    marks = 0
    for letter in unicodedata.normalize("NFC", text[: _LONGEST * 2].encode("utf-8", "ignore").decode()):
        category = unicodedata.category(letter)
        if category.startswith(("Z", "C")):
            kept.append(" " if category.startswith("Z") or letter in "\t\r\n" else "")
            continue
        marks = marks + 1 if category.startswith("M") else 0
        if marks <= _MOST_MARKS_PER_LETTER and _has_glyph(letter):
            kept.append(letter)
    return " ".join("".join(kept).split())[:_LONGEST]


@lru_cache(maxsize=2048)
def _has_glyph(letter: str) -> bool:
    font = slate_font(16, bold=True)
    return bytes(font.getmask(letter)) != _missing_glyph() or unicodedata.category(letter).startswith("M")


@lru_cache(maxsize=1)
def _missing_glyph() -> bytes:
    return bytes(slate_font(16, bold=True).getmask("\U0010fffe"))
