"""SIGKILL at each moment of a paid take: charged at most once, and the clip arrives or a person decides."""

from __future__ import annotations

import time

import pytest

from tests.faults.live_system import LiveSystem, wait_until
from tests.standin import Fault

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300), pytest.mark.xdist_group("faults")]
LONG = 300.0


@pytest.mark.database
def test_killed_before_the_request_the_take_needs_review(live_system: LiveSystem):
    """The row cannot tell that nothing was sent: the hold stays until a person decides."""
    live_system.start_worker()
    armed = live_system.arm("before-request")
    (take,) = live_system.start_takes()
    wait_until(lambda: not armed.exists(), 20)
    assert live_system.status(take) == "submitting"
    live_system.agent.expire_leases()
    row = live_system.wait_for(take, "unknown")
    assert "The provider did not confirm this clip" in row["error_message"]
    assert (live_system.state.calls("sora.create"), live_system.find_violations()) == ([], [])
    live_system.agent.mark_not_created(take=take)
    assert (live_system.status(take), live_system.find_violations()) == ("failed", [])


@pytest.mark.database
@pytest.mark.parametrize("victim", ["the sending process", "everything"])
def test_killed_before_the_answer_the_clip_is_found_and_adopted(live_system: LiveSystem, victim: str):
    live_system.state.fail("sora.create", Fault(late=LONG))
    live_system.start_worker()
    before = len(live_system.state.charges)
    (take,) = live_system.start_takes()
    request = live_system.wait_for_call("sora.create")
    wait_until(lambda: len(live_system.state.charges) == before + 1, 5)
    if victim == "everything":
        live_system.kill_worker()
        live_system.start_worker()
    else:
        live_system.find_requester(request).kill()
    assert live_system.status(take) == "submitting"
    live_system.agent.expire_leases()
    live_system.wait_for(take, "completed")
    assert (len(live_system.state.calls("sora.create")), live_system.find_violations()) == (1, [])


def test_killed_after_the_id_was_saved_polling_resumes(live_system: LiveSystem):
    live_system.start_worker()
    (take,) = live_system.start_takes()
    row = live_system.wait_for(take, "running")
    live_system.kill_worker()
    assert row["remote_id"] == live_system.state.charges[-1].clip_id
    live_system.start_worker()
    live_system.wait_for(take, "completed")
    assert (len(live_system.state.calls("sora.create")), live_system.find_violations()) == (1, [])


def test_killed_during_a_poll_the_take_completes(live_system: LiveSystem):
    live_system.state.fail("sora.get", Fault(wait=LONG))
    live_system.start_worker()
    (take,) = live_system.start_takes()
    live_system.find_requester(live_system.wait_for_call("sora.get")).kill()
    assert live_system.status(take) == "running"
    live_system.agent.expire_leases()
    live_system.wait_for(take, "completed")
    assert live_system.find_violations() == []


def test_killed_during_the_download_it_starts_again(live_system: LiveSystem):
    live_system.state.fail("sora.content", Fault(drip=True))
    live_system.start_worker()
    (take,) = live_system.start_takes()
    request = live_system.wait_for_call("sora.content")
    wait_until(lambda: any(live_system.scratch().glob(f"{take}-*.mp4")), 10)
    live_system.find_requester(request).kill()
    row = live_system.wait_for(take, "completed")
    assert (row["attempt"], live_system.find_violations()) == (2, [])


@pytest.mark.long
@pytest.mark.database
@pytest.mark.parametrize("boots", ["the same boot", "another boot"])
def test_after_the_host_was_killed_the_paid_clip_comes_within_5_s(live_system: LiveSystem, boots: str):
    live_system.state.fail("sora.content", Fault(drip=True))
    live_system.start_worker(IMAGEAI_LEASE_SECONDS="60")
    (take,) = live_system.start_takes()
    live_system.wait_for_call("sora.content")
    wait_until(lambda: any(live_system.scratch().glob(f"{take}-*.mp4")), 10)
    live_system.kill_worker()
    if boots == "another boot":
        live_system.agent.forget_boot()
    live_system.start_worker(IMAGEAI_LEASE_SECONDS="60")
    began = time.monotonic()
    live_system.wait_for(take, "completed")
    seconds = time.monotonic() - began
    print(f"{boots}: completed {seconds:.1f} s after the worker had started")
    assert (seconds < 5, live_system.find_violations()) == (True, [])


def test_killed_between_file_and_row_the_stored_clip_is_used(live_system: LiveSystem):
    live_system.start_worker()
    armed = live_system.arm("after-file")
    (take,) = live_system.start_takes()
    clip = live_system.installation.data / "media" / live_system.take(take)["folder"] / "clip.mp4"
    wait_until(lambda: not armed.exists(), 20)
    assert (clip.is_file(), live_system.take(take)["clip"]) == (True, "")
    live_system.wait_for(take, "completed")
    assert live_system.find_violations() == []


def test_killed_before_the_answer_without_a_list_the_take_needs_review(live_system: LiveSystem):
    """It is never sent again, however much time passes; the person pastes the clip's ID."""
    live_system.state.fail("sora.create", Fault(late=LONG))
    live_system.start_worker(SORA_PRESET="other")
    (take,) = live_system.start_takes()
    request = live_system.wait_for_call("sora.create")
    wait_until(lambda: live_system.state.booked() != [], 5)
    live_system.find_requester(request).kill()
    live_system.agent.expire_leases()
    live_system.wait_for(take, "unknown")
    time.sleep(2)
    assert (live_system.status(take), len(live_system.state.calls("sora.create"))) == ("unknown", 1)
    assert live_system.find_violations() == []
    live_system.agent.use_clip(take=take, remote_id=live_system.state.charges[-1].clip_id)
    live_system.wait_for(take, "completed")
    assert live_system.find_violations() == []
