"""A real installation, started with script/server as anybody would, and a real browser in front of it."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from bench.installation import ROOT, clean_environment, free_port, processes_of

BROWSER = os.environ.get("TEST_BROWSER") or shutil.which("chromium") or ""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]

Viewport = dict[str, int]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
            item.add_marker(pytest.mark.timeout(240))
            if not BROWSER:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


@cache
def prepared() -> Path:
    """A data directory with the database and static files of a new installation, to be copied: making them takes seconds."""
    data = Path(tempfile.mkdtemp(prefix="imageai-new-"))
    atexit.register(shutil.rmtree, data, ignore_errors=True)
    for command in (["migrate"], ["collectstatic", "--no-input"]):
        subprocess.run(
            [sys.executable, ROOT / "manage.py", *command, "--verbosity", "0"],
            env=clean_environment() | {"IMAGEAI_DATA": str(data)},
            check=True,
        )
    return data


class Server:
    """One `script/server`, with its own data directory."""

    def __init__(self, data: Path, **more: str) -> None:
        """`more` are further environment variables."""
        self.data, self.more = data, more
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = data.parent / f"server-{self.port}.log"

    def start(self) -> str:
        """Start, or start again on the same data; returns the sign-in link it prints."""
        if not self.data.exists():
            shutil.copytree(prepared(), self.data)
        environment = clean_environment() | {"PORT": str(self.port), "IMAGEAI_DATA": str(self.data)} | self.more
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [ROOT / "script" / "server"], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            if link := re.search(r"^Sign in: (\S+)$", self.output(), re.MULTILINE):
                return link[1]
            time.sleep(0.1)
        raise AssertionError(f"script/server did not start:\n{self.output()}")

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


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def make(**more: str) -> Server:
        servers.append(Server(tmp_path / f"data-{len(servers)}", **more))
        return servers[-1]

    yield make
    for server in servers:
        if server.process.poll() is None:
            server.stop()


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
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
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
