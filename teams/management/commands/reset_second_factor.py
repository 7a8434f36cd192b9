"""Remove a person's second factors, for somebody who has lost their phone and their recovery codes."""

import logging
from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from teams.models import User

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Remove a person's second factors and recovery codes; be sure that it is they who ask."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="whose")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError(f"There is nobody with the address {options['email']}.")
        found = Authenticator.objects.filter(user=user)
        names = ", ".join(str(one) for one in found.order_by("created_at"))
        if not names:
            self.stdout.write(f"{user.email} has no second factor.")
            return
        self.stdout.write(f"{user.email} has: {names}.")
        if not options["yes"] and input("Remove them all? Type yes: ").strip().lower() != "yes":
            raise CommandError("Nothing was removed.")
        with transaction.atomic():
            found.delete()
        logger.warning("The second factors of %s were removed by manage.py reset_second_factor: %s", user.email, names)
        self.stdout.write(
            f"Removed. {user.email} signs in without one, and can set up another on the page of the account."
        )
