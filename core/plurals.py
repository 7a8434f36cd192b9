"""Counts in sentences."""


def count_noun(count: int, noun: str) -> str:
    """“1 scene”, “2 scenes”. The plural is formed by adding an s."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
