"""A step that hangs ends its process; one that keeps extending its deadline, or is not watched, does not."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import time
from generation.jobs import watchdog
watchdog.GRACE_SECONDS = 0.3
{steps}
print("finished")
"""
HANGS = "with watchdog.watch_step(0.2): time.sleep(30)"
HANGS_INSIDE_A_LIBRARY = """
import re
with watchdog.watch_step(0.2): re.match(r"(a+)+$", "a" * 40 + "b")
"""
EXTENDS_ITS_DEADLINE = """
with watchdog.watch_step(0.2):
    for _ in range(5):
        time.sleep(0.2)
        watchdog.extend_deadline(0.2)
"""
EXTENDS_BY_LESS_THAN_ALLOWED = """
with watchdog.watch_step(2):
    watchdog.extend_deadline(0.1)
    time.sleep(1)
"""
EXTENDS_AFTER_THE_STEP = """
with watchdog.watch_step(0.1): pass
watchdog.extend_deadline(0.1)
time.sleep(0.7)
"""


def run(steps: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(steps=steps)], capture_output=True, text=True, timeout=20
    )


@pytest.mark.parametrize("steps", [HANGS, HANGS_INSIDE_A_LIBRARY], ids=["sleeping", "inside a library"])
def test_a_hanging_step_ends_its_process_and_prints_the_stack(steps: str):
    result = run(steps)
    assert (result.returncode, result.stdout) == (1, "")
    assert "Timeout" in result.stderr


@pytest.mark.parametrize("steps", [EXTENDS_ITS_DEADLINE, EXTENDS_BY_LESS_THAN_ALLOWED, EXTENDS_AFTER_THE_STEP])
def test_a_step_that_extends_its_deadline_finishes(steps: str):
    result = run(steps)
    assert (result.returncode, result.stdout) == (0, "finished\n"), result.stderr
