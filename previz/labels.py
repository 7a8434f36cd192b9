"""Names beside the figures, in any script, never over one another."""

import unicodedata
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from previz.camera import NEAR, Camera, project
from previz.raster import Picture
from previz.stage import Stage

_INK, _PAPER, _LEADER, _LONGEST = (38, 42, 48), (250, 250, 249), (92, 97, 104), 120
# Tried in order for every character that the font of the text so far lacks; Noto Sans has Latin, Greek and Cyrillic.
_SCRIPTS = (
    " Arabic Hebrew Devanagari Thai CJK Armenian Bengali Ethiopic Georgian Gujarati Gurmukhi Kannada Khmer Lao Malayalam "
    "Myanmar Oriya Sinhala Tamil Telugu Symbols"
)
_FONTS = [*(f"Sans{script}" for script in _SCRIPTS.split(" ")), "Emoji"]
_JOINING = ("Mn", "Mc", "Me", "Cf", "Zs")
_UNPRINTED = ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")


class Label(NamedTuple):
    """What fits of the words, the size of the text, its box (left, top, right, bottom) and the point it names."""

    text: str
    points: int
    box: tuple[float, float, float, float]
    point: tuple[float, float]


@lru_cache(maxsize=128)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    package, file = "manimgx_fonts", f"Noto{name}[wght].ttf"
    if name == "SansCJK":
        package, file = "manimgx_fonts_cjk", "NotoSansCJK-VF.otf.ttc"
    font = ImageFont.truetype(str(resources.files(package) / file), size, layout_engine=ImageFont.Layout.RAQM)
    font.set_variation_by_axes([500])
    return font


@lru_cache(maxsize=4096)
def has_glyph(name: str, character: str) -> bool:
    """Whether the font draws the character otherwise than one that no font has."""
    missing, found = (_font(name, 16).getmask(each, mode="L") for each in ("\U0010fffd", character))
    return (missing.size, bytes(missing)) != (found.size, bytes(found))


@lru_cache(maxsize=1024)
def runs(text: str) -> tuple[tuple[str, str], ...]:
    """The text in pieces of one font each, (font, piece), in logical order; what no font has is left out."""
    found: list[tuple[str, str]] = []
    for character in text:
        kind, last = unicodedata.category(character), found[-1][0] if found else ""
        if kind in _UNPRINTED:
            continue
        if last and (kind in _JOINING or has_glyph(last, character)):
            found[-1] = (last, found[-1][1] + character)
        elif name := next((name for name in _FONTS if has_glyph(name, character)), ""):
            found.append((name, character))
    return tuple(found)


def line_width(text: str, size: int) -> float:
    return sum(_font(name, size).getlength(piece) for name, piece in runs(text))


def fitted(text: str, size: int, room: float) -> str:
    """The text, or as much of it as fits the room (pixels) with an ellipsis; never cut before a combining mark."""
    text = " ".join(text[: _LONGEST * 2].split())
    if len(text) <= _LONGEST and line_width(text, size) <= room:
        return text
    low, high = 0, min(len(text), _LONGEST)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if line_width(text[:middle] + "…", size) <= room else (low, middle - 1)
    while low and unicodedata.category((text + " ")[low]) in _JOINING[:4]:
        low -= 1
    return text[:low].rstrip() + "…"


def _text_mask(text: str, size: int) -> Image.Image:
    # Coverage of the text as a grey image; its height fits every script.
    directions = [unicodedata.bidirectional(character) for character in text]
    rightward = next((each == "L" for each in directions if each in ("L", "R", "AL")), True)
    image, x = Image.new("L", (max(round(line_width(text, size)) + 2, 1), round(size * 1.5)), 0), 1.0
    for name, piece in runs(text) if rightward else reversed(runs(text)):
        font, way = _font(name, size), None if rightward else "rtl"
        ImageDraw.Draw(image).text((x, size * 1.09), piece, fill=255, font=font, anchor="ls", direction=way)
        x += font.getlength(piece)
    return image


def place_labels(stage: Stage, camera: Camera, size: tuple[int, int]) -> list[Label]:
    """A label for each figure in the picture that has words."""
    (width, height), points = size, max(11, round(min(size[1] * 0.05, size[0] * 0.042)))
    margin, found = round(points * 0.4), list[Label]()
    for figure in sorted(stage.figures, key=lambda f: project(camera, np.array([f.mark.middle]), size)[0, 2]):
        seen = project(camera, figure.faces.reshape(-1, 3), size)
        seen = seen[(seen[:, 2] > NEAR) & (seen[:, :2] >= 0).all(axis=1) & (seen[:, :2] <= size).all(axis=1)]
        text = fitted(figure.mark.words, points, min(width * 0.42, width - 3 * points))
        if not len(seen) or not runs(text):
            continue
        top = float(seen[:, 1].min())
        middle = float(seen[seen[:, 1] < top + 0.06 * height, 0].mean())
        w, h = line_width(text, points) + points, points * 1.7
        x = min(max(middle - w / 2, margin), width - w - margin)
        start = min(max(top - h - points * 0.8, margin), height - h - margin)
        for step in range(2 * int(height / (h + 3))):
            y = start + (step + 1) // 2 * (h + 3) * (-1 if step % 2 else 1)
            free = all(x >= b[2] or b[0] >= x + w or y >= b[3] or b[1] >= y + h for _, _, b, _ in found)
            if free and margin <= y <= height - h - margin:
                found.append(Label(text, points, (x, y, x + w, y + h), (middle, top)))
                break
    return found


def draw_labels(picture: Picture, stage: Stage, camera: Camera) -> None:
    """Draws each label as a small plate with a line to its figure."""
    image, labels = Image.fromarray(picture), place_labels(stage, camera, (picture.shape[1], picture.shape[0]))
    for _, points, (left, top, right, bottom), (x, y) in labels:
        if not top - 2 <= y <= bottom + 2:
            start = min(max(x, left + points / 2), right - points / 2), bottom if y > bottom else top
            ImageDraw.Draw(image).line([start, (x, y)], fill=_LEADER, width=max(1, points // 12))
    for text, points, (left, top, right, bottom), _ in labels:
        plate = Image.new("L", (round(right - left) * 4, round(bottom - top) * 4), 0)
        ImageDraw.Draw(plate).rounded_rectangle((0, 0, plate.width - 1, plate.height - 1), points * 1.5, fill=232)
        image.paste(_PAPER, (round(left), round(top)), plate.reduce(4))
        mask = _text_mask(text, points)
        image.paste(_INK, (round((left + right - mask.width) / 2), round((top + bottom - mask.height) / 2)), mask)
    picture[:] = np.asarray(image)


def draw_line(image: Image.Image, at: tuple[float, float], text: str, points: int) -> None:
    """Writes one line in white, from its left end, around a middle; (x, y) in pixels."""
    mask = _text_mask(text, points)
    image.paste((255, 255, 255), (round(at[0]), round(at[1] - mask.height / 2)), mask)
