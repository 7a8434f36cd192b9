"""List what a provider holds for an account, and remove what is no longer wanted there. For whoever runs the server."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from generation.connections import ResolvedConnection, read_environment
from generation.management import terminal
from generation.management.terminal import Exit, Usage
from generation.models import Connection, Generation
from generation.models.generation import GenerationQuerySet
from generation.providers.base import ProviderError
from generation.providers.description import Kind
from generation.providers.registry import deleter, kind_of, lister, of_kind


class Command(BaseCommand):
    help = "List the newest clips at a provider with the takes that know them, or delete one there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = ", ".join(of_kind(Kind.REMOTE))
        parser.add_argument("connection", help=f"{names}; with --team the name of one of its own")
        parser.add_argument("--team", help="whose own connection is meant")
        parser.add_argument(
            "--delete", metavar="CLIP", help="remove this clip at the provider; what is stored here stays"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            configured = connection_called(options["connection"], options["team"])
            if options["delete"]:
                self.delete(configured, options["delete"])
            else:
                self.show(clips_of(configured), as_json=options["json"])
        except Usage as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(Exit.USAGE)
        except ProviderError as error:
            sys.stderr.write(f"{error.message}\n")
            sys.exit(Exit.FAILED)

    def delete(self, configured: ResolvedConnection, clip_id: str) -> None:
        unfetched = takes_of(configured).filter(remote_id=clip_id, clip="").first()
        if unfetched:
            raise Usage(f"Take {unfetched.pk} still needs this clip: it is not stored here yet.")
        account = configured.account
        provider = deleter(configured.provider, account)
        if provider is None:
            raise Usage(f"{configured.name} cannot delete clips.")
        provider.delete(account, clip_id)
        self.stdout.write(f"{clip_id} is deleted at {configured.name}.")

    def show(self, rows: list[dict[str, Any]], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            take = f"take {row['take']}" if row["take"] else "no take knows it"
            self.stdout.write(
                f"{row['id']}  {row['created_at']}  {row['state']:9}  {row['model']}  {take}  {row['prompt'][:60]}"
            )
        if not rows:
            self.stdout.write("It has no clips.")


def connection_called(name: str, team: str | None) -> ResolvedConnection:
    """The environment's of that slug, or the team's own of that name, switched off or not. Raises Usage."""
    if team:
        own = Connection.live().filter(team=terminal.team_called(team))
        known = [(row.name, ResolvedConnection.from_row(row)) for row in own]
    else:
        known = sorted(read_environment().items())
    of_clips = [(called, one) for called, one in known if kind_of(one.provider) == Kind.REMOTE]
    for called, configured in of_clips:
        if called == name:
            return configured
    there = ", ".join(called for called, _ in of_clips) or "none; docs/providers.md says how to set one up"
    raise Usage(f"There is no connection {name} for clips. There are: {there}.")


def takes_of(configured: ResolvedConnection) -> GenerationQuerySet:
    return Generation.objects.filter(connection__slug=configured.slug)


def clips_of(configured: ResolvedConnection) -> list[dict[str, Any]]:
    """Newest first. Raises ProviderError, Usage where it cannot list."""
    account = configured.account
    provider = lister(configured.provider, account)
    if provider is None:
        raise Usage(f"{configured.name} cannot list its clips.")
    listed = provider.list_clips(account)
    known = dict(takes_of(configured).exclude(remote_id="").values_list("remote_id", "pk"))
    return [
        {
            "id": clip.id,
            "created_at": clip.created_at.isoformat(timespec="seconds"),
            "state": clip.state.value,
            "model": clip.model,
            "take": known.get(clip.id),
            "prompt": " ".join(clip.prompt.split()),
        }
        for clip in listed
    ]
