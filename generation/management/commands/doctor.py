"""Look for what should not be, and with --fix mend what can be mended without a person."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from generation.management import doctor


class Command(BaseCommand):
    help = "Examine rows, ledger, files and disk. Exit code 1 where something is left to do."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fix", action="store_true", help="mend what can be mended without a person")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(doctor.counts())
        left = 0
        for finding in list(doctor.examine()):
            if finding.repair and options["fix"]:
                finding.repair()
                self.stdout.write(f"mended: {finding.what}")
            else:
                left += 1
                self.stdout.write(f"{'can be mended (--fix)' if finding.repair else 'to do'}: {finding.what}")
        if not left:
            self.stdout.write("All is well.")
        sys.exit(1 if left else 0)
