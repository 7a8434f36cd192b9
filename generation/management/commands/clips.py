"""List or delete clips that a provider stores for a connection. For administrators: it ignores membership."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from generation.connections import ResolvedConnection, read_environment
from generation.management.arguments import UsageError, find_team
from generation.models import Connection, Generation
from generation.models.generation import GenerationQuerySet
from generation.providers.base import ProviderError
from generation.providers.description import Kind
from generation.providers.registry import deleter, find_kind, lister, providers_of_kind


class Command(BaseCommand):
    help = "List the newest clips stored at a provider and the takes they belong to, or delete one there."

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = ", ".join(providers_of_kind(Kind.REMOTE))
        parser.add_argument("connection", help=f"{names}; with --team, the name of a team connection")
        parser.add_argument("--team", help="use a connection of this team")
        parser.add_argument("--delete", metavar="CLIP", help="delete this clip at the provider; stored files are kept")
        parser.add_argument("--json", action="store_true", help="print the list as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            connection = find_connection(options["connection"], options["team"])
            if options["delete"]:
                self.delete(connection, options["delete"])
            else:
                self.show(list_clips(connection), as_json=options["json"])
        except ProviderError as error:
            raise CommandError(error.message) from error

    def delete(self, connection: ResolvedConnection, clip_id: str) -> None:
        take = find_takes(connection).filter(remote_id=clip_id, clip="").first()
        if take:
            raise UsageError(f"Take {take.pk} hasn't downloaded this clip yet. Nothing was deleted.")
        account = connection.account
        provider = deleter(connection.provider, account)
        if provider is None:
            raise UsageError(f"{connection.name} doesn't support deleting clips.")
        provider.delete(account, clip_id)
        self.stdout.write(f"Deleted {clip_id} at {connection.name}.")

    def show(self, rows: list[dict[str, Any]], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            take = f"take {row['take']}" if row["take"] else "no take"
            self.stdout.write(
                f"{row['id']}  {row['created_at']}  {row['state']:9}  {row['model']}  {take}  {row['prompt'][:60]}"
            )
        if not rows:
            self.stdout.write("No clips.")


def find_connection(name: str, team: str | None) -> ResolvedConnection:
    """Find a server connection by its slug or a team connection by its name, active or not. Raises UsageError."""
    if team:
        rows = Connection.live().filter(team=find_team(team))
        known = [(row.name, ResolvedConnection.from_row(row)) for row in rows]
    else:
        known = sorted(read_environment().items())
    connections_by_name = {label: each for label, each in known if find_kind(each.provider) == Kind.REMOTE}
    if name not in connections_by_name:
        available = f"Available: {', '.join(connections_by_name)}." if connections_by_name else "See docs/providers.md."
        raise UsageError(f"No video connection is called {name}. {available}")
    return connections_by_name[name]


def find_takes(connection: ResolvedConnection) -> GenerationQuerySet:
    return Generation.objects.filter(connection__slug=connection.slug)


def list_clips(connection: ResolvedConnection) -> list[dict[str, Any]]:
    """Newest first. Raises ProviderError, or UsageError if the provider cannot list clips."""
    account = connection.account
    provider = lister(connection.provider, account)
    if provider is None:
        raise UsageError(f"{connection.name} doesn't support listing clips.")
    listed = provider.list_clips(account)
    takes = dict(find_takes(connection).exclude(remote_id="").values_list("remote_id", "pk"))
    return [
        {
            "id": clip.id,
            "created_at": clip.created_at.isoformat(timespec="seconds"),
            "state": clip.state.value,
            "model": clip.model,
            "take": takes.get(clip.id),
            "prompt": " ".join(clip.prompt.split()),
        }
        for clip in listed
    ]
