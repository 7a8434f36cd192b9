"""A real installation, started with script/server as anybody would, and a real browser in front of it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect, sync_playwright

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
            item.add_marker(pytest.mark.timeout(240))
            if not BROWSER:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


@dataclass(frozen=True)
class Prepared:
    """What `script/server` makes of an empty directory, once the two takes of its sample are there; to be copied."""

    data: Path
    sign_in: str
    """The path of a link that nobody has used."""
    session: StorageState
    """The cookies of its owner."""


class Server:
    """An installation of its own and its processes, those of the Procfile; on what `prepared` holds, else from nothing."""

    def __init__(self, data: Path, prepared: Prepared | None = None, **more: str) -> None:
        """`more` are further environment variables."""
        self.data, self.prepared, self.more = data, prepared, more
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = data.parent / f"server-{self.port}.log"

    def start(self) -> str:
        """Start, or start again on the same data; returns a sign-in link."""
        command: list[str | Path] = [ROOT / "script" / "server"]
        if self.prepared:
            if not self.data.exists():
                shutil.copytree(self.prepared.data, self.data)
            command = ["honcho", "--env", os.devnull, "start", "--no-prefix"]
        tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        ours = {"PATH": tools, "PORT": str(self.port), "IMAGEAI_DATA": str(self.data), "PYTHONUNBUFFERED": "1"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=clean_environment() | ours | self.more,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            if link := self.sign_in_link():
                return link
            time.sleep(0.1)
        raise AssertionError(f"The server did not start:\n{self.output()}")

    def sign_in_link(self) -> str:
        """Empty as long as the server does not answer."""
        if not self.prepared:
            printed = re.search(r"^Sign in: (\S+)$", self.output(), re.MULTILINE)
            return printed[1] if printed else ""
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{self.address}/healthz", timeout=5).close()
            return self.address + self.prepared.sign_in
        return ""

    def output(self) -> str:
        return self.log.read_text()

    def stop(self) -> float:
        """As Ctrl-C does; returns the seconds until everything was gone."""
        began = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(20)
        while processes_of(self.data) and time.monotonic() < began + 20:
            time.sleep(0.05)
        return time.monotonic() - began

    def kill(self) -> None:
        """All at once, and those that one of them started meanwhile."""
        while processes_of(self.data):
            kill_processes_of(self.data)
        self.process.wait(20)


@pytest.fixture(scope="package")
def prepared(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    server = Server(tmp_path_factory.mktemp("prepared") / "data")
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.start())
    page.get_by_role("heading", name="Projects").wait_for()
    page.goto(f"{server.address}/projects/1")
    expect(page.locator(".card .chip-completed")).to_have_count(2, timeout=60_000)
    session = context.storage_state()
    context.close()
    server.stop()
    issued = subprocess.run(
        [sys.executable, ROOT / "manage.py", "signin_link", "--base-url", ""],
        env=clean_environment() | {"IMAGEAI_DATA": str(server.data)},
        capture_output=True,
        text=True,
        check=True,
    )
    return Prepared(server.data, issued.stdout.split()[-1], session)


@pytest.fixture
def make_server(tmp_path: Path, prepared: Prepared) -> Iterator[MakeServer]:
    servers: list[Server] = []

    def make(*, from_nothing: bool = False, **more: str) -> Server:
        servers.append(Server(tmp_path / f"data-{len(servers)}", None if from_nothing else prepared, **more))
        return servers[-1]

    yield make
    for server in servers:
        server.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Server]:
    """One for all tests of a file that do not mind what the earlier ones did to the sample."""
    server = Server(tmp_path_factory.mktemp("server") / "data", prepared)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def visit(server: Server, prepared: Prepared, open_page: OpenPage) -> Visit:
    """A page of the file's server in a window of its own, as the owner of the sample, which is project 1."""

    def visit(path: str = "/projects/1", **options: Any) -> Page:
        page = open_page(storage_state=prepared.session, **options)
        page.goto(server.address + path)
        return page

    return visit


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Playwright's own wait_for_function needs eval, which the pages forbid."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.05)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Closed after the last test in here: Playwright's event loop must not meet those of asynchronous tests."""
    expect.set_options(timeout=20_000)  # a server that has just started loads what it needs with the first request
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """A fresh visitor; anything the browser complains about fails the test, but where the server is stopped on purpose."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(*, may_complain: bool = False, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        if not may_complain:
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
    # A refused form (422) or a used link (410) is an answer, a scene somebody else adds comes before its place does, and a
    # request may be under way when the page is left.
    expected = ("responded with a status of 4", "htmx:oobErrorNoTarget", "htmx:sendAbort", "htmx:afterRequest")
    assert [text for text in complaints if not any(part in text for part in expected)] == []
