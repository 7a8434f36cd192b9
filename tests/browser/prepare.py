"""Fills the empty directory IMAGEAI_DATA as `script/server` would, with both takes of the sample finished.

Prints the path of an unused sign-in link and the owner's session cookie as JSON. One process does it all, because starting
the server and its workers costs more than the work.
"""

from __future__ import annotations

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imageai_web.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  after django.setup()
from django.db.models.functions import Now  # noqa: E402
from django.urls import reverse  # noqa: E402

from bench.installation import session_of  # noqa: E402
from generation import pipeline  # noqa: E402
from generation.models import Generation  # noqa: E402
from teams.models import SignInLink, User  # noqa: E402


def finish_takes() -> None:
    while active := list(Generation.objects.active().values_list("pk", flat=True)):
        Generation.objects.filter(pk__in=active).update(next_step_at=Now())
        for take in active:
            pipeline.advance(take)


def main() -> None:
    call_command("migrate", verbosity=0, stdout=sys.stderr)
    call_command("collectstatic", interactive=False, verbosity=0, stdout=sys.stderr)
    call_command("setup", stdout=sys.stderr)
    finish_takes()
    owner = User.objects.get()
    print(json.dumps({"sign_in": reverse("sign_in", args=[SignInLink.issue(owner)]), "session": session_of(owner)}))


if __name__ == "__main__":
    main()
