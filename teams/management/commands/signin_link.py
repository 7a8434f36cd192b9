"""Print a one-time sign-in link; for the installation's first owner unless told otherwise.

With --add the person is made a member first, so an operator can let someone in without e-mail.
"""

import contextlib
import os
import time
from argparse import ArgumentParser
from typing import Any

import requests
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.urls import reverse

from teams import members
from teams.models import Membership, Role, SignInLink, Team, User


class Command(BaseCommand):
    help = "Print a link that signs one person in, once, within 24 hours."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", nargs="?", help="whose link; default: the first owner")
        parser.add_argument(
            "--add", choices=Role.values, metavar="ROLE", help="make them a member with this role first"
        )
        parser.add_argument("--team", type=int, help="with --add: the team's number; default: the first team")
        parser.add_argument("--base-url", default="http://127.0.0.1:8000")
        parser.add_argument("--when-ready", action="store_true", help="wait until the server answers")

    def handle(self, *args: Any, **options: Any) -> None:
        user = self.add_member(options) if options["add"] else self.find_person(options["email"])
        if options["when_ready"]:
            self.wait_for(options["base_url"] + reverse("healthz"))
        path = reverse("sign_in", args=[SignInLink.issue(user)])
        self.stdout.write(f"Sign in: {options['base_url']}{path}")

    def find_person(self, email: str | None) -> User:
        people = User.objects.filter(is_active=True)
        if email:
            user = people.filter(email=email.lower()).first()
        else:
            user = people.filter(memberships__role=Role.OWNER).order_by("pk").first()
        if user is None:
            raise CommandError(f"There is nobody with the address {email}." if email else "There is no owner yet.")
        return user

    def add_member(self, options: dict[str, Any]) -> User:
        if not options["email"]:
            raise CommandError("--add needs the person's e-mail address.")
        try:
            validate_email(options["email"])
        except ValidationError as error:
            raise CommandError(f"{options['email']} is not an e-mail address.") from error
        teams = Team.objects.order_by("pk")
        team = teams.filter(pk=options["team"]).first() if options["team"] else teams.first()
        if team is None:
            raise CommandError("There is no such team.")
        user = User.objects.filter(email=options["email"].lower()).first() or User.objects.create_user(options["email"])
        role = Role(options["add"])
        if members.join(team.pk, user, role):
            return user
        membership = Membership.objects.select_related("user").get(team=team, user=user)
        if membership.role != role:
            try:
                members.change_role(membership, role, None)
            except ValidationError as error:
                raise CommandError(" ".join(error.messages)) from error
            self.stderr.write(f"{user.email} was {membership.role} of {team} and is {role} now.")
        return user

    def wait_for(self, url: str, seconds: float = 60) -> None:
        deadline, parent = time.monotonic() + seconds, os.getppid()
        while time.monotonic() < deadline:
            if os.getppid() != parent:
                raise SystemExit  # the server was stopped before it was ready
            with contextlib.suppress(requests.RequestException):
                requests.get(url, timeout=2)
                return
            time.sleep(0.05)
        raise CommandError(f"{url} did not answer within {seconds:.0f} s.")
