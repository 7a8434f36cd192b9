"""Run one django-q cluster, as a child of `manage.py work`.

Its standard input carries no data and ends when the parent dies: then the whole process group is killed, because an
orphan would have no watchdog.
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
from django.db import connections as django_connections
from django_q.cluster import Cluster

from generation.connections import read_environment
from generation.models import Connection as ProviderConnection
from generation.providers.description import Kind
from generation.providers.registry import find_kind, remote_provider


class Command(BaseCommand):
    help = "Run one queue. Started and supervised by “manage.py work”."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("queue", help="shown in the process list; Q_CLUSTER_NAME selects the queue")

    def handle(self, *args: Any, **options: Any) -> None:
        threading.Thread(target=self.die_with_parent, daemon=True).start()
        self.preload(options["queue"])
        Cluster().start()

    def preload(self, queue: str) -> None:
        # Load SDKs before the cluster forks: workers then share their memory.
        import_module("generation.tasks")
        if queue == "remote":
            of_teams = ProviderConnection.live().exclude(team=None).values_list("provider", flat=True)
            for provider in {*of_teams, *(resolved.provider for resolved in read_environment().values())}:
                if find_kind(provider) == Kind.REMOTE:
                    remote_provider(provider)
            django_connections.close_all()  # forked children must not share a connection
        gc.collect()
        gc.freeze()  # collecting writes to every object, which would copy the shared pages

    def die_with_parent(self) -> None:
        os.read(sys.stdin.fileno(), 1)  # sys.stdin.read() holds a lock that forked children would wait for
        os.killpg(os.getpgrp(), signal.SIGKILL)
