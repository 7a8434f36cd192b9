"""A real installation and a real browser in front of it.

The sample installation is prepared once per run (prepare.py) and copied. Starting processes costs more than most tests, so
each test process has one server, with workers once a test needs them, and puts the prepared data back under it. A test with
settings of its own makes its own server. test_story.py starts everything with script/server, as users do.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, StorageStateCookie, expect, sync_playwright

from bench.installation import ROOT, clean_environment, free_port, kill_processes_of, processes_of

BROWSER = os.environ.get("TEST_BROWSER") or shutil.which("chromium") or ""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]

OpenPage = Callable[..., Page]
MakeServer = Callable[..., "Server"]
Visit = Callable[..., Page]
#: One process per queue starts in half the time of two.
FEW_WORKERS = {"IMAGEAI_MEDIA_WORKERS": "1", "IMAGEAI_REMOTE_WORKERS": "1"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group(f"browser-{item.path.stem}"))  # the tests of a file share a server
            item.add_marker(pytest.mark.timeout(240))
            if not BROWSER:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


@dataclass(frozen=True)
class Prepared:
    """An installation with the sample and its two finished takes, to be copied."""

    data: Path
    sign_in: str
    """The path of an unused sign-in link."""
    session: str
    """The session cookie of the owner."""

    @property
    def storage_state(self) -> StorageState:
        cookie = StorageStateCookie(
            name="sessionid",
            value=self.session,
            domain="127.0.0.1",
            path="/",
            expires=-1,
            httpOnly=True,
            secure=False,
            sameSite="Lax",
        )
        return StorageState(cookies=[cookie], origins=[])


#: django.setup() comes first: tests/browser/prepare.py imports models.
PREPARE = "import django; django.setup(); from tests.browser.prepare import main; main()"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Created once per run: the first xdist worker holds a file lock, the others wait for its result."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    data, result = folder / "prepared", folder / "prepared.json"
    with (folder / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not result.exists():
            data.mkdir()
            completed = subprocess.run(
                [sys.executable, "-c", PREPARE],
                cwd=ROOT,
                env=clean_environment() | {"IMAGEAI_DATA": str(data), "DJANGO_SETTINGS_MODULE": "imageai_web.settings"},
                stdout=subprocess.PIPE,
                check=True,
            )
            result.write_bytes(completed.stdout)
    return Prepared(data, **json.loads(result.read_text()))


class Server:
    """An isolated installation: a copy of the prepared one, or an empty one for script/server to fill."""

    def __init__(self, data: Path, prepared: Prepared | None = None, **environment: str) -> None:
        self.data, self.prepared, self.environment = data, prepared, environment
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> str:
        """Starts the web process on the prepared data. Returns a one-time sign-in link."""
        assert self.prepared
        if not self.data.exists():
            shutil.copytree(self.prepared.data, self.data)
        self.launch("web", sys.executable, "-m", "imageai_web.processes", "web")
        return self.wait_for(self.link_of_prepared)

    def start_script(self) -> str:
        """Starts script/server, including its workers. Returns the sign-in link it prints."""
        if self.prepared and not self.data.exists():
            shutil.copytree(self.prepared.data, self.data)
        self.launch("web", ROOT / "script" / "server")
        return self.wait_for(self.printed_link)

    def reset(self) -> str:
        """Puts the prepared data back under the running processes. Returns an unused sign-in link."""
        assert self.prepared
        if "web" not in self.processes:
            return self.start()
        shutil.rmtree(self.data / "media")
        shutil.copytree(self.prepared.data / "media", self.data / "media")
        with (
            closing(sqlite3.connect(self.prepared.data / "db.sqlite3")) as source,
            closing(sqlite3.connect(self.data / "db.sqlite3", timeout=20)) as target,
        ):
            # A worker command that is running keeps its row, which its leases refer to.
            workers = target.execute("SELECT * FROM generation_worker").fetchall()
            source.backup(target)
            for row in workers:
                target.execute(f"INSERT INTO generation_worker VALUES ({', '.join('?' * len(row))})", row)
            target.commit()
        return self.link_of_prepared()

    def start_workers(self) -> None:
        if "work" not in self.processes:
            self.launch("work", sys.executable, "-m", "imageai_web.processes", "work")

    def stop_workers(self) -> None:
        """At rest they cost a tenth of a processor."""
        if work := self.processes.pop("work", None):
            work.terminate()
            work.wait(60)

    def launch(self, name: str, *command: str | Path) -> None:
        tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        ours = {"PATH": tools, "PORT": str(self.port), "IMAGEAI_DATA": str(self.data), "PYTHONUNBUFFERED": "1"}
        with self.log(name).open("wb") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=clean_environment() | FEW_WORKERS | ours | self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_for(self, link: Callable[[], str]) -> str:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.processes["web"].poll() is None:
            if address := link():
                return address
            time.sleep(0.1)
        raise AssertionError(f"The server did not start:\n{self.log('web').read_text()}")

    def printed_link(self) -> str:
        printed = re.search(r"^Sign in: (\S+)$", self.log("web").read_text(), re.MULTILINE)
        return printed[1] if printed else ""

    def link_of_prepared(self) -> str:
        assert self.prepared
        with suppress(OSError):
            urllib.request.urlopen(f"{self.address}/healthz", timeout=5).close()
            return self.address + self.prepared.sign_in
        return ""

    def log(self, name: str) -> Path:
        return self.data.parent / f"{name}-{self.port}.log"

    def stop(self) -> float:
        """Stops script/server as Ctrl-C does. Returns the seconds until its last process has ended."""
        began = time.monotonic()
        os.killpg(self.processes["web"].pid, signal.SIGINT)
        self.processes["web"].wait(20)
        while processes_of(self.data) and time.monotonic() < began + 20:
            time.sleep(0.05)
        return time.monotonic() - began

    def kill(self) -> None:
        """Kills all processes of the installation, including those started while killing."""
        while processes_of(self.data):
            kill_processes_of(self.data)
        for process in self.processes.values():
            process.wait(20)


@pytest.fixture
def make_server(tmp_path: Path, prepared: Prepared) -> Iterator[MakeServer]:
    servers: list[Server] = []

    def make(*, from_nothing: bool = False, **environment: str) -> Server:
        servers.append(Server(tmp_path / f"data-{len(servers)}", None if from_nothing else prepared, **environment))
        return servers[-1]

    yield make
    for server in servers:
        server.kill()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server") / "data", prepared)
    yield server
    server.kill()


@pytest.fixture(scope="module")
def _server_of_file(shared_server: Server) -> Iterator[Server]:
    yield shared_server
    shared_server.stop_workers()


@pytest.fixture(scope="module")
def server(_server_of_file: Server) -> Server:
    """Starts with the prepared data for each file. Its tests must not depend on the sample being unchanged."""
    _server_of_file.reset()
    return _server_of_file


@pytest.fixture
def fresh_server(_server_of_file: Server) -> Server:
    """Starts with the prepared data for each test, whose sign-in link is unused."""
    _server_of_file.reset()
    return _server_of_file


@pytest.fixture
def workers(server: Server) -> None:
    """Lets the file's server generate takes and images."""
    server.start_workers()


