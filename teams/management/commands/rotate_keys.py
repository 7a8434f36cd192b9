"""Change the key that secrets are encrypted with, while everything runs."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from core import secrets
from core.secrets import Unreadable


class Command(BaseCommand):
    help = "Encrypt every stored secret anew with a new key. It may be stopped and run again; old keys stay until --drop-old."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--drop-old", action="store_true", help="remove the keys that nothing needs any more")
        parser.add_argument("--go-on", action="store_true", help="add no key: finish a run that was stopped")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = self.drop_old() if options["drop_old"] else self.rotate(add=not options["go_on"])
        except Unreadable as error:
            self.stderr.write(str(error))
            done = False
        sys.exit(0 if done else 1)

    def rotate(self, *, add: bool) -> bool:
        """Whether the first key opens everything now."""
        if add and not secrets.are_of_environment():
            secrets.add_key()
            self.stdout.write("There is a new key.")
        elif add:
            self.stdout.write("The keys are those of IMAGEAI_SECRET_KEYS: put a new one first there beforehand.")
        anew, lost = reseal_all()
        self.stdout.write(f"{anew} secrets are encrypted with the first key now.")
        if lost:
            self.stderr.write(f"{lost} could not be read; “manage.py doctor” names them.")
        return not lost

    def drop_old(self) -> bool:
        if needing := sum(not secrets.is_current(token) for place in secrets.places() for _, token in place.tokens()):
            self.stderr.write(f"{needing} secrets still need an old key. Run it without --drop-old first.")
            return False
        if secrets.are_of_environment():
            self.stdout.write("Nothing needs the old keys of IMAGEAI_SECRET_KEYS any more: leave only the first there.")
        else:
            self.stdout.write(f"{secrets.drop_old_keys()} old keys are removed.")
        return True


def reseal_all() -> tuple[int, int]:
    """How many were encrypted anew, and how many cannot be read; each row by itself, so that nothing waits for it."""
    anew = lost = 0
    for place in secrets.places():
        for pk, token in place.tokens():
            if secrets.is_current(token):
                continue
            try:
                anew += place.replace(pk, token, secrets.seal(secrets.unseal(token)))
            except Unreadable:
                lost += 1
    return anew, lost
