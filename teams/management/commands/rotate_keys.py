"""Change the encryption key of stored secrets while the installation runs."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from core import secrets
from core.plurals import count_noun
from core.secrets import Unreadable


class Command(BaseCommand):
    help = "Re-encrypt every stored secret with a new key. Safe to interrupt; old keys are kept until --drop-old."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--drop-old", action="store_true", help="remove keys that are no longer used")
        parser.add_argument(
            "--continue", dest="resume", action="store_true", help="finish an interrupted run, without adding a key"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = self.drop_old() if options["drop_old"] else self.rotate(add=not options["resume"])
        except Unreadable as error:
            self.stderr.write(str(error))
            done = False
        sys.exit(0 if done else 1)

    def rotate(self, *, add: bool) -> bool:
        # Whether the first key now decrypts every secret.
        if add and not secrets.uses_environment_keys():
            secrets.add_key()
            self.stdout.write("Added a new key.")
        elif add:
            self.stdout.write(
                "Using the first key of IMAGEAI_SECRET_KEYS. To rotate, put a new key first before running this."
            )
        resealed, unreadable = reseal_all()
        self.stdout.write(f"Re-encrypted {count_noun(resealed, 'secret')} with the first key.")
        if unreadable:
            self.stderr.write(f"Can't decrypt {count_noun(unreadable, 'secret')}. Run “manage.py doctor” for the list.")
        return not unreadable

    def drop_old(self) -> bool:
        tokens = (token for store in secrets.find_stores() for _, token in store.tokens())
        if outdated := sum(not secrets.is_current(token) for token in tokens):
            self.stderr.write(
                f"Still encrypted with an old key: {count_noun(outdated, 'secret')}. Run without --drop-old first."
            )
            return False
        if secrets.uses_environment_keys():
            self.stdout.write("The old keys of IMAGEAI_SECRET_KEYS are no longer used. Keep only the first.")
        else:
            self.stdout.write(f"Removed {count_noun(secrets.drop_old_keys(), 'old key')}.")
        return True


def reseal_all() -> tuple[int, int]:
    # The numbers of re-encrypted and of unreadable secrets. Each row has its own transaction, so that no lock lasts.
    resealed = unreadable = 0
    for store in secrets.find_stores():
        for pk, token in store.tokens():
            if secrets.is_current(token):
                continue
            try:
                resealed += store.replace(pk, token, secrets.seal(secrets.unseal(token)))
            except Unreadable:
                unreadable += 1
    return resealed, unreadable
