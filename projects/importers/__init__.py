"""A script in, drafts of scenes out: `read` takes the bytes of a plain text, a Fountain screenplay or a table.

Nothing of a script gets lost silently: what fits no field of a scene goes into its notes, and what was guessed, moved or
shortened is a warning beside the draft. What cannot be read at all is one sentence that names the fix.
"""

from projects.importers.detection import Format, read
from projects.importers.drafts import Draft, Script, Unreadable

__all__ = ["Draft", "Format", "Script", "Unreadable", "read"]
