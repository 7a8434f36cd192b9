"""What may be in the way of clips and pictures alike: the account, the prompt; and which model would do instead.

An blocker names what is in the way, what is allowed, and where there is one, the model that would allow it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from django.utils import timezone

from generation.catalogue import Model
from generation.connections import ResolvedConnection, Roster, is_retired
from generation.providers.description import Kind
from generation.providers.registry import PROVIDERS, find_kind, is_local


def find_blockers(model: Model, roster: Roster) -> list[str]:
    """Why the team cannot have the model today; empty where it can."""
    return [*availability_blockers(model, roster.connection_for(model), roster)]


def availability_blockers(model: Model, connection: ResolvedConnection | None, roster: Roster) -> Iterator[str]:
    kind = find_kind(model.provider)
    if kind == Kind.LOCAL:
        return
    if is_retired(model, connection, timezone.localdate()):
        successor = roster.models.get(model.successor)
        follows = f" {successor.name} follows it." if successor else _elsewhere(model)
        yield f"{model.name} was retired by {model.maker} on {model.retired_on:%-d %B %Y}.{follows}"
    elif kind != (Kind.IMAGES if model.kind == "image" else Kind.REMOTE):
        yield f"Nothing here can reach {model.name}."
    elif connection is None:
        how = PROVIDERS[model.provider].how
        yield f"{how}, or add an account under Connections, to use {model.name}."


def _elsewhere(model: Model) -> str:
    """Where several make servers of the same protocol, another may still have it."""
    about = PROVIDERS.get(model.provider)
    if about is None or not about.makes:
        return ""
    return f" A server that still has it can be named by {about.address_variables[0]} or under Connections."


def prompt_blockers(model: Model, prompt: str) -> Iterator[str]:
    length = len(prompt)
    if not prompt.strip():
        yield "The prompt is empty."
    elif model.prompt_limit is not None and length > model.prompt_limit:
        yield f"The prompt has {length:,} characters; {model.name} takes at most {model.prompt_limit:,}."


def suggest_alternative(model: Model, roster: Roster, can: Callable[[Model], bool]) -> str:
    """The model that would do, as a sentence; empty where there is none.

    Rather one that films than what this machine draws, one of the same account, one that nobody closes, one at hand.
    """

    def how_far(other: Model) -> tuple[bool, ...]:
        closes = roster.is_retired(other, on=date.max)
        is_foreign = (other.provider, other.host) != (model.provider, model.host)
        return is_local(other.provider), is_foreign, closes, bool(find_blockers(other, roster))

    others = roster.models.values()
    able = [other for other in others if other.kind == model.kind and other.id != model.id and can(other)]
    return f" {min(able, key=how_far).name} would." if able else ""
