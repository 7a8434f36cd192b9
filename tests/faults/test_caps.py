"""Caps hold whoever clicks at once. The figures: `python -m tests.faults.clicks`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.faults.conftest import database

pytestmark = [
    pytest.mark.faults,
    pytest.mark.database,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("faults"),
]


@pytest.mark.parametrize(
    ("attempts", "fits", "held"), [(160, 23, "9.20"), pytest.param(400, 57, "22.80", marks=pytest.mark.long)]
)
@pytest.mark.parametrize("whose", ["team", "connection"])
def test_sixteen_processes_are_granted_exactly_the_cap(whose: str, attempts: int, fits: int, held: str):
    command = [
        sys.executable,
        "-m",
        "tests.faults.clicks",
        "--of",
        whose,
        "--attempts",
        str(attempts),
        "--fits",
        str(fits),
        "--database",
        database(),
    ]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{fits} takes; ${held} of ${held} set aside; violations: none" in ran.stdout
