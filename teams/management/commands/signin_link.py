"""Print a one-time sign-in link, by default for the first owner.

With --add the user becomes a member first, so that an administrator can invite people without e-mail.
"""

import contextlib
import os
import time
from argparse import ArgumentParser
from functools import partial
from typing import Any

import requests
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.urls import reverse

from core.numbers import MAX_ID, read_integer
from teams import members
from teams.models import Membership, Role, SignInLink, Team, User


class Command(BaseCommand):
    help = "Print a sign-in link that works once, within 24 hours."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", nargs="?", help="e-mail address of the user (default: the first owner)")
        parser.add_argument(
            "--add", choices=Role.values, metavar="ROLE", help="first add the user to the team with this role"
        )
        parser.add_argument(
            "--team",
            type=partial(read_integer, most=MAX_ID),
            help="with --add: number of the team (default: the first)",
        )
        parser.add_argument("--base-url", default="http://127.0.0.1:8000")
        parser.add_argument("--when-ready", action="store_true", help="first wait until the server responds")

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
            raise CommandError(f"No user has the e-mail address {email}." if email else "No team has an owner yet.")
        return user

    def add_member(self, options: dict[str, Any]) -> User:
        if not options["email"]:
            raise CommandError("--add requires an e-mail address.")
        try:
            validate_email(options["email"])
        except ValidationError as error:
            raise CommandError(f"{options['email']} is not an e-mail address.") from error
        teams = Team.objects.order_by("pk")
        team = teams.filter(pk=options["team"]).first() if options["team"] else teams.first()
        if team is None:
            raise CommandError(f"There is no team {options['team']}." if options["team"] else "There is no team yet.")
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
            self.stderr.write(f"Changed {user.email} from {membership.role} to {role} in {team}.")
        return user

    def wait_for(self, url: str, seconds: float = 60) -> None:
        deadline, parent = time.monotonic() + seconds, os.getppid()
        while time.monotonic() < deadline:
            if os.getppid() != parent:
                raise SystemExit  # the server stopped before it was ready
            with contextlib.suppress(requests.RequestException):
                requests.get(url, timeout=2)
                return
            time.sleep(0.05)
        raise CommandError(f"{url} did not respond within {seconds:.0f} s.")
