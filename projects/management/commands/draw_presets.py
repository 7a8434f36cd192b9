"""Draws the presets' pictures into static/img/presets; for whoever changes a preset or a drawing, not for the running app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from projects import drawings


class Command(BaseCommand):
    help = "Draw the presets' pictures into static/img/presets."

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.BASE_DIR) / "static/img/presets"
        folder.mkdir(parents=True, exist_ok=True)
        for field, pictures in drawings.drawings().items():
            (folder / f"{field}.svg").write_text(drawings.sprite(pictures), encoding="utf-8")
            self.stdout.write(f"{field}.svg: {len(pictures)} pictures")
