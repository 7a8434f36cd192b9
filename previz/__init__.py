"""Previsualisation: a neutral set in true perspective, in which the described camera stands and moves.

Pure functions of a `Shot`. Units are metres, degrees and millimetres (of lens); x is right, y is depth, z is up, and
the subject stands at the origin, facing the camera along -y. Pictures are (h, w, 3) uint8 RGB; sizes (width, height).
Start at `picture.frames` and `picture.panel`. Nothing is imported here: `shot` alone needs neither NumPy nor OpenCV.
"""
