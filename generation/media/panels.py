"""The Previz panel of a scene: what its camera sees, drawn on first use and cached by what it shows."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from django.conf import settings

from core.decoding.contract import MEGABYTE, Limits
from core.decoding.gate import Gate
from generation.media import drawing_tasks
from previz.shot import Shot
from projects.models import AspectRatio, Scene

SMALL, LARGE = 640, 1280
#: Part of each cached file's name. Raise it when the drawing changes, so that old pictures are not used.
DRAWN_BY = 3

LIMITS = Limits(cpu_seconds=20, memory_bytes=1024 * MEGABYTE, wall_seconds=30)

#: Not the gate of pictures from outside, which a slow one may hold for seconds. A page may ask for dozens of panels at once.
gate = Gate(1, waiting=100, wait_seconds=30)


def draw_panel(scene: Scene, *, large: bool = False, overlay: bool = True, at_end: bool = False) -> bytes:
    """WebP of the camera's first or last frame; the overlay is the figures' names and an arrow for the move.

    Two processes may draw the same picture at once: each writes its own file, and the last rename wins.
    """
    long_side = LARGE if large else SMALL
    variant = f"{'end' if at_end else 'start'}{'-overlay' if overlay else ''}"
    name = f"{scene.panel_digest}-{long_side}-{variant}-{DRAWN_BY}.webp"
    cached = Path(settings.DATA_DIR) / "cache" / "panels" / name
    if cached.exists():
        return cached.read_bytes()
    shot = Shot.from_fields(scene.shot())
    picture = gate.run(
        drawing_tasks.draw_panel, shot, _size(scene, long_side), overlay, 1.0 if at_end else 0.0, limits=LIMITS
    )
    cached.parent.mkdir(parents=True, exist_ok=True)
    temporary = cached.with_suffix(f".{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(picture)
        os.replace(temporary, cached)
    except OSError:
        temporary.unlink(missing_ok=True)  # on a full disk the picture is drawn again each time
    return picture


def _size(scene: Scene, long_side: int) -> tuple[int, int]:
    short_side = long_side * 9 // 16
    return {
        AspectRatio.LANDSCAPE: (long_side, short_side),
        AspectRatio.PORTRAIT: (short_side, long_side),
        AspectRatio.SQUARE: (short_side, short_side),
    }[AspectRatio(scene.project.aspect_ratio)]
