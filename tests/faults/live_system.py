"""An installation at work against a provider that keeps its own books: what the fault tests break, and how they judge it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import redis

from bench.installation import ROOT, Installation, free_port, processes_of
from generation.providers import animatic
from generation.providers.base import Request, Shot
from tests.standin import StandIn, State, standing_in
from tests.standin.state import Arrived

PRICE = Decimal("0.4000")
#: Leases and the watchdog's patience in a hurry; the settings that people run with are 20 and 30 s.
QUICK = {"IMAGEAI_LEASE_SECONDS": "5", "IMAGEAI_FROZEN_SECONDS": "15", "IMAGEAI_MEDIA_WORKERS": "2"}


#: Set up first: tests/faults/agent.py imports models.
RUN_AGENT = "import django; django.setup(); from tests.faults.agent import main; main()"


class Agent:
    """tests/faults/agent.py in a process of its own: a method for each of its functions."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN_AGENT],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            assert self.process.stdin
            assert self.process.stdout
            self.process.stdin.write(json.dumps([name, arguments]) + "\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
            if "error" in answer:
                raise RuntimeError(answer["error"])
            return answer["answer"]

        return call

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()
        self.process.kill()
        self.process.wait()


class Workshop:
    """`state` is the provider's; `environment` what worker commands are started with beside the installation's own."""

    def __init__(self, installation: Installation, provider: StandIn) -> None:
        self.installation, self.provider, self.state = installation, provider, provider.state
        self.base = installation.environment | {
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "LOG_LEVEL": "INFO",
            "SORA_BASE_URL": f"{provider.url}/openai/v1",
            "SORA_API_KEY": "any",
            "SORA_PRESET": "openai",
            "SORA_MAX_IN_FLIGHT": "20",
            "SORA_REQUESTS_PER_MINUTE": "10000",
            "OPENAI_API_KEY": "any",
            "OPENAI_BASE_URL": f"{provider.url}/openai/v1",
            "OPENAI_MAX_IN_FLIGHT": "20",
            "OPENAI_REQUESTS_PER_MINUTE": "10000",
        }
        self.more: dict[str, str] = {}
        self.inside = Agent(self.base)

    def close(self) -> None:
        self.kill_work()
        self.inside.close()

    # -- The worker command --------------------------------------------------------------------------------------------

    def work(self, **more: str) -> psutil.Process:
        """A worker command, with the quick settings unless `more` says otherwise; the one that runs where it fits."""
        more = QUICK | more
        if "work" in self.installation.processes:
            if self.is_working and more == self.more:
                return psutil.Process(self.installation.processes["work"].pid)
            self.kill_work()
        self.more = more
        self.installation.environment = self.base | more
        with self.until_it_works():
            return self.installation.start("work")

    @contextmanager
    def until_it_works(self) -> Iterator[None]:
        """Waits for the worker command that is started meanwhile."""
        before = self.inside.newest_worker()["pk"]
        yield
        eventually(lambda: (new := self.inside.newest_worker())["pk"] > before and new["works"], 90, self.log)

    @contextmanager
    def second_work(self, **more: str) -> Iterator[None]:
        """Another worker command beside the first, as on another machine."""
        before = self.inside.newest_worker()["pk"]
        with (self.installation.data / "second.log").open("ab") as log:
            command, environment = [sys.executable, "manage.py", "work"], self.base | QUICK | more
            second = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
        try:
            eventually(lambda: self.inside.newest_worker()["pk"] > before, 60)
            yield
        finally:
            second.terminate()
            second.wait(60)

    @property
    def is_working(self) -> bool:
        process = self.installation.processes.get("work")
        return process is not None and process.poll() is None

    def kill_work(self) -> None:
        """SIGKILL for the command and all its children at once, as when the machine goes off."""
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        if "work" in self.installation.processes:
            self.installation.processes.pop("work").wait()

    def processes(self) -> list[psutil.Process]:
        """All but the one that looks on from inside."""
        return [found for found in processes_of(self.installation.data) if found.pid != self.inside.process.pid]

    def queue(self, name: str) -> psutil.Process:
        """The main process of a queue."""
        work = psutil.Process(self.installation.processes["work"].pid)
        return next(child for child in work.children() if child.cmdline()[-2:] == ["run_queue", name])

    def is_another(self, queue: str, pid: int) -> bool:
        """Whether the queue has a main process that is not this one any more."""
        try:
            return self.queue(queue).pid != pid
        except (StopIteration, psutil.Error):  # it is being replaced
            return False

    def workers_of(self, queue: str, count: int) -> list[psutil.Process]:
        """The processes that execute tasks: the first that the queue's sentinel made."""
        (sentinel,) = self.queue(queue).children()
        return sorted(sentinel.children(), key=lambda child: (child.create_time(), child.pid))[:count]

    def process_behind(self, arrived: Arrived) -> psutil.Process:
        """Who waits for the answer to this request."""
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                for connection in process.net_connections("tcp"):
                    if connection.laddr.port == arrived.port and connection.status == psutil.CONN_ESTABLISHED:
                        return process
        raise LookupError(arrived.operation)

    def arm(self, fault: str) -> Path:
        """Have a fault of planted/ happen once; the file is gone when it has."""
        path = self.installation.data / "armed" / fault
        path.parent.mkdir(exist_ok=True)
        path.touch()
        return path

    def scratch(self) -> Path:
        return self.installation.data / "scratch"

    def log(self) -> str:
        return (self.installation.data / "work.log").read_text()

    # -- What is made --------------------------------------------------------------------------------------------------

    def start_takes(self, count: int = 1, **fields: Any) -> list[int]:
        takes: list[int] = self.inside.start_missing(project=self.inside.make(scenes=count, **fields))
        assert len(takes) == count
        return takes

    def take(self, pk: int) -> dict[str, Any]:
        return next(row for row in self.inside.rows() if row["pk"] == pk)

    def status(self, pk: int) -> str:
        return str(self.take(pk)["status"])

    def until(self, pk: int, *statuses: str, seconds: float = 60) -> dict[str, Any]:
        eventually(lambda: self.status(pk) in statuses, seconds, lambda: f"{self.take(pk)}\n{self.log()[-3000:]}")
        return self.take(pk)

    def pictures(self, pk: int) -> dict[str, Any]:
        return next(row for row in self.inside.pictures() if row["pk"] == pk)

    def until_pictures(self, pk: int, status: str, seconds: float = 60) -> dict[str, Any]:
        eventually(
            lambda: self.pictures(pk)["status"] == status, seconds, lambda: f"{self.pictures(pk)}\n{self.log()[-3000:]}"
        )
        return self.pictures(pk)

    def arrival(self, operation: str, number: int = 1, seconds: float = 60) -> Arrived:
        """The provider's `number`th call of this kind."""
        eventually(lambda: len(self.state.calls(operation)) >= number, seconds, lambda: self.log()[-3000:])
        return self.state.calls(operation)[number - 1]

    def violations(self, *, settled: bool = True) -> list[str]:
        found: list[str] = self.inside.violations(charges=self.state.booked(), settled=settled)
        return found


def eventually(condition: Callable[[], Any], seconds: float, tell: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not come true within {seconds:.0f} s {tell()}"
        time.sleep(0.1)


def make_clip() -> bytes:
    """A small MP4 that can be played."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        shot = Shot(title="A clip", camera_move="pan-right")
        animatic.render(Request("", shot, 320, 180, Decimal(1)), path, lambda fraction: None)
        return path.read_bytes()


@contextmanager
def workshop_open(*, database: str = "", redis_url: str = "", parent: Path | None = None) -> Iterator[Workshop]:
    state = State()
    state.content, state.seconds_needed = make_clip(), 1.0
    with (
        standing_in(state) as provider,
        Installation(database=database, redis=redis_url, static=False, parent=parent) as installation,
    ):
        workshop = Workshop(installation, provider)
        try:
            yield workshop
        finally:
            workshop.close()


class OwnRedis:
    """A Redis server that may be emptied, stopped and started again; it keeps nothing on disk."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.folder = tempfile.mkdtemp(prefix="imageai-redis-")

    def start(self) -> None:
        options = [
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            self.folder,
        ]
        self.process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        eventually(self.answers, 20)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def answers(self) -> bool:
        with redis.Redis.from_url(self.url) as client, contextlib.suppress(redis.ConnectionError):
            return bool(client.ping())
        return False

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()


@contextmanager
def own_redis() -> Iterator[OwnRedis]:
    server = OwnRedis()
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder)


def has_redis() -> bool:
    """With CI=true a missing redis-server is an error, not a reason to skip."""
    found = shutil.which("redis-server") is not None
    assert found or os.environ.get("CI") != "true", "redis-server is missing"
    return found
