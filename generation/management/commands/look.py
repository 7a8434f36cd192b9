"""Say what became of a take whose outcome nobody knows, from a terminal."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand

from core.money import money
from generation.management.terminal import Exit
from generation.models import Generation
from generation.pipeline import resolve
from generation.providers.base import ProviderError
from generation.states import Status


class Command(BaseCommand):
    help = "List takes that need a look, or answer for one of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("take", type=int, nargs="?", help="its number, as the list shows it")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--again", action="store_true", help="ask the provider once more")
        what.add_argument("--made", metavar="CLIP", help="it has this id at the provider")
        what.add_argument("--not-made", action="store_true", help="nothing was charged: release what was set aside")
        what.add_argument("--charged", action="store_true", help="it was charged and is lost")

    def handle(self, *args: Any, **options: Any) -> None:
        takes = Generation.objects.filter(status=Status.UNKNOWN).select_related("scene__project", "connection")
        if options["take"] is None:
            for one in takes:
                price = money(one.estimated_cost)
                self.stdout.write(f"{one.pk}  {one.scene.project}: {one.scene}  {price}  {one.error_message}")
            return
        take = takes.filter(pk=options["take"]).first()
        if take is None:
            sys.stderr.write(f"No take {options['take']} needs a look.\n")
            sys.exit(Exit.USAGE)
        try:
            self.stdout.write(self.answer(take, options))
        except (ValidationError, ProviderError) as error:
            sys.stderr.write(f"{' '.join(error.messages) if isinstance(error, ValidationError) else error.message}\n")
            sys.exit(Exit.FAILED)

    def answer(self, take: Generation, options: dict[str, Any]) -> str:
        if options["again"]:
            if resolve.look_again(take):
                return "It was found and goes on."
            raise ValidationError("The provider lists no such clip, or cannot list.")
        if options["made"]:
            resolve.was_made(take, options["made"])
            return "It goes on with that clip."
        if options["not_made"]:
            resolve.was_not_made(take)
            return "What was set aside for it is released."
        if options["charged"]:
            resolve.was_charged(take)
            return "It counts as spent."
        raise ValidationError("Say --again, --made CLIP, --not-made or --charged.")
