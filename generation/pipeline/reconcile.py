"""Finds the clip of a submission whose answer was lost, and gives each clip to exactly one take.

Takes of one scene have the same prompt, so a matching clip may be another take's. Two connections to one server may be the
same account there, so they count together. `is_free` and `may_adopt` must run in the transaction that writes the clip's id:
they lock those connections, as every submit does.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from core.slow_work import release_connection
from generation.connections import GivenKey, resolve_account
from generation.jobs.lease import Lease
from generation.models import Connection, Generation
from generation.models.generation import GenerationQuerySet
from generation.pipeline.provider_request import build_request
from generation.pipeline.transitions import MAX_ATTEMPTS, accepted_fields, back_off, end
from generation.providers.base import ErrorKind, ProviderError
from generation.providers.registry import lister
from generation.states import Status

#: Long enough for a clip to appear in its provider's list.
LOOK_UP_AFTER_SECONDS = 5


def look_up(lease: Lease, *, key: GivenKey | None = None) -> None:
    """Adopt the clip of a row left in `submitting` if the provider lists it, else leave it to a person.

    Never sends anything. Raises LeaseLost.
    """
    take = lease.job
    try:
        remote_id = find_clip(take, key)
    except ProviderError as error:
        if take.attempt < MAX_ATTEMPTS:
            wait = back_off(take.attempt, error)
            reason = f"Checking with the provider: {error.message}"
            lease.release(next_step_in=wait, attempt=F("attempt") + 1, waiting_for=reason[:300], error_kind=error.kind)
            return
        remote_id = None
    if remote_id:
        with transaction.atomic():
            if may_adopt(take, remote_id):
                accepted = accepted_fields(take, remote_id)
                lease.release(**accepted, waiting_for="", was_adopted=True, recovered_at=Now())
            else:
                lease.release(next_step_in=LOOK_UP_AFTER_SECONDS)
    else:
        answer = f" Its answer: {take.error_message}" if take.error_message else ""
        message = f"The provider did not confirm this clip.{answer}"
        end(lease, Status.UNKNOWN, error_kind=ErrorKind.UNKNOWN, error_message=message)


def find_clip(take: Generation, key: GivenKey | None = None) -> str | None:
    """Return the id of a matching clip that no take has; None also if the account cannot list its clips.

    Takes no lock: `may_adopt` decides. Raises ProviderError.
    """
    assert take.submitted_at is not None, "a take that was never sent has no clip"
    account = resolve_account(take, key)
    listing = lister(take.provider, account)
    if listing is None:
        return None
    request, known = build_request(take), known_ids(take)
    release_connection()
    return listing.find(account, request, take.submitted_at, known)


def is_free(take: Generation, remote_id: str) -> bool:
    """Whether no other take has this clip. Locks the connections to its server."""
    return not _lock_other_takes(take).filter(remote_id=remote_id).exists()


def may_adopt(take: Generation, remote_id: str) -> bool:
    """Whether the clip is free and cannot be the answer to another take that is being sent with the same prompt."""
    others = _lock_other_takes(take)
    being_sent = others.filter(status=Status.SUBMITTING, prompt=take.prompt, lease_expires_at__gt=Now())
    return not others.filter(remote_id=remote_id).exists() and not being_sent.exists()


def known_ids(take: Generation) -> frozenset[str]:
    return frozenset(_takes_at_same_server(take).exclude(remote_id="").values_list("remote_id", flat=True))


def find_owner(take: Generation, remote_id: str) -> Generation | None:
    return _takes_at_same_server(take).filter(remote_id=remote_id).exclude(pk=take.pk).first()


def _lock_other_takes(take: Generation) -> GenerationQuerySet:
    # Evaluated for its lock, ordered by id so that two workers cannot deadlock.
    list(_connections_to_same_server(take).select_for_update(of=("self",)).order_by("pk"))
    return _takes_at_same_server(take).exclude(pk=take.pk)


def _takes_at_same_server(take: Generation) -> GenerationQuerySet:
    return Generation.objects.filter(connection__in=_connections_to_same_server(take))


def _connections_to_same_server(take: Generation) -> QuerySet[Connection]:
    assert take.connection is not None, "only local renders have no connection"
    return Connection.objects.filter(provider=take.connection.provider, base_url=take.connection.base_url)
