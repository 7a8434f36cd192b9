"""Deletes a finished take's clip at its provider. What is stored here stays."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from generation.connections import Roster, resolve_account
from generation.models import Generation
from generation.providers.base import Ability, ErrorKind, ProviderError
from generation.providers.registry import deleter
from teams import activity
from teams.models import User, Verb


def find_deletable_at(take: Generation, roster: Roster) -> str:
    """The name of the connection at which the clip is stored too and can be deleted; empty if there is none."""
    connection = roster.find_connection(take.connection_id) if take.has_remote_clip else None
    can_delete = connection is not None and Ability.DELETE in connection.about.abilities & connection.abilities
    return connection.name if connection and can_delete else ""


def delete(take: Generation, by: User | None = None) -> None:
    """For good: the take can no longer be reworked. Raises ValidationError, ProviderError."""
    if not take.has_remote_clip:
        raise ValidationError("Only a finished clip that its provider still has can be deleted there.")
    if take.offspring.active().exists():
        raise ValidationError("A rework of this take is in progress and needs the clip. Wait until it is finished.")
    account = resolve_account(take)
    provider = deleter(take.provider, account)
    if provider is None:
        raise ValidationError("This connection can't delete clips.")
    try:
        provider.delete(account, take.remote_id)
    except ProviderError as error:
        if error.kind != ErrorKind.LOST:  # a clip that is gone already is what was wanted
            raise
    with transaction.atomic():
        rows = Generation.objects.filter(pk=take.pk, remote_deleted_at=None)
        if rows.update(remote_deleted_at=Now(), version=F("version") + 1, changed_at=Now()):
            page = ("scene_page", take.scene_id)
            subject = f"the clip of {take.label} at its provider"
            activity.record(Verb.TAKE_DELETED, by, subject, project=take.scene.project, page=page)
