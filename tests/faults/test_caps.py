"""Caps hold when many people click at once. For the figures run `python -m tests.faults.clicks`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.faults.conftest import database

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300), pytest.mark.xdist_group("faults")]


@pytest.mark.parametrize("cap_of", ["team", "connection"])
def test_sixteen_processes_reserve_exactly_the_cap(cap_of: str):
    command = [
        sys.executable,
        "-m",
        "tests.faults.clicks",
        "--cap-of",
        cap_of,
        "--attempts",
        "400",
        "--fits",
        "57",
        "--database",
        database(),
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "57 takes; $22.80 of $22.80 on hold; violations: none" in result.stdout
