"""The sketch of a scene as a picture file: drawn when first asked for, then kept by the digest of what it shows."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from django.conf import settings

from generation.providers.base import Shot
from generation.providers.studio import Studio
from projects.models import AspectRatio, Scene

SMALL, LARGE = 640, 1280
#: Part of every kept picture's name; raise it when sketches begin to look different.
DRAWN_BY = 2


studio = Studio()


def draw_scene(scene: Scene, *, large: bool = False) -> bytes:
    """WebP. Drawing the same picture twice at once is harmless: the last one finished is kept."""
    long_side = LARGE if large else SMALL
    name = f"{scene.pk}-{scene.sketch_digest}-{long_side}-{DRAWN_BY}.webp"
    kept = Path(settings.DATA_DIR) / "cache" / "sketches" / name
    if kept.exists():
        return kept.read_bytes()
    picture = studio.draw(Shot.from_json(scene.shot()), *_size(scene, long_side))
    kept.parent.mkdir(parents=True, exist_ok=True)
    temporary = kept.with_suffix(f".{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(picture)
        os.replace(temporary, kept)
    except OSError:
        temporary.unlink(missing_ok=True)  # a full disk costs only the time to draw it again
    return picture


def _size(scene: Scene, long_side: int) -> tuple[int, int]:
    short_side = long_side * 9 // 16
    return {
        AspectRatio.LANDSCAPE: (long_side, short_side),
        AspectRatio.PORTRAIT: (short_side, long_side),
        AspectRatio.SQUARE: (short_side, short_side),
    }[AspectRatio(scene.project.aspect_ratio)]
