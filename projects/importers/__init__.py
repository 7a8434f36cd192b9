"""Reads plain text, Fountain screenplays and tables into drafts of scenes: see `read`.

Nothing in a script is dropped silently: text that fits no field goes into the scene's notes, and every guess, move or cut is
a warning on the draft. A file that cannot be read raises UnreadableScript with one sentence that names the fix.
"""

from projects.importers.detection import Format, read
from projects.importers.drafts import Draft, Script, UnreadableScript

__all__ = ["Draft", "Format", "Script", "UnreadableScript", "read"]
