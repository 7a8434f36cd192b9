import re
from pathlib import Path

import pytest
from django.conf import settings

from generation.states import ACTIVE, FINAL, TRANSITIONS, Status, describe_slots, transitions_as_mermaid


def test_every_status_has_transitions():
    assert set(TRANSITIONS) == set(Status)


def test_done_failed_and_cancelled_are_final():
    assert {Status.COMPLETED, Status.FAILED, Status.CANCELLED} == FINAL


def test_unknown_is_neither_active_nor_final():
    assert Status.UNKNOWN not in ACTIVE | FINAL


def test_unknown_never_returns_to_queued():
    assert Status.QUEUED not in TRANSITIONS[Status.UNKNOWN]


@pytest.mark.parametrize("status", sorted(ACTIVE | {Status.UNKNOWN}))
def test_every_open_status_can_reach_done_and_failed(status: Status):
    reached, frontier = {status}, {status}
    while frontier:
        frontier = {target for source in frontier for target in TRANSITIONS[source]} - reached
        reached |= frontier
    assert reached >= {Status.COMPLETED, Status.FAILED}


def test_the_diagram_in_the_docs_matches_the_transitions():
    assert transitions_as_mermaid() in Path(settings.BASE_DIR, "docs", "pipeline.md").read_text()


def test_only_the_pipeline_writes_a_status():
    sources = [path for app in ("teams", "projects", "generation", "imageai_web") for path in Path(app).rglob("*.py")]
    reading = re.compile(r"filter|exclude|condition|default=|\bQ\(")
    writes = {
        f"{path}: {line.strip()}"
        for path in sources
        if "migrations" not in path.parts and Path("generation/pipeline") not in path.parents
        for line in path.read_text().splitlines()
        if "status=Status." in line and not reading.search(line)
    }
    assert writes == set()


@pytest.mark.parametrize(
    ("running", "limit", "text"), [(0, 2, "0 of 2 running"), (2, 2, "2 of 2 running"), (7, 2, "7 running, limit 2")]
)
def test_slots_never_read_as_more_than_there_are(running: int, limit: int, text: str):
    assert describe_slots(running, limit) == text
