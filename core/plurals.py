"""Counts in sentences."""


def count_noun(count: int, thing: str) -> str:
    """“1 scene”, “2 scenes”."""
    return f"{count} {thing}{'' if count == 1 else 's'}"
