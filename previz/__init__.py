"""Previsualisation: a neutral set in true perspective, in which the described camera stands and moves.

Pure functions of a `Shot`. Units are metres, degrees and millimetres (of lens); x is right, y depth, z up, and the
subject stands at the origin and faces the camera along -y. Pictures are (h, w, 3) uint8 RGB, sizes (width, height).
"""

from previz.camera import Camera as Camera
from previz.camera import project as project
from previz.light import Light as Light
from previz.light import light_for as light_for
from previz.moves import camera_at as camera_at
from previz.picture import frames as frames
from previz.picture import panel as panel
from previz.render import draw as draw
from previz.shot import Shot as Shot
from previz.stage import Stage as Stage
from previz.stage import build_stage as build_stage
