"""Images come inside the answer. A death while it is awaited needs review; once it has come, nothing is lost."""

from __future__ import annotations

import signal
import time

import pytest

from tests.faults.live_system import LiveSystem, wait_until
from tests.standin import Fault

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300), pytest.mark.xdist_group("faults")]
LONG = 300.0


def test_killed_between_answer_and_row_the_images_come_from_the_spool(live_system: LiveSystem):
    live_system.start_worker()
    armed = live_system.arm("after-file")
    request = live_system.agent.request_images(count=2)
    wait_until(lambda: not armed.exists(), 20)
    assert live_system.image_job(request)["status"] == "submitting"
    row = live_system.wait_for_images(request, "completed")
    assert (len(row["made"]), len(live_system.state.calls("images.generate")), live_system.find_violations()) == (
        2,
        1,
        [],
    )


def test_killed_before_the_answer_the_request_needs_review(live_system: LiveSystem):
    live_system.state.fail("images.generate", Fault(late=LONG))
    live_system.start_worker()
    request = live_system.agent.request_images()
    call = live_system.wait_for_call("images.generate")
    wait_until(lambda: live_system.state.booked() != [], 5)
    live_system.find_requester(call).kill()
    live_system.agent.expire_leases()
    row = live_system.wait_for_images(request, "unknown")
    assert "did not confirm these images" in row["error_message"]
    assert (len(live_system.state.calls("images.generate")), live_system.find_violations()) == (1, [])


def test_a_deploy_waits_for_answers_to_paid_requests(live_system: LiveSystem):
    """A clip at a server that lists nothing, and images: neither could be looked up afterwards."""
    live_system.start_worker(SORA_PRESET="other")
    for operation in ("sora.create", "images.generate"):
        live_system.state.fail(operation, Fault(late=5))
    (take,), request = live_system.start_takes(), live_system.agent.request_images()
    for operation in ("sora.create", "images.generate"):
        live_system.wait_for_call(operation)
    work = live_system.installation.processes.pop("work")
    work.send_signal(signal.SIGTERM)
    began = time.monotonic()
    work.wait(30)
    print(f"stopped after {time.monotonic() - began:.1f} s")
    assert (live_system.status(take), live_system.image_job(request)["status"]) == ("running", "completed")
    assert live_system.find_violations(settled=False) == []


def test_a_queue_that_waits_for_images_is_not_replaced(live_system: LiveSystem):
    """Both processes of the queue wait, so neither answers a heartbeat; test_work.py shows what the watchdog does then."""
    live_system.start_worker()
    live_system.state.fail("images.generate", *[Fault(late=4)] * 2)
    requests = [live_system.agent.request_images() for _ in range(2)]
    live_system.wait_for_call("images.generate", 2)
    assert live_system.agent.is_busy(queue="media", processes=2)
    for request in requests:
        live_system.wait_for_images(request, "completed")
    assert (live_system.agent.is_busy(queue="media", processes=1), live_system.find_violations()) == (False, [])
