"""One django-q cluster, as a child of `manage.py work`.

It reads standard input, on which nothing ever comes: when that ends, its parent is dead, and the whole process group goes
with it, instead of living on as an orphan that nobody watches.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connections
from django_q.cluster import Cluster

from generation.connections import read_environment
from generation.models import Connection as ProviderConnection
from generation.providers.description import Kind
from generation.providers.registry import kind_of, remote_provider


class Command(BaseCommand):
    help = "Run one queue; started by `manage.py work`, which watches over it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("queue", help="for the process list; the queue itself is set by Q_CLUSTER_NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        threading.Thread(target=self.die_with_parent, daemon=True).start()
        self.load_what_workers_share(options["queue"])
        Cluster().start()

    def load_what_workers_share(self, queue: str) -> None:
        """Before the cluster forks: an SDK that is loaded here is in memory once and not once per worker."""
        import_module("generation.tasks")
        if queue == "remote":
            own = ProviderConnection.live().exclude(team=None).values_list("provider", flat=True)
            for provider in {*own, *(resolved.provider for resolved in read_environment().values())}:
                if kind_of(provider) == Kind.REMOTE:
                    remote_provider(provider)
            connections.close_all()  # a forked child must not share it
        gc.collect()
        gc.freeze()  # the collector writes to every object it looks at, which would copy the shared pages

    def die_with_parent(self) -> None:
        os.read(sys.stdin.fileno(), 1)  # not sys.stdin.read(): forked children would wait for its lock for ever
        os.killpg(os.getpgrp(), signal.SIGKILL)
