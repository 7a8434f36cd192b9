"""The presets of a scene's fields, read once per process from presets.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PRESETS_FILE = Path(__file__).with_name("presets.toml")
CAMERA_FIELDS = ("shot_type", "camera_angle", "camera_move", "lens")


@dataclass(frozen=True)
class Preset:
    key: str
    label: str
    meaning: str
    #: The text in the prompt of a still picture, in place of the label; None keeps the label.
    still: str | None = None


@cache
def all_presets() -> dict[str, tuple[Preset, ...]]:
    """Presets by field name, in the order they are offered."""
    tables = tomllib.loads(PRESETS_FILE.read_text(encoding="utf-8"))
    return {field: tuple(_read(key, row) for key, row in rows.items()) for field, rows in tables.items()}


def _read(key: str, row: list[str] | dict[str, str]) -> Preset:
    return Preset(key, **row) if isinstance(row, dict) else Preset(key, *row)


def choices(field: str) -> list[tuple[str, str]]:
    return [(preset.key, preset.label) for preset in all_presets()[field]]


def meaning(field: str, key: str) -> str:
    """The preset's one-line description; empty for an unknown key."""
    return next((preset.meaning for preset in all_presets()[field] if preset.key == key), "")


def label(field: str, key: str) -> str:
    """The preset's label, or the key itself if the preset no longer exists."""
    return next((preset.label for preset in all_presets()[field] if preset.key == key), key)


def prompt_text(field: str, key: str, *, still: bool) -> str:
    """The text for a key in a prompt; the key itself where no preset has it (any more)."""
    preset = next((preset for preset in all_presets()[field] if preset.key == key), None)
    if preset is None:
        return key
    return preset.still if still and preset.still is not None else preset.label


def describe_camera(shot: Mapping[str, Any]) -> str:
    """Shot type, angle, movement and lens by their labels: “Close-up, Low angle, Dolly in”."""
    return ", ".join(label(field, key) for field in CAMERA_FIELDS if (key := shot.get(field)))
