"""The storyboard artist: turns a `Shot` into pencil and marker layers.

`panel.compose` is the way in; everything is deterministic and drawn in picture units (the picture is one unit high).
"""
