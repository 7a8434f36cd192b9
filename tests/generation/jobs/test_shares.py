"""A team's own servers hold a share of the workers, however slow they are."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models.functions import Now
from django_q.models import OrmQ

from generation.jobs import dispatch
from generation.models import Connection, Generation, ImageJob, Worker
from generation.states import Status
from projects.models import Project, Scene
from teams.models import Team, User

pytestmark = pytest.mark.django_db
MakeTake = Callable[..., Generation]


def queued(queue: str) -> list[Any]:
    """The arguments of the tasks that wait in a queue, in order."""
    return [row.task["args"][0] for row in OrmQ.objects.filter(key=queue).order_by("pk")]


@pytest.fixture
def own(team: Team) -> Connection:
    return Connection.objects.create(team=team, provider="sora", name="Ours", max_in_flight=100)


@pytest.fixture
def operators() -> Connection:
    return Connection.objects.create(slug="sora", provider="sora", name="Everyone's", max_in_flight=100)


@pytest.fixture
def take_at(make_scenes: Callable[..., list[Scene]], make_take: MakeTake) -> Callable[..., Generation]:
    def make(connection: Connection, status: Status, **fields: Any) -> Generation:
        return make_take(
            make_scenes(1)[0], provider="sora", connection=connection, model_id="sora-2", status=status, **fields
        )

    return make


@pytest.fixture
def another_teams(alice: User, make_take: MakeTake) -> Generation:
    """A local take of another team, which waits for a worker."""
    other = Team.objects.create(name="Other")
    project = Project.objects.create(team=other, title="Theirs", created_by=alice)
    return make_take(Scene.objects.create(project=project, position=1, title="Theirs", duration=Decimal(1)))


def test_downloads_from_a_teams_server_leave_workers_to_others(take_at, own: Connection, another_teams: Generation):
    Worker.objects.create(name="here", media_workers=4)
    clips = [take_at(own, Status.FETCHING) for _ in range(6)]
    dispatch.dispatch_due()
    assert queued("media") == [clips[0].pk, another_teams.pk]


def test_the_next_download_follows_when_the_first_has_ended(take_at, own: Connection):
    Worker.objects.create(name="here", media_workers=4)
    first, second = take_at(own, Status.FETCHING), take_at(own, Status.FETCHING)
    dispatch.dispatch_due()
    assert dispatch.dispatch_due() == 0
    Generation.objects.filter(pk=first.pk).update(status=Status.CANCELLED)
    dispatch.dispatch_due()
    assert queued("media") == [first.pk, second.pk]


def test_downloads_from_the_operators_servers_have_no_share(take_at, operators: Connection):
    Worker.objects.create(name="here", media_workers=4)
    clips = [take_at(operators, Status.FETCHING) for _ in range(6)]
    dispatch.dispatch_due()
    assert queued("media") == [clip.pk for clip in clips[:4]]


def test_images_from_a_teams_server_count_with_its_downloads(take_at, own: Connection, project: Project, alice: User):
    Worker.objects.create(name="here", media_workers=4)
    common: dict[str, Any] = {"project": project, "role": "reference", "provider": "openai_images", "created_by": alice}
    common |= {"model_id": "gpt-image-2", "estimated_cost": Decimal(0), "connection": own, "prompt": "x"}
    first, _ = (ImageJob.objects.create(**common) for _ in range(2))
    take_at(own, Status.FETCHING)
    dispatch.dispatch_due()
    assert queued("media") == [first.pk]


def test_submissions_to_a_teams_server_leave_workers_to_others(
    take_at, own: Connection, operators: Connection, settings: Any
):
    ours = [take_at(own, Status.QUEUED) for _ in range(4)]
    others = [take_at(operators, Status.QUEUED) for _ in range(3)]
    dispatch.dispatch_due()
    assert sorted(queued("remote")) == sorted([ours[0].pk, *(take.pk for take in others)])


def test_polls_of_a_teams_server_are_one_batch_at_a_time(take_at, own: Connection, operators: Connection):
    ours = [take_at(own, Status.RUNNING, remote_id=str(number)) for number in range(2)]
    others = take_at(operators, Status.RUNNING, remote_id="x")
    dispatch.dispatch_polls()
    assert sorted(queued("remote"), key=len) == [[others.pk], [take.pk for take in ours]]
    late = take_at(own, Status.RUNNING, remote_id="late")
    Generation.objects.filter(pk=ours[0].pk).update(
        handed_over_at=None, lease_token=uuid.uuid4(), lease_expires_at=Now() + timedelta(seconds=60)
    )
    assert dispatch.dispatch_polls() == 0
    Generation.objects.filter(connection=own).update(lease_expires_at=None, lease_token=None, handed_over_at=None)
    dispatch.dispatch_polls()
    assert late.pk in queued("remote")[-1]


def test_a_slow_submission_does_not_delay_the_teams_polls(take_at, own: Connection):
    sending = take_at(own, Status.SUBMITTING, lease_expires_at=Now() + timedelta(seconds=60), lease_token=uuid.uuid4())
    polled = take_at(own, Status.RUNNING, remote_id="x")
    take_at(own, Status.QUEUED)
    dispatch.dispatch_due()
    assert queued("remote") == [[polled.pk]]
    assert sending.pk not in queued("remote")
