from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from generation.models import Generation
from projects import presets, sample
from projects.models import Project, Reference, Scene
from teams.models import Role, Team, User

pytestmark = pytest.mark.django_db


def test_setup_creates_an_owner_a_team_and_the_sample_project(as_user: Callable[[User], Client]):
    call_command("setup", stdout=StringIO())
    owner, project = User.objects.get(), Project.objects.get()
    assert (owner.email, owner.memberships.get().role) == ("owner@localhost", Role.OWNER)
    assert (project.title, project.scenes.count(), Generation.objects.count()) == (sample.TITLE, 5, 2)
    frames = Reference.objects.filter(role=Reference.Role.START_FRAME).order_by("scene__position")
    assert [(frame.label, frame.width, frame.height) for frame in frames] == [
        (f"Illustration: {scene['title']}", 1280, 720) for scene in sample.SCENES
    ]
    assert "Generate missing" in as_user(owner).get(reverse("storyboard", args=[project.pk])).content.decode()


def test_setup_does_nothing_if_there_are_users(team: Team):
    call_command("setup", stdout=StringIO())
    assert (Team.objects.count(), Project.objects.count()) == (1, 0)


def test_imageai_owner_sets_the_first_owner(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IMAGEAI_OWNER", "Ada@Example.com")
    call_command("setup", stdout=StringIO())
    assert User.objects.get().email == "ada@example.com"


@pytest.mark.parametrize("fields", sample.SCENES, ids=lambda fields: fields["title"])
def test_the_sample_scenes_are_valid(fields: dict[str, object]):
    Scene(project=Project(team=Team(name="x"), title="x"), **fields).clean_fields(exclude=["project"])
    assert {"subject", "location", "time_of_day", "camera_move", "shot_type"} <= fields.keys()
    for name in presets.all_presets().keys() & fields.keys():
        assert fields[name] in dict(presets.choices(name))


def test_the_illustrations_are_small():
    pictures = sample.illustrations()
    assert len(pictures) == len(sample.SCENES)
    assert sum(picture.stat().st_size for picture in pictures) < 400_000
