"""script/server explains a problem in one sentence before it starts anything."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bench.installation import ROOT, clean_environment


def start(**environment: str) -> tuple[int, list[str]]:
    result = subprocess.run(
        [ROOT / "script" / "server"], env=clean_environment() | environment, capture_output=True, text=True, timeout=60
    )
    return result.returncode, (result.stdout + result.stderr).splitlines()


def test_a_command_prepares_a_fresh_data_directory(tmp_path: Path):
    """The prompt is missing, so that nothing is rendered."""
    environment = clean_environment() | {"IMAGEAI_DATA": str(tmp_path)}
    command = [sys.executable, str(ROOT / "manage.py"), "video", "-p", ""]
    answers = [subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120) for _ in range(2)]
    created = "Created My team for owner@localhost, with the sample project “The lighthouse keeper”.\n"
    usage = "Describe the clip: -p “A heron lifts off the lake”.\n"
    assert [(answer.returncode, answer.stdout, answer.stderr) for answer in answers] == [
        (2, "", created + usage),
        (2, "", usage),
    ]


def test_a_port_in_use_is_reported(tmp_path: Path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert start(PORT=str(port), IMAGEAI_DATA=str(tmp_path / "data")) == (
            1,
            [
                f"script/server: Port {port} is in use. "
                "Stop the program that uses it, or choose another: PORT=8001 script/server"
            ],
        )


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [("127.0.0.1", "99999", "ports go from 1 to 65535."), ("no.such.host.invalid", "8000", "")],
)
def test_an_unusable_address_is_reported(tmp_path: Path, host: str, port: str, reason: str):
    status, lines = start(HOST=host, PORT=port, IMAGEAI_DATA=str(tmp_path / "data"))
    assert (status, len(lines)) == (1, 1)
    assert lines[0].startswith(f"script/server: Can't listen on {host}, port {port}: {reason}")


@pytest.mark.parametrize("port", ["eighty", "80 80", "-1"])
def test_a_port_that_is_not_a_number_is_reported(tmp_path: Path, port: str):
    assert start(PORT=port, IMAGEAI_DATA=str(tmp_path / "data")) == (
        1,
        [f"script/server: PORT must be a number, not '{port}'."],
    )


def test_an_unusable_data_directory_is_reported(tmp_path: Path):
    (tmp_path / "file").write_text("not a directory")
    assert start(IMAGEAI_DATA=str(tmp_path / "file" / "data")) == (
        1,
        [f"script/server: Can't create the data directory {tmp_path}/file/data. Set IMAGEAI_DATA to a writable one."],
    )
