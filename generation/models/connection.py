"""An account at a provider, as rows: how much may be under way there, and how often it may be asked.

Connections of the environment are written here by `connections.Configured.row`; their keys stay in the environment.
A pause is shared by everything that waits for it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.db import models
from django.utils import timezone

from generation.providers.base import Ability


class Connection(models.Model):
    slug = models.SlugField(max_length=60, unique=True)
    provider = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    base_url = models.CharField(max_length=500, blank=True)
    abilities = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)

    max_in_flight = models.PositiveIntegerField(default=2)
    requests_per_minute = models.PositiveIntegerField(default=60)
    paused_until = models.DateTimeField(null=True)
    pause_reason = models.TextField(blank=True)
    #: Refusals in a row, for the back-off that all who wait here share.
    refusals = models.PositiveIntegerField(default=0)

    #: What the server itself says it offers: rows in the catalogue's form.
    live_models: models.JSONField[Any, Any] = models.JSONField(default=list)
    live_models_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_paused(self) -> bool:
        return self.paused_until is not None and self.paused_until > timezone.now()

    @property
    def host(self) -> str:
        """The host that is asked; empty for the vendor's own."""
        return urlsplit(self.base_url).hostname or ""

    def can(self, ability: Ability) -> bool:
        return ability in self.abilities
