"""Pictures come inside the answer: what a death costs while it is waited for, and that none costs what has come."""

from __future__ import annotations

import signal
import time

import pytest

from tests.faults.live_system import Workshop, eventually
from tests.standin import Fault

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300), pytest.mark.xdist_group("faults")]
LONG = 300.0


def test_between_the_answer_and_its_row(workshop: Workshop):
    workshop.work()
    armed = workshop.arm("after-file")
    request = workshop.inside.ask_for_pictures(count=2)
    eventually(lambda: not armed.exists(), 20)
    assert workshop.pictures(request)["status"] == "submitting"
    row = workshop.until_pictures(request, "completed")
    assert (len(row["made"]), len(workshop.state.calls("images.generate")), workshop.violations()) == (2, 1, [])


def test_while_the_answer_is_waited_for_a_person_is_asked(workshop: Workshop):
    workshop.state.fail("images.generate", Fault(late=LONG))
    workshop.work()
    request = workshop.inside.ask_for_pictures()
    sent = workshop.arrival("images.generate")
    eventually(lambda: workshop.state.booked() != [], 5)
    workshop.process_behind(sent).kill()
    workshop.inside.let_leases_run_out()
    row = workshop.until_pictures(request, "unknown")
    assert "did not confirm these images" in row["error_message"]
    assert (len(workshop.state.calls("images.generate")), workshop.violations()) == (1, [])


def test_a_deploy_waits_for_what_is_being_bought(workshop: Workshop):
    """A clip whose answer comes late at a server that lists nothing, and pictures: neither can be looked up afterwards."""
    workshop.work(SORA_PRESET="other")
    for operation in ("sora.create", "images.generate"):
        workshop.state.fail(operation, Fault(late=5))
    (take,), request = workshop.start_takes(), workshop.inside.ask_for_pictures()
    for operation in ("sora.create", "images.generate"):
        workshop.arrival(operation)
    work = workshop.installation.processes.pop("work")
    work.send_signal(signal.SIGTERM)
    began = time.monotonic()
    work.wait(30)
    print(f"stopped after {time.monotonic() - began:.1f} s")
    assert (workshop.status(take), workshop.pictures(request)["status"]) == ("running", "completed")
    assert workshop.violations(settled=False) == []


def test_waiting_for_pictures_is_not_taken_for_frozen(workshop: Workshop):
    """Both processes of the queue wait, so that neither answers the watchdog; test_work.py has what it makes of that."""
    workshop.work()
    workshop.state.fail("images.generate", *[Fault(late=4)] * 2)
    requests = [workshop.inside.ask_for_pictures() for _ in range(2)]
    workshop.arrival("images.generate", 2)
    assert workshop.inside.is_busy(queue="media", processes=2)
    for request in requests:
        workshop.until_pictures(request, "completed")
    assert (workshop.inside.is_busy(queue="media", processes=1), workshop.violations()) == (False, [])
