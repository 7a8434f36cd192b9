"""Commands that work on a data directory in which nothing was ever started."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection


class SelfPreparingCommand(BaseCommand):
    """Creates tables, the first team and its owner first, as script/server does; never migrates a database that is in use."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        if "django_migrations" not in connection.introspection.table_names():
            call_command("migrate", verbosity=0)
            call_command("setup", stdout=sys.stderr)
        return super().execute(*args, **options)
