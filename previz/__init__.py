"""Previsualisation: a neutral set in true perspective, in which the described camera stands and moves.

Pure functions of a `Shot`. Units are metres, degrees and millimetres (of lens); x is right, y is depth, z is up, and
the subject stands at the origin, facing the camera along -y. Pictures are (h, w, 3) uint8 RGB arrays; sizes are
(width, height).
"""

from previz.camera import Camera, project
from previz.draw import draw
from previz.light import Light, light_for
from previz.moves import camera_at
from previz.picture import frames, panel
from previz.shot import Shot
from previz.stage import Stage, build_stage

__all__ = [
    "Camera",
    "Light",
    "Shot",
    "Stage",
    "build_stage",
    "camera_at",
    "draw",
    "frames",
    "light_for",
    "panel",
    "project",
]
