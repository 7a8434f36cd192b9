"""Names beside the figures, in any script, never over one another."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib import resources

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from previz.camera import NEAR, Camera, project
from previz.raster import Picture
from previz.stage import Figure, Stage

_INK, _PAPER, _LEADER = (38, 42, 48), (250, 250, 249), (92, 97, 104)
_LONGEST = 120
# Tried in order for every character that the font of the text so far lacks; Noto Sans has Latin, Greek and Cyrillic.
_FONTS = (
    "NotoSans", "NotoSansArabic", "NotoSansHebrew", "NotoSansDevanagari", "NotoSansThai", "CJK", "NotoSansArmenian",
    "NotoSansBengali", "NotoSansEthiopic", "NotoSansGeorgian", "NotoSansGujarati", "NotoSansGurmukhi", "NotoSansKannada",
    "NotoSansKhmer", "NotoSansLao", "NotoSansMalayalam", "NotoSansMyanmar", "NotoSansOriya", "NotoSansSinhala",
    "NotoSansTamil", "NotoSansTelugu", "NotoSansSymbols", "NotoEmoji",
)  # fmt: skip


@lru_cache(maxsize=128)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    if name == "CJK":
        file = resources.files("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc"
    else:
        file = resources.files("manimgx_fonts") / f"{name}[wght].ttf"
    font = ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.RAQM)
    font.set_variation_by_axes([500])
    return font


@lru_cache(maxsize=4096)
def _has(name: str, character: str) -> bool:
    """Whether the font draws something else for the character than for one that no font has."""
    font = _font(name, 16)
    missing, found = (font.getmask(each, mode="L") for each in ("\U0010fffd", character))
    return (missing.size, bytes(missing)) != (found.size, bytes(found))


@lru_cache(maxsize=1024)
def runs(text: str) -> tuple[tuple[str, str], ...]:
    """The text in pieces of one font each, (font, piece), in logical order; what no font has is left out."""
    found: list[tuple[str, str]] = []
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp"):
            continue
        joins = category in ("Mn", "Mc", "Me", "Cf", "Zs")
        last = found[-1][0] if found else ""
        name = (
            last
            if last and (joins or _has(last, character))
            else next((f for f in _FONTS if joins or _has(f, character)), "")
        )
        if name and name == last:
            found[-1] = (name, found[-1][1] + character)
        elif name:
            found.append((name, character))
    return tuple(found)


def _right_to_left(text: str) -> bool:
    return next(
        (unicodedata.bidirectional(c) in ("R", "AL") for c in text if unicodedata.bidirectional(c) in ("L", "R", "AL")),
        False,
    )


def _width(text: str, size: int) -> float:
    return sum(_font(name, size).getlength(piece) for name, piece in runs(text))


def fitted(text: str, size: int, room: float) -> str:
    """The text, or as much of it as fits the room (pixels) with an ellipsis; never cut before a combining mark."""
    text = " ".join(text[: _LONGEST * 2].split())
    shortened = text[:_LONGEST]
    if shortened == text and _width(text, size) <= room:
        return text
    low, high = 0, len(shortened)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _width(shortened[:middle] + "…", size) <= room else (low, middle - 1)
    while low and (
        unicodedata.combining(shortened[low : low + 1] or "a")
        or unicodedata.category(shortened[low : low + 1] or "a")[0] == "M"
    ):
        low -= 1
    return shortened[:low].rstrip() + "…"


@lru_cache(maxsize=256)
def text_mask(text: str, size: int) -> Image.Image:
    """Coverage of the text as a grey image; its height fits every script."""
    pieces = runs(text)
    rtl = _right_to_left(text)
    image = Image.new("L", (max(round(_width(text, size)) + 2, 1), round(size * 1.5)), 0)
    pen, x = ImageDraw.Draw(image), 1.0
    for name, piece in reversed(pieces) if rtl else pieces:
        font = _font(name, size)
        pen.text((x, size * 1.09), piece, fill=255, font=font, anchor="ls", direction="rtl" if rtl else None)
        x += font.getlength(piece)
    return image


Box = tuple[float, float, float, float]


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _anchor(figure: Figure, camera: Camera, size: tuple[int, int]) -> tuple[float, float] | None:
    """Above the highest part of the figure that is in the picture, or nothing when none is."""
    seen = project(camera, figure.faces.reshape(-1, 3), size)
    seen = seen[seen[:, 2] > NEAR]
    points = seen[:, :2]
    inside = points[(points >= 0).all(axis=1) & (points <= size).all(axis=1)] if len(points) else points
    if not len(inside):
        return None
    top = inside[:, 1].min()
    near_top = inside[inside[:, 1] < top + 0.06 * size[1]]
    return float(near_top[:, 0].mean()), float(top)


def place_labels(
    stage: Stage, camera: Camera, size: tuple[int, int]
) -> list[tuple[str, int, Box, tuple[float, float]]]:
    """For each figure in the picture that has words: the text that fits, its size, its box and the point it names."""
    width, height = size
    points = max(11, round(min(height * 0.042, width * 0.036)))
    pad, margin, found = round(points * 0.5), round(points * 0.4), list[tuple[str, int, Box, tuple[float, float]]]()
    nearest = sorted(stage.figures, key=lambda f: project(camera, np.array([f.mark.middle]), size)[0, 2])
    for figure in nearest:
        anchor = _anchor(figure, camera, size) if figure.mark.words.strip() else None
        if anchor is None:
            continue
        text = fitted(figure.mark.words, points, min(width * 0.42, width - 2 * (pad + margin)))
        if not text or not runs(text):
            continue
        w, h = _width(text, points) + 2 * pad, points * 1.5 + pad * 0.4
        x = min(max(anchor[0] - w / 2, margin), width - w - margin)
        start = min(max(anchor[1] - h - points * 0.8, margin), height - h - margin)
        for step in range(int(height / (h + 3)) * 2):
            y = start + (step + 1) // 2 * (h + 3) * (-1 if step % 2 else 1)
            box = (x, y, x + w, y + h)
            if margin <= y <= height - h - margin and not any(_overlap(box, other[2]) for other in found):
                found.append((text, points, box, anchor))
                break
    return found


def draw_labels(picture: Picture, stage: Stage, camera: Camera) -> None:
    """Draws each label as a small plate with a line to its figure."""
    height, width = picture.shape[:2]
    labels = place_labels(stage, camera, (width, height))
    if not labels:
        return
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    for _, points, (left, top, right, bottom), (x, y) in labels:
        if y > bottom + 2 or y < top - 2:
            middle = min(max(x, left + points * 0.5), right - points * 0.5)
            pen.line([(middle, bottom if y > bottom else top), (x, y)], fill=_LEADER, width=max(1, points // 12))
    for text, points, (left, top, right, bottom), _ in labels:
        plate = (round(right - left), round(bottom - top))
        fine = Image.new("L", (plate[0] * 4, plate[1] * 4), 0)
        ImageDraw.Draw(fine).rounded_rectangle((0, 0, fine.width - 1, fine.height - 1), points * 4 * 0.38, fill=232)
        image.paste(_PAPER, (round(left), round(top)), fine.resize(plate, Image.Resampling.BOX))
        mask = text_mask(text, points)
        offset = (round((left + right - mask.width) / 2), round((top + bottom - mask.height) / 2))
        image.paste(_INK, offset, mask)
    picture[:] = np.asarray(image)
