"""The gate before the decoding children: limits, places, and children that end with the server."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.db import connection, transaction

from core.decoding.contract import MEGABYTE, Busy, LimitReached, Limits, Undecodable
from core.decoding.gate import ROOT, Gate
from core.slow_work import release_connection
from tests.core import decoding_jobs as jobs

LIMITS = Limits(cpu_seconds=5, memory_bytes=256 * MEGABYTE, wall_seconds=10)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate(1, waiting=1, wait_seconds=0.2)
    yield gate
    gate.end_idle()


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children() if "core.decoding.child" in child.cmdline()}


def in_thread(call: Callable[[], Any]) -> Callable[[], Any]:
    """Starts it; call the result to wait for its value or error."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(call())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def wait() -> Any:
        thread.join(20)
        return outcome[0]

    return wait


def test_a_result_is_made_of_plain_values_and_the_classes_that_the_caller_names(gate: Gate):
    text, measured, data, nothing = gate.run(jobs.measure, "clip", limits=LIMITS, returns=(jobs.Measured,))
    assert (text, data, nothing) == ("CLIP", b"\0", None)
    assert measured == jobs.Measured(Decimal("1.5"), Fraction(24000, 1001))
    with pytest.raises(Undecodable, match="This file can't be decoded"):
        gate.run(jobs.measure, "clip", limits=LIMITS)


def test_a_child_that_was_taken_over_runs_no_code_in_the_server(gate: Gate, tmp_path: Path):
    with pytest.raises(Undecodable, match="This file can't be decoded"):
        gate.run(jobs.take_over, limits=LIMITS)
    assert not Path("/tmp/taken-over").exists()


def test_errors_keep_their_words_and_defects_become_a_sentence(gate: Gate, tmp_path: Path):
    with pytest.raises(Undecodable, match="It has no frame"):
        gate.run(jobs.refuse, "It has no frame.", limits=LIMITS)
    with pytest.raises(jobs.Refusal, match="it has no video"):
        gate.run(jobs.refuse_as_such, "it has no video", limits=LIMITS, raises=(jobs.Refusal,))
    with pytest.raises(Undecodable, match="This file can't be decoded"):
        gate.run(jobs.fail, limits=LIMITS)
    with pytest.raises(FileNotFoundError):
        gate.run(jobs.write, tmp_path / "none" / "a", 1, limits=LIMITS)


def test_memory_has_a_limit(gate: Gate):
    assert gate.run(jobs.hog_memory, 200, limits=LIMITS) == 200 * MEGABYTE
    with pytest.raises(LimitReached, match="This file needs more than 256 MB of memory to decode"):
        gate.run(jobs.hog_memory, 300, limits=LIMITS)
    assert gate.run(jobs.hog_memory, 200, limits=LIMITS) == 200 * MEGABYTE


def test_processor_time_has_a_limit_for_each_job(gate: Gate):
    limits = Limits(cpu_seconds=1, memory_bytes=MEGABYTE, wall_seconds=60)
    for _ in range(3):
        gate.run(jobs.burn, 0.6, limits=limits)
    with pytest.raises(LimitReached, match="This file takes more than 1 s to decode"):
        gate.run(jobs.burn, 60, limits=limits)


def test_waiting_has_a_limit_and_the_child_is_ended(gate: Gate):
    limits = Limits(cpu_seconds=5, memory_bytes=MEGABYTE, wall_seconds=1)
    before = children()
    with pytest.raises(LimitReached, match="This file takes more than 1 s to decode"):
        gate.run(jobs.sleep, 60, limits=limits)
    assert children() <= before


def test_a_file_that_a_child_writes_has_a_limit(gate: Gate, tmp_path: Path):
    limits = Limits(cpu_seconds=5, memory_bytes=64 * MEGABYTE, wall_seconds=10, file_bytes=1000)
    assert gate.run(jobs.write, tmp_path / "a", 1000, limits=limits) == 1000
    with pytest.raises(OSError, match="File too large"):
        gate.run(jobs.write, tmp_path / "b", 2000, limits=limits)


def test_one_child_serves_many_jobs_and_ends_after_the_last(gate: Gate, monkeypatch: pytest.MonkeyPatch):
    first = gate.run(jobs.sleep, 0, limits=LIMITS)
    assert gate.run(jobs.sleep, 0, limits=LIMITS) == first
    gate.end_idle()
    assert not psutil.pid_exists(first)
    monkeypatch.setattr("core.decoding.gate.JOBS", 1)
    assert gate.run(jobs.sleep, 0, limits=LIMITS) != gate.run(jobs.sleep, 0, limits=LIMITS)


