"""The presets of a scene's fields, read once per process from presets.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PRESETS_FILE = Path(__file__).with_name("presets.toml")


@dataclass(frozen=True)
class Preset:
    key: str
    label: str
    meaning: str


@cache
def all_presets() -> dict[str, tuple[Preset, ...]]:
    """Presets by field name, in the order they are offered."""
    tables = tomllib.loads(PRESETS_FILE.read_text(encoding="utf-8"))
    return {
        field: tuple(Preset(key, label, meaning) for key, (label, meaning) in rows.items())
        for field, rows in tables.items()
    }


def choices(field: str) -> list[tuple[str, str]]:
    return [(preset.key, preset.label) for preset in all_presets()[field]]


def meaning(field: str, key: str) -> str:
    """The preset's one-line description; empty for an unknown key."""
    return next((preset.meaning for preset in all_presets()[field] if preset.key == key), "")


def label(field: str, key: str) -> str:
    """The preset's label, or the key itself if the preset no longer exists."""
    return next((preset.label for preset in all_presets()[field] if preset.key == key), key)
