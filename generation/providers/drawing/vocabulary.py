"""Words of a storyboard and what they ask the artist to draw; the first row that matches wins."""

from __future__ import annotations

import re
from collections.abc import Sequence

from generation.providers.base import Shot

Rows = Sequence[tuple[str, str]]

_SETTINGS: Rows = (
    ("space", r"space(?!d)|orbit|planet|asteroid|galaxy|moon base|cosmos|mars\b|spaceship|starship"),
    ("train", r"train\b|railway|station|platform|subway|metro|carriage"),
    ("kitchen", r"kitchen|bakery|cook"),
    ("bar", r"caf[eé]|\bbar\b|\bpub\b|restaurant|diner|coffee|tavern"),
    ("office", r"office|\bdesk|laborator|\blab\b|classroom|school|library|newsroom|studio"),
    ("corridor", r"corridor|hallway|hospital|hotel|prison|tunnel|basement|garage|warehouse|museum"),
    (
        "room",
        r"room\b|bedroom|interior|\bint\b|apartment|\bhome\b|\bhouse\b|inside|window|flat\b|attic|cabin|sofa|\bbed\b",
    ),
    (
        "sea",
        r"\bsea\b|ocean|beach|shore|coast|boat|\bship\b|harbou?r|lake|river|island|\bwaves?\b|water|pier|sail|lighthouse",
    ),
    ("desert", r"desert|dune|sand\b|sahara|canyon|cactus"),
    ("mountain", r"mountain|\bpeak|alps|cliff|summit|valley|hilltop|glacier|ridge"),
    ("forest", r"forest|wood(s|land)\b|\btrees?\b|jungle|\bpark\b|garden|orchard"),
    ("road", r"\broad|highway|\bcar\b|drive|driving|truck\b|motorway|desert road|\bbus\b|bike|bicycle"),
    (
        "city",
        r"city|street|building|\btown|alley|market|skyline|rooftop|roof\b|square|neon|\bshops?\b|tower|downtown|sidewalk|bridge",
    ),
)
_SUBJECTS: Rows = (
    ("dog", r"\bdogs?\b|puppy|hound|wolf|fox\b"),
    ("cat", r"\bcats?\b|kitten|\blion|tiger"),
    ("horse", r"\bhorses?\b|pony|stallion|\bdeer\b"),
    ("bird", r"\bbirds?\b|eagle|crow\b|raven|gull|owl|dove|pigeon|falcon"),
    ("spaceship", r"space ?ship|starship|rocket|shuttle|spacecraft|\bufo\b"),
    ("boat", r"\bboats?\b|\bships?\b|sailboat|yacht|ferry"),
    ("car", r"\bcars?\b|taxi|\bvan\b|truck|vehicle|\bbus\b"),
)
_OBJECTS: Rows = (
    ("letter", r"letter|envelope|note\b|paper|photo|postcard|map\b"),
    ("phone", r"phone|screen|tablet"),
    ("key", r"\bkeys?\b|lock"),
    ("book", r"book|diary|journal"),
    ("watch", r"watch\b|clock|compass|coin|medal|ring\b"),
    ("cup", r"cup\b|mug|coffee|tea\b|glass"),
    ("lamp", r"lamp|lantern|candle|light bulb"),
)


def _first(rows: Rows, text: str) -> str | None:
    return next((name for name, pattern in rows if re.search(pattern, text)), None)


def setting_of(shot: Shot) -> str:
    """The place to draw; "field" when nothing in the text names one."""
    for text in (shot.location, shot.action, shot.subject, shot.title, shot.atmosphere):
        found = _first(_SETTINGS, text.lower())
        if found:
            return found
    return "field"


def subject_of(shot: Shot) -> str:
    return _first(_SUBJECTS, shot.subject.lower()) or (
        "person" if shot.subject.strip() else _first(_SUBJECTS, f"{shot.title} {shot.action}".lower()) or "person"
    )


def object_of(shot: Shot) -> str | None:
    return _first(_OBJECTS, f"{shot.subject} {shot.action} {shot.title} {shot.location}".lower())
