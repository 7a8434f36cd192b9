"""Prepare a new installation: the first team, its owner and the sample project."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from generation import catalogue, pipeline
from generation.models import with_takes
from projects import sample
from projects.models import Scene
from teams import members
from teams.models import User

SCENES_WITH_TAKES = 2


class Command(BaseCommand):
    help = "Create the first team, its owner and the sample project. Does nothing if there are users already."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            return
        owner = User.objects.create_user(os.environ.get("IMAGEAI_OWNER", "owner@localhost"))
        team = members.create_team("My team", owner)
        project = sample.create_sample_project(team, owner)
        for scene in with_takes(Scene.objects.filter(project=project))[:SCENES_WITH_TAKES]:
            pipeline.enqueue(scene, number=1, member=owner, model=catalogue.default_video_model())
        self.stdout.write(f"Created {team} for {owner}, with the sample project “{project}”.")