def test_a_child_that_others_killed_is_replaced_once(gate: Gate, tmp_path: Path):
    idle = psutil.Process(gate.run(jobs.sleep, 0, limits=LIMITS))
    idle.kill()
    idle.wait(10)
    assert gate.run(jobs.die, tmp_path / "once", limits=LIMITS) == "alive"
    with pytest.raises(Undecodable, match="This file can't be decoded"):
        gate.run(jobs.die, tmp_path / "twice", tmp_path / "and again", limits=LIMITS)


def test_a_full_gate_answers_at_once_and_a_slow_one_after_a_while(gate: Gate):
    started = threading.Barrier(2, timeout=10)
    first = in_thread(lambda: (started.wait(), gate.run(jobs.sleep, 1.5, limits=LIMITS))[1])
    started.wait()
    while not children():
        pass
    second = in_thread(lambda: gate.run(jobs.sleep, 0, limits=LIMITS))
    began = time.monotonic()
    assert isinstance(second(), Busy)
    assert 0.15 < time.monotonic() - began < 1.2
    waiting = in_thread(lambda: gate.run(jobs.sleep, 0, limits=LIMITS))
    outcomes = [in_thread(lambda: gate.run(jobs.sleep, 0, limits=LIMITS)) for _ in range(5)]
    assert all(isinstance(outcome(), Busy) for outcome in (waiting, *outcomes))
    assert isinstance(first(), int)
    assert isinstance(gate.run(jobs.sleep, 0, limits=LIMITS), int)


def test_progress_is_reported_and_may_end_the_job(gate: Gate):
    seen: list[float] = []
    assert gate.run(jobs.report, limits=LIMITS, on_progress=seen.append) == "done"
    assert seen == [0.0, 0.25, 0.5, 0.75]

    def cancel(fraction: float) -> None:
        raise KeyError("cancelled")

    before = children()
    with pytest.raises(KeyError):
        gate.run(jobs.report, limits=LIMITS, on_progress=cancel)
    assert children() < before


def test_a_child_knows_nothing_of_the_servers_environment(gate: Gate, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    known = gate.run(jobs.environment, limits=LIMITS)
    assert "OPENAI_API_KEY" not in known
    assert not {"SECRET_KEY", "DATABASE_URL", "IMAGEAI_DATA"} & known.keys()


def run_and_exit() -> None:
    os._exit(0 if isinstance(Gate(1).run(jobs.sleep, 0, limits=LIMITS), int) else 1)


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_a_daemonic_process_such_as_a_queues_worker_has_children_too(gate: Gate, method: str):
    gate.run(jobs.sleep, 0, limits=LIMITS)  # a fork must not share this one
    worker = multiprocessing.get_context(method).Process(target=run_and_exit, daemon=True)  # type: ignore[attr-defined]
    worker.start()
    worker.join(30)
    assert worker.exitcode == 0
    worker.close()


SERVER = """
import threading, sys, time
from core.decoding.gate import Gate
from tests.core import decoding_jobs as jobs
from tests.core.test_decoding import LIMITS
gate = Gate(2)
idle = gate.run(jobs.sleep, 0, limits=LIMITS)
busy = threading.Thread(target=gate.run, args=(jobs.burn, 60), kwargs={"limits": LIMITS})
busy.start()
gate.run(jobs.sleep, 0.5, limits=LIMITS)
print("ready", flush=True)
time.sleep(60)
"""


def test_children_end_with_a_server_that_is_killed():
    command = [sys.executable, "-c", f"import django; django.setup(); {'exec(' + repr(SERVER) + ')'}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout
        assert server.stdout.readline() == b"ready\n"
        started = psutil.Process(server.pid).children()
        assert len(started) == 2
        server.kill()
        gone, alive = psutil.wait_procs(started, timeout=4)
        assert (len(gone), alive) == (2, [])


@pytest.mark.django_db(transaction=True)
def test_the_connection_is_given_back_while_a_child_works(gate: Gate):
    connection.ensure_connection()

    def look(fraction: float) -> None:
        assert connection.connection is None

    assert gate.run(jobs.report, limits=LIMITS, on_progress=look) == "done"


@pytest.mark.django_db
def test_slow_work_is_refused_inside_a_transaction(gate: Gate):
    release_connection()  # a test's own transaction does not count
    with transaction.atomic(), pytest.raises(RuntimeError, match="Slow work inside a transaction"):
        gate.run(jobs.sleep, 0, limits=LIMITS)
