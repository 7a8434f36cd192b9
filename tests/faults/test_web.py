"""The web process as in production: many open pages leave room for other requests, and end when it stops."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
import requests

from bench.installation import Installation

pytestmark = [
    pytest.mark.faults,
    pytest.mark.database,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("queues"),
]

PREPARE = """
import json
from django.core.management import call_command
call_command("setup", stdout=open("/dev/null", "w"))
from bench.installation import session_of
from projects.models import Project
from teams.models import User
print(json.dumps([session_of(User.objects.get()), Project.objects.get().pk]))
"""
PAGES = 30


@pytest.fixture
def installation() -> Iterator[Installation]:
    with Installation(database=os.environ.get("DATABASE_URL", "")) as installation:
        yield installation


def open_stream(port: int, path: str, session: str) -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", port), timeout=30)
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: sessionid={session}\r\n\r\n".encode())
    return stream


def read_until(stream: socket.socket, text: bytes) -> None:
    received = b""
    while text not in received:
        chunk = stream.recv(65536)
        assert chunk, received[-500:]
        received += chunk


def test_open_streams_leave_room_for_requests_and_end_with_the_server(installation: Installation):
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", PREPARE]
    printed = subprocess.run(command, env=installation.environment, capture_output=True, text=True, check=True).stdout
    session, project = json.loads(printed)
    web = installation.start("web")
    before = web.num_threads()
    streams = [open_stream(installation.port, f"/projects/{project}/stream?since=0", session) for _ in range(PAGES)]
    for stream in streams:
        read_until(stream, b"event: order")
    assert web.num_threads() - before < 10

    page = requests.get(f"{installation.url}/projects/{project}", cookies={"sessionid": session}, timeout=10)
    assert page.status_code == 200
    # The web process must not load codecs: they cost memory that only workers need.
    loaded = {os.path.basename(mapped.path) for mapped in web.memory_maps()}
    assert not [name for name in loaded if name.startswith(("libavcodec", "cv2"))]

    began = time.monotonic()
    installation.stop("web")
    assert time.monotonic() - began < 2
    for stream in streams:
        assert stream.recv(65536) is not None
        stream.close()
    assert not psutil.pid_exists(web.pid)
