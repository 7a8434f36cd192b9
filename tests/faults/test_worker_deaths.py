"""SIGKILL at each moment of a paid take: charged once at most, and the clip arrives or a person is asked."""

from __future__ import annotations

import time

import pytest

from tests.faults.live_system import Workshop, eventually
from tests.standin import Fault

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300), pytest.mark.xdist_group("faults")]
LONG = 300.0


@pytest.mark.database
def test_before_anything_was_sent_a_person_is_asked(workshop: Workshop):
    """Nobody can tell that it was not sent: what is set aside stays so until somebody says."""
    workshop.work()
    armed = workshop.arm("before-post")
    (take,) = workshop.start_takes()
    eventually(lambda: not armed.exists(), 20)
    assert workshop.status(take) == "submitting"
    workshop.inside.let_leases_run_out()
    row = workshop.until(take, "unknown")
    assert "The provider did not confirm this clip" in row["error_message"]
    assert (workshop.state.calls("sora.create"), workshop.violations()) == ([], [])
    workshop.inside.mark_not_created(take=take)
    assert (workshop.status(take), workshop.violations()) == ("failed", [])


@pytest.mark.database
@pytest.mark.parametrize("who", ["the process that sent it", "everything"])
def test_accepted_and_the_answer_lost_it_is_found_and_adopted(workshop: Workshop, who: str):
    workshop.state.fail("sora.create", Fault(late=LONG))
    workshop.work()
    before = len(workshop.state.charges)
    (take,) = workshop.start_takes()
    sent = workshop.arrival("sora.create")
    eventually(lambda: len(workshop.state.charges) == before + 1, 5)
    if who == "everything":
        workshop.kill_work()
        workshop.work()
    else:
        workshop.process_behind(sent).kill()
    assert workshop.status(take) == "submitting"
    workshop.inside.let_leases_run_out()
    workshop.until(take, "completed")
    assert (len(workshop.state.calls("sora.create")), workshop.violations()) == (1, [])


def test_after_the_id_was_saved(workshop: Workshop):
    workshop.work()
    (take,) = workshop.start_takes()
    row = workshop.until(take, "running")
    workshop.kill_work()
    assert row["remote_id"] == workshop.state.charges[-1].clip_id
    workshop.work()
    workshop.until(take, "completed")
    assert (len(workshop.state.calls("sora.create")), workshop.violations()) == (1, [])


def test_while_it_is_asked_about(workshop: Workshop):
    workshop.state.fail("sora.get", Fault(wait=LONG))
    workshop.work()
    (take,) = workshop.start_takes()
    workshop.process_behind(workshop.arrival("sora.get")).kill()
    assert workshop.status(take) == "running"
    workshop.inside.let_leases_run_out()
    workshop.until(take, "completed")
    assert workshop.violations() == []


def test_in_the_middle_of_the_download(workshop: Workshop):
    workshop.state.fail("sora.content", Fault(drip=True))
    workshop.work()
    (take,) = workshop.start_takes()
    downloading = workshop.arrival("sora.content")
    eventually(lambda: any(workshop.scratch().glob(f"{take}-*.mp4")), 10)
    workshop.process_behind(downloading).kill()
    row = workshop.until(take, "completed")
    assert (row["attempt"], workshop.violations()) == (2, [])


def test_between_the_file_and_its_row(workshop: Workshop):
    workshop.work()
    armed = workshop.arm("after-file")
    (take,) = workshop.start_takes()
    clip = workshop.installation.data / "media" / "takes" / str(take) / "clip.mp4"
    eventually(lambda: not armed.exists(), 20)
    assert (clip.is_file(), workshop.take(take)["clip"]) == (True, "")
    workshop.until(take, "completed")
    assert workshop.violations() == []


def test_accepted_where_nothing_can_be_listed_a_person_decides(workshop: Workshop):
    """It is never sent again, whatever time goes by; the person pastes the clip's id."""
    workshop.state.fail("sora.create", Fault(late=LONG))
    workshop.work(SORA_PRESET="other")
    (take,) = workshop.start_takes()
    sent = workshop.arrival("sora.create")
    eventually(lambda: workshop.state.booked() != [], 5)
    workshop.process_behind(sent).kill()
    workshop.inside.let_leases_run_out()
    workshop.until(take, "unknown")
    time.sleep(2)
    assert (workshop.status(take), len(workshop.state.calls("sora.create"))) == ("unknown", 1)
    assert workshop.violations() == []
    workshop.inside.use_clip(take=take, remote_id=workshop.state.charges[-1].clip_id)
    workshop.until(take, "completed")
    assert workshop.violations() == []
