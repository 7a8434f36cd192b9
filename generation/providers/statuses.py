"""The words for where a clip is: servers of one protocol use several."""

from __future__ import annotations

from generation.providers.base import ProgressState

#: Made or accepted once, and not there any more. What was charged is unknown.
GONE = frozenset({"expired", "deleted"})
ERRORS = frozenset({"failure", "error", "errored", "rejected"})
_FINAL = (
    dict.fromkeys(("completed", "complete", "succeeded", "success", "done", "finished"), ProgressState.DONE)
    | dict.fromkeys(("failed", *ERRORS, *GONE), ProgressState.FAILED)
    | dict.fromkeys(("cancelled", "canceled", "aborted"), ProgressState.CANCELLED)
)


def read_state(word: str, *, names_clip: bool = True) -> ProgressState:
    """An unknown word counts as running: the clip may be paid for. So does an error that names no clip: a gateway's own."""
    if not names_clip and _spell(word) in ERRORS:
        return ProgressState.RUNNING
    return _FINAL.get(_spell(word), ProgressState.RUNNING)


def is_gone(word: str) -> bool:
    return _spell(word) in GONE


def _spell(word: str) -> str:
    return word.strip().lower()
