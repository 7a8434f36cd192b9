"""Whose clip it is that a provider made for a submission whose answer nobody saw.

Takes of one scene are asked for with the same words, so what is found may be another's. Here each clip gets one take. Two
connections to one server may be the same account there, so they count together. `is_free` and `may_adopt` belong into the
transaction that writes the clip's id down; they lock those connections, as whoever sends does.
"""

from __future__ import annotations

from django.db.models import QuerySet
from django.db.models.functions import Now

from generation import connections
from generation.models import Connection, Generation
from generation.models.generation import GenerationQuerySet
from generation.pipeline.making import request_of
from generation.providers.registry import lister
from generation.states import Status


def find_clip(take: Generation) -> str | None:
    """The id of a clip that was made for this take and that no take has; None also where the account cannot list.

    Raises ProviderError. Takes no lock: `may_adopt` decides.
    """
    assert take.submitted_at is not None, "only what was sent can be found"
    account = connections.account_of(take)
    listing = lister(take.provider, account)
    return listing.find(account, request_of(take), take.submitted_at, known_ids(take)) if listing else None


def is_free(take: Generation, remote_id: str) -> bool:
    """Whether no other take has this clip."""
    return not _others(take).filter(remote_id=remote_id).exists()


def may_adopt(take: Generation, remote_id: str) -> bool:
    """Besides, the clip is not the answer that is on its way to a take which is being sent with the same words."""
    on_its_way = _others(take).filter(status=Status.SUBMITTING, prompt=take.prompt, lease_expires_at__gt=Now())
    return is_free(take, remote_id) and not on_its_way.exists()


def known_ids(take: Generation) -> frozenset[str]:
    """The clips at the same server that takes have: none of them is adopted twice."""
    return frozenset(_made_there(take).exclude(remote_id="").values_list("remote_id", flat=True))


def taker_of(take: Generation, remote_id: str) -> Generation | None:
    """The other take that has this clip."""
    return _made_there(take).filter(remote_id=remote_id).exclude(pk=take.pk).first()


def _others(take: Generation) -> GenerationQuerySet:
    list(_of_same_server(take).select_for_update(of=("self",)).order_by("pk"))
    return _made_there(take).exclude(pk=take.pk)


def _made_there(take: Generation) -> GenerationQuerySet:
    return Generation.objects.filter(connection__in=_of_same_server(take))


def _of_same_server(take: Generation) -> QuerySet[Connection]:
    assert take.connection is not None, "what is made elsewhere is made with an account"
    return Connection.objects.filter(provider=take.connection.provider, base_url=take.connection.base_url)
