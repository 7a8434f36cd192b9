"""Web and work start again apart from one another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.installation import ROOT, clean_environment

PROCFILE = """\
web: sh -c 'echo $$ >> web; exec sleep 600'
work: sh -c 'echo $$ >> work; exec sleep 600'
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "Procfile").write_text(PROCFILE)
    program = "import sys, pathlib; from imageai_web.processes import run; run(pathlib.Path('Procfile'))"
    environment = clean_environment() | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.terminate()


def pids(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_web_process_that_is_killed_starts_again_without_the_worker(running: subprocess.Popen[str], tmp_path: Path):
    wait_until(lambda: len(pids(tmp_path / "web")) == len(pids(tmp_path / "work")) == 1)
    os.kill(pids(tmp_path / "web")[0], signal.SIGKILL)
    wait_until(lambda: len(pids(tmp_path / "web")) == 2)
    assert len(pids(tmp_path / "work")) == 1
    assert is_running(pids(tmp_path / "work")[0])
    running.terminate()
    assert running.wait(20) == 0
    assert running.stderr
    assert running.stderr.read() == "web ended with code -9; starting it again in 1 s.\n"
    assert [is_running(pids(tmp_path / name)[-1]) for name in ("web", "work")] == [False, False]
