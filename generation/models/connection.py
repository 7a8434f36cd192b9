"""An account at a provider: its address, abilities and limits, and the state that all workers share.

One with a `team` is that team's own, with its key sealed in the row. The others come from the environment and are written by
`ResolvedConnection.ensure_row`; their keys stay in the environment. A pause holds back everything that waits for the account.
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

#: A key's end is shown only if the rest is long enough to stay secret.
HINT_CHARACTERS = 4
MIN_KEY_LENGTH_FOR_HINT = 20


def new_slug() -> str:
    """For a team's own connection; the environment's have the name of their provider."""
    return f"own-{secrets.token_hex(6)}"


def make_key_hint(key: str) -> str:
    return key[-HINT_CHARACTERS:] if len(key) >= MIN_KEY_LENGTH_FOR_HINT and not key.startswith("{") else ""


class Connection(models.Model):
    #: None for the environment's connections.
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="connections")
    slug = models.SlugField(max_length=60, unique=True, default=new_slug)
    provider = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    base_url = models.CharField("address", max_length=500, blank=True)
    abilities = models.JSONField(default=list, blank=True)
    #: While false, no new takes.
    is_active = models.BooleanField(default=True)

    #: Empty for the environment's connections.
    key = SealedTextField()
    #: The end of the key, to tell several apart.
    key_hint = models.CharField(max_length=HINT_CHARACTERS, blank=True)
    preset = models.CharField(max_length=20, blank=True)
    options: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    #: The only models it serves; if empty, all of the provider's.
    declared_models: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    #: In US dollars, for models that the catalogue does not have.
    price_per_second = models.DecimalField(
        max_digits=8, decimal_places=4, default=Decimal(0), validators=[MinValueValidator(Decimal(0))]
    )
    #: Of connections that serve a model, the lowest position makes it.
    position = models.PositiveIntegerField(default=0)
    #: When it was removed. The row stays for its takes, the key until none of them needs it.
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
    #: Rate-limit refusals in a row, which set the length of the next pause.
    refusals = models.PositiveIntegerField(default=0)

    #: The models that the server lists, as rows of the catalogue's format.
    live_models: models.JSONField[Any, Any] = models.JSONField(default=list)
    live_models_at = models.DateTimeField(null=True)
    #: When to ask for them next, at once without a time, and how often in a row that has failed.
    listing_due_at = models.DateTimeField(null=True)
    listing_failures = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def live(cls) -> models.QuerySet[Connection]:
        """Connections that are not removed, first choice first."""
        return cls.objects.filter(deleted_at=None).order_by("position", "pk")

    @property
    def is_paused(self) -> bool:
        return self.paused_until is not None and self.paused_until > timezone.now()

    def keep_key(self, text: str) -> None:
        """Seal the key into the row without saving it. An empty text removes the key."""
        self.key = Sealed.from_text(text)
        self.key_hint = make_key_hint(text)
