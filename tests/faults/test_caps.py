"""Caps hold whoever clicks at once. The figures: `python -m tests.faults.clicks`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.faults.conftest import database

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300), pytest.mark.xdist_group("faults")]


@pytest.mark.parametrize("whose", ["team", "connection"])
def test_sixteen_processes_are_granted_exactly_the_cap(whose: str):
    command = [
        sys.executable,
        "-m",
        "tests.faults.clicks",
        "--of",
        whose,
        "--attempts",
        "400",
        "--fits",
        "57",
        "--database",
        database(),
    ]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "57 takes; $22.80 of $22.80 set aside; violations: none" in ran.stdout
