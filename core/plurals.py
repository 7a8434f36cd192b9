"""Counts and numbers in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby


def count_noun(count: int, thing: str) -> str:
    """“1 scene”, “2 scenes”."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def name_numbers(thing: str, numbers: Sequence[int]) -> str:
    """“Scene 7”, “Scenes 1-3, 7”."""
    return f"{thing}{'' if len(numbers) == 1 else 's'} {format_ranges(numbers)}"


def format_ranges(numbers: Iterable[int]) -> str:
    """Ascending numbers as “1-3, 7”."""
    # Numbers of one run differ by the same amount from their index.
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
