"""Remove a user's second factors, after they lost their phone and recovery codes."""

import logging
from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from teams.models import User

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Remove a user's second factors and recovery codes. Verify who is asking first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="e-mail address of the user")
        parser.add_argument("--yes", action="store_true", help="don't ask for confirmation")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError(f"No user has the e-mail address {options['email']}.")
        authenticators = Authenticator.objects.filter(user=user)
        names = ", ".join(str(authenticator) for authenticator in authenticators.order_by("created_at"))
        if not names:
            self.stdout.write(f"{user.email} has no second factor.")
            return
        self.stdout.write(f"{user.email} has: {names}.")
        if not options["yes"] and input("Remove them all? Type yes: ").strip().lower() != "yes":
            raise CommandError("Nothing was removed.")
        with transaction.atomic():
            authenticators.delete()
        logger.warning("The second factors of %s were removed by manage.py reset_second_factor: %s", user.email, names)
        self.stdout.write(f"Removed. {user.email} can sign in without one and set up another on the account page.")
