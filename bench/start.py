"""Measures the start from a clean clone to the first page, later starts of the same clone, and the stop by Ctrl-C.

Clones the checkout's last commit and starts `script/server` there as a person would: in its own process group, with its own
data directory and port. Times run from that moment: until the virtualenv is complete, until the `Sign in:` line, and until
the sample project's storyboard answers 200 to a client that signed in through the link. Then the client opens the
storyboard's event stream and keeps reading, as a browser does, and SIGINT goes to the whole group; at the first start in the
middle of a render. `gone` is when no process of that data directory is left, orphans included.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.installation import (
    ROOT,
    clean_environment,
    clean_up_when_terminated,
    free_port,
    kill_processes_of,
    print_table,
    processes_of,
)

START_SECONDS = 600.0
STOP_SECONDS = 30.0
TARGET_STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Start:
    """Seconds since `script/server` was called, and since Ctrl-C."""

    installed: float
    sign_in: float
    page: float
    gone: float
    left: list[str]


class Server:
    """`script/server` as the foreground process group of a terminal: Ctrl-C reaches all of its processes."""

    def __init__(self, clone: Path, data: Path, *, pip_cache: bool) -> None:
        self.data = data
        environment = clean_environment() | {"IMAGEAI_DATA": str(data), "PORT": str(free_port())}
        if not pip_cache:
            environment["PIP_NO_CACHE_DIR"] = "1"
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            ["script/server"],
            cwd=clone,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self.link = ""
        self.link_printed = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if match := re.search(r"Sign in: (\S+)", line):
                self.link = match[1]
                self.link_printed.set()
        self.link_printed.set()  # the server has ended; there may be no link

    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def wait_for_link(self) -> str:
        self.link_printed.wait(START_SECONDS)
        if not self.link:
            raise SystemExit("\n".join(["script/server printed no link:", *self.lines]))
        return self.link

    def interrupt(self) -> tuple[float, list[str]]:
        """Press Ctrl-C. Returns the seconds until every process is gone, and those that are left."""
        began = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        while (left := processes_of(self.data)) and time.monotonic() - began < STOP_SECONDS:
            self.process.poll()
            time.sleep(0.02)
        return time.monotonic() - began, [" ".join(process.cmdline()[-3:]) for process in left]


def open_storyboard(link: str) -> tuple[requests.Session, str]:
    """Sign in through the link and open the sample project. Returns the session and the URL of its event stream."""
    base = link.split("/", 3)
    site = "/".join(base[:3])
    session = requests.Session()
    form = session.get(link)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
    assert token, form.status_code
    projects = session.post(link, {"csrfmiddlewaretoken": token[1]})
    project = re.search(r'href="(/projects/\d+)"', projects.text)
    assert project, projects.status_code
    page = session.get(site + project[1])
    stream = re.search(r'sse-connect="([^"]+)"', page.text)
    assert page.status_code == 200, page.status_code
    assert stream
    return session, site + stream[1]


def listen(session: requests.Session, stream: str) -> None:
    with contextlib.suppress(requests.RequestException):
        for _ in session.get(stream, stream=True).iter_lines():
            pass


def start_and_stop(clone: Path, data: Path, *, pip_cache: bool) -> Start:
    server = Server(clone, data, pip_cache=pip_cache)
    began_at = time.time()
    try:
        link = server.wait_for_link()
        sign_in = server.elapsed()
        session, stream = open_storyboard(link)
        page = server.elapsed()
        installed = (clone / ".venv/installed").stat().st_mtime - began_at
        threading.Thread(target=listen, args=(session, stream), daemon=True).start()
        time.sleep(1)
        gone, left = server.interrupt()
    finally:
        kill_processes_of(data)
        server.process.wait()
    started = next(number for number, line in enumerate(server.lines) if server.link in line)
    for line in server.lines[started:]:
        if "WARNING" in line or "ERROR" in line or "Traceback" in line:
            print(line, file=sys.stderr)
    return Start(max(0.0, installed), sign_in, page, gone, left)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--restarts", type=int, default=3, help="starts after the first one (%(default)s)")
    parser.add_argument("--pip-cache", action="store_true", help="let pip use its cache")
    options = parser.parse_args()
    clean_up_when_terminated()
    scratch = Path(tempfile.mkdtemp(prefix="imageai-bench-")).resolve()
    try:
        clone = scratch / "clone"
        began = time.monotonic()
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        cloned = time.monotonic() - began
        names = ["first start", *(f"start {number + 2}" for number in range(options.restarts))]
        rows = []
        for name in names:
            start = start_and_stop(clone, scratch / "data", pip_cache=options.pip_cache)
            seconds = (cloned, start.installed, start.sign_in, start.page, start.gone)
            rows.append([name, *(f"{value:.2f}" for value in seconds), ", ".join(start.left) or "none"])
            cloned = 0.0
    finally:
        shutil.rmtree(scratch)
    print_table(["", "clone s", "installed s", "sign-in line s", "first page s", "Ctrl-C to gone s", "left"], rows)
    print(f"Target: all gone within {TARGET_STOP_SECONDS:.0f} s of Ctrl-C, and nothing left.")


if __name__ == "__main__":
    main()
