"""An account at a provider: where it is, what it can do, how much may be under way there, and how often it may be asked.

One with a `team` is that team's own, its key sealed in the row. The others are those of the environment, written here by
`ResolvedConnection.ensure_row`; their keys stay in the environment. A pause is shared by everything that waits for it.
"""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from core.secrets import Sealed, SealedTextField
from teams.models import Team

#: The end of a key is shown only where the rest is long enough to stay secret.
HINT_CHARACTERS = 4
LEAST_CHARACTERS_FOR_HINT = 20


def new_slug() -> str:
    """Of a team's own; those of the environment are named by their provider."""
    return f"own-{secrets.token_hex(6)}"


def make_key_hint(key: str) -> str:
    return key[-HINT_CHARACTERS:] if len(key) >= LEAST_CHARACTERS_FOR_HINT and not key.startswith("{") else ""


class Connection(models.Model):
    #: Whose own it is; none for those of the environment.
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="connections")
    slug = models.SlugField(max_length=60, unique=True, default=new_slug)
    provider = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    base_url = models.CharField("address", max_length=500, blank=True)
    abilities = models.JSONField(default=list, blank=True)
    #: Not used for anything new while false.
    is_active = models.BooleanField(default=True)

    #: Of a team's own; the environment's have theirs there.
    key = SealedTextField()
    #: The end of the key, for people who have several.
    key_hint = models.CharField(max_length=HINT_CHARACTERS, blank=True)
    preset = models.CharField(max_length=20, blank=True)
    options: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    #: The only models it serves; all of the provider's where there are none.
    declared_models: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    #: Of models that the catalogue does not know.
    price_per_second = models.DecimalField(
        max_digits=8, decimal_places=4, default=Decimal(0), validators=[MinValueValidator(Decimal(0))]
    )
    #: The first that serves a model makes it.
    position = models.PositiveIntegerField(default=0)
    #: Removed; the row stays for its takes, and the key until none of them is under way.
    deleted_at = models.DateTimeField(null=True, editable=False)

    tested_at = models.DateTimeField(null=True, editable=False)
    test_worked = models.BooleanField(null=True, editable=False)
    test_said = models.TextField(blank=True, editable=False)

    max_in_flight = models.PositiveIntegerField(
        "at a time", default=2, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    requests_per_minute = models.PositiveIntegerField(
        default=60, validators=[MinValueValidator(1), MaxValueValidator(10_000)]
    )
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

    @classmethod
    def live(cls) -> models.QuerySet[Connection]:
        """Those that are not removed, in the order in which they are asked."""
        return cls.objects.filter(deleted_at=None).order_by("position", "pk")

    @property
    def is_paused(self) -> bool:
        return self.paused_until is not None and self.paused_until > timezone.now()

    def keep_key(self, text: str) -> None:
        """Seal it into the row, unsaved; without a text there is none any more."""
        self.key = Sealed.from_text(text)
        self.key_hint = make_key_hint(text)
