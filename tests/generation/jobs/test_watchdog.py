"""A step that hangs ends its process; one that gives signs of life, or is not watched, does not."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import time
from generation.jobs import watchdog
watchdog.GRACE_SECONDS = 0.3
{steps}
print("came to its end")
"""
HANGS = "with watchdog.watch_step(0.2): time.sleep(30)"
HANGS_WITHOUT_GIVING_A_TURN = """
import re
with watchdog.watch_step(0.2): re.match(r"(a+)+$", "a" * 40 + "b")
"""
LIVES = """
with watchdog.watch_step(0.2):
    for _ in range(5):
        time.sleep(0.2)
        watchdog.extend_deadline(0.2)
"""
LATER_SIGNS_DO_NOT_SHORTEN = """
with watchdog.watch_step(2):
    watchdog.extend_deadline(0.1)
    time.sleep(1)
"""
NOT_WATCHED_ANY_MORE = """
with watchdog.watch_step(0.1): pass
watchdog.extend_deadline(0.1)
time.sleep(0.7)
"""


def run(steps: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(steps=steps)], capture_output=True, text=True, timeout=20
    )


@pytest.mark.parametrize("steps", [HANGS, HANGS_WITHOUT_GIVING_A_TURN], ids=["sleeping", "inside a library"])
def test_a_step_that_hangs_ends_its_process_and_says_where(steps: str):
    ended = run(steps)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Timeout" in ended.stderr


@pytest.mark.parametrize("steps", [LIVES, LATER_SIGNS_DO_NOT_SHORTEN, NOT_WATCHED_ANY_MORE])
def test_others_come_to_their_end(steps: str):
    ended = run(steps)
    assert (ended.returncode, ended.stdout) == (0, "came to its end\n"), ended.stderr
