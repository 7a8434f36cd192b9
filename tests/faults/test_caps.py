"""Caps hold when many people click at once. For the figures run `python -m tests.faults.clicks`."""

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
    ("attempts", "fits", "held"), [(80, 11, "4.40"), pytest.param(400, 57, "22.80", marks=pytest.mark.long)]
)
@pytest.mark.parametrize("cap_of", ["team", "connection"])
def test_sixteen_processes_reserve_exactly_the_cap(cap_of: str, attempts: int, fits: int, held: str):
    command = [
        sys.executable,
        "-m",
        "tests.faults.clicks",
        "--cap-of",
        cap_of,
        "--attempts",
        str(attempts),
        "--fits",
        str(fits),
        "--database",
        database(),
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{fits} takes; ${held} of ${held} on hold; violations: none" in result.stdout
