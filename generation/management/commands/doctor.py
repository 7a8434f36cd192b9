"""Report problems of the installation, and repair those that need no decision."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from generation.management import doctor


class Command(BaseCommand):
    help = "Check configuration, workers, takes, ledger, files and disk. Exits with 1 if problems remain."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fix", action="store_true", help="repair the problems that need no decision")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(doctor.counts())
        left = 0
        for finding in list(doctor.examine()):
            if finding.repair and options["fix"]:
                finding.repair()
                self.stdout.write(f"Repaired: {finding.what}")
            else:
                left += 1
                self.stdout.write(f"{'Repair with --fix' if finding.repair else 'Needs attention'}: {finding.what}")
        if not left:
            self.stdout.write("No problems found.")
        sys.exit(1 if left else 0)
