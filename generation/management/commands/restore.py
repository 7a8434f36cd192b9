"""Restore a backup into an empty data directory and an empty database."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import secrets
from core.database_copies import CopyFailed
from core.plurals import count_noun
from generation.management import backups
from generation.management.arguments import UsageError


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty data directory and database, with web and work stopped. Ends all sessions, sign-in "
        "links and invitations, and lists clips at providers that the backup doesn't know."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, metavar="FROM", help="a directory that “manage.py backup” has written")
        parser.add_argument("--keys", type=Path, metavar="DIR", help="the directory that backup --keys has written")

    def handle(self, *args: Any, **options: Any) -> None:
        source, keys = options["source"], options["keys"]
        if keys and not (keys / backups.KEY_FILE).is_file():
            raise UsageError(f"{keys} has no file {backups.KEY_FILE}.")
        if obstacles := list(backups.find_obstacles()):
            raise UsageError(" ".join(obstacles))
        try:
            about = backups.read_about(source)
            outcome = backups.restore(source, about, keys)
        except (CopyFailed, OSError, ValueError) as error:
            raise CommandError(f"Nothing was restored. {error}") from error
        since = datetime.fromisoformat(about.created_at)
        self.stdout.write(
            f"Restored the backup of {since:%-d %B %Y, %H:%M} UTC: {count_noun(about.takes, 'take')}, "
            f"{count_noun(about.files, 'file')}. All members have to sign in again: “manage.py signin_link” prints a link."
        )
        self.report(since, outcome.continued, outcome.looked_up)

    def report(self, since: datetime, continued: int, looked_up: int) -> None:
        if continued:
            self.stdout.write(f"In progress at the time of the backup, and continued: {continued}.")
        if looked_up:
            self.stdout.write(
                f"Waiting to be sent at the time of the backup: {looked_up}. Nothing is sent again; each is looked up at its "
                f"provider, or needs review on the queue page."
            )
        if unreadable := list(secrets.find_unreadable()):
            self.stdout.write(f"Stored secrets that no key of this server decrypts: {len(unreadable)}. See --keys.")
        unknown = list(backups.find_unknown_clips(since, self.stdout.write))
        for name, clip in unknown:
            self.stdout.write(
                f"Unknown to the backup: {clip.id} at {name}, {clip.model}, {clip.created_at:%-d %B, %H:%M} UTC."
            )
        if unknown:
            self.stdout.write(
                f"{count_noun(len(unknown), 'clip')} made after the backup may have been paid for. “manage.py resolve” uses "
                f"one for a take that needs review."
            )
        self.stdout.write("Members, roles and keys are as of the backup: check who has left since.")