@pytest.fixture
def visit(server: Server, prepared: Prepared, open_page: OpenPage) -> Visit:
    """Opens a page of the file's server in a new browser context, signed in as the owner of the sample (project 1)."""

    def visit(path: str = "/projects/1", **options: Any) -> Page:
        page = open_page(storage_state=prepared.storage_state, **options)
        page.goto(server.address + path)
        return page

    return visit


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Waits for a condition. Playwright's wait_for_function needs eval, which the pages' CSP forbids."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.05)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Closed after the last browser test: Playwright's event loop must not meet those of asynchronous tests."""
    expect.set_options(timeout=20_000)  # the first request to a new server is slow
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens a page in a new context. Console errors fail the test unless `allow_errors`, e.g. while the server restarts."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(*, allow_errors: bool = False, **options: Any) -> Page:
        # Without a graphics card, animations keep a processor busy.
        defaults: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"}
        context = browser.new_context(accept_downloads=True, **defaults | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        if not allow_errors:
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
    # Expected: a rejected form (422) or used link (410), a scene of another member that arrives before its place on the
    # board, and a request that is aborted by leaving the page.
    expected = ("responded with a status of 4", "htmx:oobErrorNoTarget", "htmx:sendAbort", "htmx:afterRequest")
    assert [text for text in errors if not any(part in text for part in expected)] == []
