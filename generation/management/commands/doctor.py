"""Report problems of the installation, and repair those that need no decision."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from generation.management import doctor
from generation.management.fresh import SelfPreparingCommand


class Command(SelfPreparingCommand):
    help = "Check configuration, workers, takes, ledger, files and disk. Exits with 1 if problems remain."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fix", action="store_true", help="repair the problems that need no decision")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(doctor.counts())
        remaining = 0
        for finding in list(doctor.examine()):
            if finding.repair and options["fix"]:
                finding.repair()
                self.stdout.write(f"Repaired: {finding.message}")
            else:
                remaining += 1
                label = "Repair with --fix" if finding.repair else "Needs attention"
                self.stdout.write(f"{label}: {finding.message}")
        if not remaining:
            self.stdout.write("No problems found.")
        sys.exit(1 if remaining else 0)
