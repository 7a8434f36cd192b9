"""Resolve takes whose status is unknown, from a terminal."""

from __future__ import annotations

from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from core.money import money
from core.numbers import MAX_ID, read_integer
from generation.management.arguments import UsageError
from generation.models import Generation
from generation.pipeline import resolve
from generation.providers.base import ProviderError
from generation.states import Status


class Command(BaseCommand):
    help = "List takes that need review, or resolve one. Until then, the estimated cost stays on hold."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "take", type=partial(read_integer, most=MAX_ID), nargs="?", help="the take's number, as listed"
        )
        answer = parser.add_mutually_exclusive_group()
        answer.add_argument("--check-again", action="store_true", help="look for the clip at the provider again")
        answer.add_argument("--use-clip", metavar="ID", help="use the clip with this ID at the provider")
        answer.add_argument("--accept", action="store_true", help="use the delivered clip as it is, and count its cost")
        answer.add_argument("--not-created", action="store_true", help="no charge, or refunded: release the hold")
        answer.add_argument("--charged", action="store_true", help="charged, no usable clip: count the cost as spent")

    def handle(self, *args: Any, **options: Any) -> None:
        takes = Generation.objects.filter(status=Status.UNKNOWN).select_related("scene__project", "connection")
        if options["take"] is None:
            for take in takes:
                price = money(take.estimated_cost)
                self.stdout.write(f"{take.pk}  {take.scene.project}: {take.scene}  {price}  {take.error_message}")
            return
        chosen = takes.filter(pk=options["take"]).first()
        if chosen is None:
            raise UsageError(f"Take {options['take']} doesn't need review.")
        try:
            self.stdout.write(self.resolve(chosen, options))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except ProviderError as error:
            raise CommandError(error.message) from error

    def resolve(self, take: Generation, options: dict[str, Any]) -> str:
        if options["check_again"]:
            if resolve.check_again(take):
                return "Clip found. The take continues."
            raise ValidationError("The provider has no matching clip, or cannot list its clips.")
        if options["use_clip"]:
            resolve.use_clip(take, options["use_clip"])
            return "The take continues with this clip."
        if options["accept"]:
            resolve.accept_clip(take)
            return f"Accepted as it is. {money(take.cost)} counted as spent."
        if options["not_created"]:
            resolve.mark_not_created(take)
            return f"Marked as not created. {money(take.estimated_cost)} hold released."
        if options["charged"]:
            resolve.mark_charged(take)
            return f"Charged, no clip. {money(take.estimated_cost)} counted as spent."
        raise ValidationError("Add --check-again, --use-clip ID, --accept, --not-created or --charged.")
