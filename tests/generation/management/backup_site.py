"""What the backup tests do inside an installation, each in a process of its own. Prints JSON."""

from __future__ import annotations

import hashlib
import io
import json

from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db.models.functions import Now

from bench.installation import session_of
from generation import catalogue, pipeline
from generation.models import Generation, LedgerEntry, Worker
from projects.models import Reference, Scene
from teams.models import Invitation, Role, SignInLink, Team, User


def fill() -> None:
    """One finished take, one that waits for Sora, and everything that a restore has to end."""
    call_command("setup", stdout=io.StringIO())
    owner, scene = User.objects.get(), Scene.objects.get(position=3)
    done = Generation.objects.order_by("pk")[0]
    Generation.objects.exclude(pk=done.pk).delete()
    Generation.objects.update(width=320, height=180, duration=1, fps=24)
    pipeline.advance(done.pk)
    pipeline.enqueue(scene, number=1, member=owner, model=catalogue.all_models()["sora-2"])
    Worker.objects.create(name="gone")
    SignInLink.issue(owner)
    session_of(owner)
    Invitation.objects.create(team=Team.objects.get(), email="bob@example.com", role=Role.EDITOR, token_hash="x")


def advance() -> None:
    """One step of the take that waits for Sora."""
    take = Generation.objects.order_by("pk").last()
    assert take
    Generation.objects.filter(pk=take.pk).update(next_step_at=Now())
    pipeline.advance(take.pk)


def describe() -> None:
    takes = list(Generation.objects.order_by("pk"))
    with takes[0].clip.open("rb") as clip:
        digest = hashlib.sha256(clip.read()).hexdigest()
    print(
        json.dumps(
            {
                "takes": [[take.status, take.remote_id] for take in takes],
                "clip": digest,
                "references": [default_storage.exists(row.image.name) for row in Reference.objects.all()],
                "reserved": str(sum(entry.reserved for entry in LedgerEntry.objects.all())),
                "sessions": Session.objects.count(),
                "links": SignInLink.objects.count(),
                "invitations": Invitation.objects.open().count(),
                "workers": Worker.objects.count(),
                "members": list(User.objects.values_list("email", flat=True)),
            }
        )
    )
