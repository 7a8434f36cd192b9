"""Camera angles: where the camera stands to a figure seen from the side, and where it looks."""

from projects.drawings.pen import HEIGHT, WIDTH, camera, figure, frame, group, line, rect, sight

_GROUND = 48


def _ground() -> str:
    return line((2, _GROUND), (94, _GROUND), width=1.2, stroke_opacity=0.5)


def _seen_from(height: float, turn: float, *, aim: float) -> str:
    """The camera stands left at that height; its line of sight meets the figure at `aim`."""
    return _ground() + figure(72, 9, 39) + sight((26, height), (66, aim)) + camera(18, height, turn, 1.2)


ANGLES: dict[str, str] = {
    "eye-level": _seen_from(12, 0, aim=12),
    "shoulder-level": _seen_from(17, 0, aim=17),
    "hip-level": _seen_from(28, 0, aim=28),
    "ground-level": _seen_from(43, 0, aim=43),
    "low": _seen_from(40, -28, aim=16),
    "high": _ground() + figure(74, 20, 28) + sight((28, 18), (68, 31)) + camera(19, 14, 22, 1.1),
    "overhead": _ground() + figure(48, 28, 20) + sight((48, 15), (48, 26)) + camera(48, 9, 90, 1.1),
    "worms-eye": _ground() + figure(60, 6, 42) + sight((40, 38), (45, 4)) + camera(39, 44, -82, 1.0),
    "dutch": group(
        rect(24, 12, 48, 30, fill_opacity=0.1),
        frame(24, 12, 48, 30, stroke_width=2),
        line((24, 35), (72, 35), width=1.4),
        figure(48, 15, 26),
        transform=f"rotate(-16 {WIDTH // 2} {HEIGHT // 2})",
    ),
}
