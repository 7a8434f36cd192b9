"""Write a backup of the installation, which may be running or stopped."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import secrets
from core.database_copies import CopyFailed
from core.plurals import count_noun
from generation.management import backups
from generation.management.arguments import UsageError


class Command(BaseCommand):
    help = "Write database and media to a new directory; “manage.py restore” reads it. The installation may be running."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("to", type=Path, metavar="TO", help="a directory that does not exist yet")
        parser.add_argument(
            "--keys", type=Path, metavar="DIR", help="another new directory, for the keys that decrypt stored secrets"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        to, keys = options["to"].resolve(), options["keys"] and options["keys"].resolve()
        for path in filter(None, (to, keys)):
            if path.exists():
                raise UsageError(f"{path} exists already. Give a new directory.")
        if keys and keys.is_relative_to(to):
            raise UsageError("Keep the keys apart from the backup: --keys must be another directory.")
        if keys and secrets.uses_environment_keys():
            raise UsageError("The keys are in IMAGEAI_SECRET_KEYS. Back them up with the rest of the environment.")
        try:
            about = backups.back_up(to, keys)
        except (CopyFailed, OSError) as error:
            raise CommandError(f"No backup was written. {error}") from error
        size = f"{count_noun(about.takes, 'take')}, {count_noun(about.files, 'file')}, {about.bytes / 1e6:.1f} MB"
        self.stdout.write(f"Backup written to {to}: {size}.")
        if not keys:
            self.stdout.write(
                "The keys that decrypt stored secrets are not in it. Back them up apart, with --keys or by yourself."
            )
