"""Whose clip it is that a provider made for a submission whose answer nobody saw.

Takes of one scene are asked for with the same words, so what is found may be another's. Here each clip gets one take. Both
functions belong into the transaction that writes the clip's id down; they lock the connection, as whoever sends does.
"""

from __future__ import annotations

from django.db.models.functions import Now

from generation.models import Connection, Generation
from generation.models.generation import GenerationQuerySet
from generation.pipeline.entering import connection_of
from generation.states import Status


def is_free(take: Generation, remote_id: str) -> bool:
    """Whether no other take has this clip."""
    return not _others(take).filter(remote_id=remote_id).exists()


def may_adopt(take: Generation, remote_id: str) -> bool:
    """Besides, the clip is not the answer that is on its way to a take which is being sent with the same words."""
    on_its_way = _others(take).filter(status=Status.SUBMITTING, prompt=take.prompt, lease_expires_at__gt=Now())
    return is_free(take, remote_id) and not on_its_way.exists()


def _others(take: Generation) -> GenerationQuerySet:
    connection = Connection.objects.select_for_update(of=("self",)).get(pk=connection_of(take))
    return Generation.objects.filter(connection=connection).exclude(pk=take.pk)
