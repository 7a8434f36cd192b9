import re
from pathlib import Path

import pytest
from django.conf import settings

from generation.states import ACTIVE, FINAL, TRANSITIONS, Status, transitions_as_mermaid


def test_every_status_has_its_row():
    assert set(TRANSITIONS) == set(Status)


def test_what_is_final():
    assert {Status.COMPLETED, Status.FAILED, Status.CANCELLED} == FINAL


def test_unknown_waits_for_a_person():
    assert Status.UNKNOWN not in ACTIVE | FINAL


def test_a_submission_is_never_forgotten_and_sent_again_by_way_of_unknown():
    assert Status.QUEUED not in TRANSITIONS[Status.UNKNOWN]


@pytest.mark.parametrize("status", sorted(ACTIVE | {Status.UNKNOWN}))
def test_everything_can_come_to_an_end(status: Status):
    reached, frontier = {status}, {status}
    while frontier:
        frontier = {target for source in frontier for target in TRANSITIONS[source]} - reached
        reached |= frontier
    assert reached >= {Status.COMPLETED, Status.FAILED}


def test_the_picture_in_the_documentation_is_the_table():
    assert transitions_as_mermaid() in Path(settings.BASE_DIR, "docs", "pipeline.md").read_text()


def test_only_the_pipeline_changes_a_status():
    sources = [path for app in ("teams", "projects", "generation", "imageai_web") for path in Path(app).rglob("*.py")]
    asking = re.compile(r"filter|exclude|condition|default=|\bQ\(")
    writing = {
        f"{path}: {line.strip()}"
        for path in sources
        if "migrations" not in path.parts and Path("generation/pipeline") not in path.parents
        for line in path.read_text().splitlines()
        if "status=Status." in line and not asking.search(line)
    }
    assert writing == set()
