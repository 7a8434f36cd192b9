import pytest
from django.db import OperationalError
from django.db.models.functions import Now
from django.test import Client

from generation.jobs.lease import Lease
from generation.models import Generation, Worker
from generation.states import Status
from imageai_web import health

pytestmark = pytest.mark.django_db


def test_healthz_needs_no_database(client: Client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")


def test_readyz_without_a_worker_503(client: Client):
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "ready": False,
        "database": "ok",
        "migrations": "ok",
        "storage": "ok",
        "worker": "no task executed in the last minute: remote, media",
    }


def test_readyz_with_a_worker_that_executed_a_task(client: Client):
    Worker.objects.create(name="here", remote_executed_at=Now(), media_executed_at=Now())
    response = client.get("/readyz")
    assert (response.status_code, response.json()["ready"]) == (200, True)


def test_a_worker_without_a_recent_task_does_not_count_503(client: Client):
    Worker.objects.create(
        name="here", remote_executed_at=Now() - Worker.ALIVE_FOR, media_executed_at=Now() - Worker.ALIVE_FOR
    )
    assert client.get("/readyz").status_code == 503


def test_a_running_render_counts_as_a_recent_task(client: Client, scene, make_take):
    take = make_take(scene, status=Status.RUNNING)
    worker = Worker.objects.create(name="here", remote_executed_at=Now())
    assert Lease.claim(take.pk, worker.pk)
    assert client.get("/readyz").json()["worker"] == "ok"
    Generation.objects.update(lease_expires_at=Now())
    assert client.get("/readyz").json()["worker"] == "no task executed in the last minute: media"


def test_readyz_asks_a_database_that_is_away_once(client: Client, monkeypatch: pytest.MonkeyPatch):
    def away() -> str:
        raise OperationalError

    asked = []
    monkeypatch.setattr(health, "_database", away)
    monkeypatch.setattr(health, "_migrations", lambda: asked.append("migrations"))
    monkeypatch.setattr(health, "_worker", lambda: asked.append("worker"))
    assert client.get("/readyz").json() == {
        "ready": False,
        "database": "OperationalError",
        "migrations": "unknown",
        "storage": "ok",
        "worker": "unknown",
    }
    assert asked == []


def test_readyz_reports_storage_that_cannot_be_written(client: Client, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "gone"
    assert client.get("/readyz").json()["storage"] == "FileNotFoundError"
