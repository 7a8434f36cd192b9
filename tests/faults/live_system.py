"""A running installation and a provider that books its own charges: what the fault tests break and inspect."""

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
from tests.clips import make_long_clip
from tests.standin import StandIn, State, standing_in
from tests.standin.state import Arrived

PRICE = Decimal("0.4000")
#: Short leases and patience of the watchdog; the defaults are 20 and 30 s.
QUICK = {"IMAGEAI_LEASE_SECONDS": "5", "IMAGEAI_FROZEN_SECONDS": "15", "IMAGEAI_MEDIA_WORKERS": "2"}


#: django.setup() comes first: tests/faults/agent.py imports models.
RUN_AGENT = "import django; django.setup(); from tests.faults.agent import main; main()"


class Agent:
    """Calls the functions of tests/faults/agent.py in a process of its own, as methods with keyword arguments.

    Raises RuntimeError if the function raised.
    """

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


class LiveSystem:
    """An installation with one worker command. `state` is the provider's; `base` is the environment of its processes."""

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
        self.worker_settings: dict[str, str] = {}
        self.agent = Agent(self.base)

    def close(self) -> None:
        self.kill_worker()
        self.agent.close()

    # -- The worker command --------------------------------------------------------------------------------------------

    def start_worker(self, **settings: str) -> psutil.Process:
        """Start a worker command, with the quick settings unless `settings` differ. Keeps a running one with the same."""
        settings = QUICK | settings
        if "work" in self.installation.processes:
            if self.is_working and settings == self.worker_settings:
                return psutil.Process(self.installation.processes["work"].pid)
            self.kill_worker()
        self.worker_settings = settings
        self.installation.environment = self.base | settings
        with self.wait_for_worker():
            return self.installation.start("work")

    @contextmanager
    def wait_for_worker(self) -> Iterator[None]:
        """On exit, wait until the worker command started within the block works."""
        before = self.agent.newest_worker()["pk"]
        yield
        wait_until(lambda: (new := self.agent.newest_worker())["pk"] > before and new["works"], 90, self.log)

    @contextmanager
    def second_worker(self, **settings: str) -> Iterator[None]:
        """Run another worker command beside the first, as on another machine."""
        before = self.agent.newest_worker()["pk"]
        with (self.installation.data / "second.log").open("ab") as log:
            command, environment = [sys.executable, "manage.py", "work"], self.base | QUICK | settings
            second = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
        try:
            wait_until(lambda: self.agent.newest_worker()["pk"] > before, 60)
            yield
        finally:
            second.terminate()
            second.wait(60)

    @property
    def is_working(self) -> bool:
        process = self.installation.processes.get("work")
        return process is not None and process.poll() is None

    def kill_worker(self) -> None:
        """SIGKILL the command and all its children at once, as when the machine loses power."""
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        if "work" in self.installation.processes:
            self.installation.processes.pop("work").wait()

    def processes(self) -> list[psutil.Process]:
        """Every process of the installation except the agent."""
        return [each for each in processes_of(self.installation.data) if each.pid != self.agent.process.pid]

    def queue(self, name: str) -> psutil.Process:
        """The main process of a queue."""
        work = psutil.Process(self.installation.processes["work"].pid)
        return next(child for child in work.children() if child.cmdline()[-2:] == ["run_queue", name])

    def is_replaced(self, queue: str, pid: int) -> bool:
        """Whether the queue has a main process other than `pid`."""
        try:
            return self.queue(queue).pid != pid
        except (StopIteration, psutil.Error):  # it is being replaced
            return False

    def workers_of(self, queue: str, count: int) -> list[psutil.Process]:
        """The processes that execute tasks: the first `count` that the queue's sentinel started."""
        (sentinel,) = self.queue(queue).children()
        return sorted(sentinel.children(), key=lambda child: (child.create_time(), child.pid))[:count]

    def find_requester(self, arrived: Arrived) -> psutil.Process:
        """The process that waits for the answer to this request."""
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                for connection in process.net_connections("tcp"):
                    if connection.laddr.port == arrived.port and connection.status == psutil.CONN_ESTABLISHED:
                        return process
        raise LookupError(arrived.operation)

    def arm(self, fault: str) -> Path:
        """Make a fault of planted/ happen once; the returned file disappears when it happens."""
        path = self.installation.data / "armed" / fault
        path.parent.mkdir(exist_ok=True)
        path.touch()
        return path

    def scratch(self) -> Path:
        return self.installation.data / "scratch"

    def log(self) -> str:
        return (self.installation.data / "work.log").read_text()

    # -- Takes and images ----------------------------------------------------------------------------------------------

    def start_takes(self, count: int = 1, **fields: Any) -> list[int]:
        takes: list[int] = self.agent.generate_missing(project=self.agent.create_project(scenes=count, **fields))
        assert len(takes) == count
        return takes

    def take(self, pk: int) -> dict[str, Any]:
        return next(row for row in self.agent.list_takes() if row["pk"] == pk)

    def status(self, pk: int) -> str:
        return str(self.take(pk)["status"])

    def wait_for(self, pk: int, *statuses: str, seconds: float = 60) -> dict[str, Any]:
        wait_until(lambda: self.status(pk) in statuses, seconds, lambda: f"{self.take(pk)}\n{self.log()[-3000:]}")
        return self.take(pk)

    def image_job(self, pk: int) -> dict[str, Any]:
        return next(row for row in self.agent.list_image_jobs() if row["pk"] == pk)

    def wait_for_images(self, pk: int, status: str, seconds: float = 60) -> dict[str, Any]:
        wait_until(
            lambda: self.image_job(pk)["status"] == status,
            seconds,
            lambda: f"{self.image_job(pk)}\n{self.log()[-3000:]}",
        )
        return self.image_job(pk)

    def wait_for_call(self, operation: str, number: int = 1, seconds: float = 60) -> Arrived:
        """Wait for the `number`th call of this operation at the provider."""
        wait_until(lambda: len(self.state.calls(operation)) >= number, seconds, lambda: self.log()[-3000:])
        return self.state.calls(operation)[number - 1]

    def find_violations(self, *, settled: bool = True) -> list[str]:
        violations: list[str] = self.agent.find_violations(charges=self.state.booked(), settled=settled)
        return violations


def wait_until(condition: Callable[[], Any], seconds: float, describe: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not come true within {seconds:.0f} s {describe()}"
        time.sleep(0.1)


@contextmanager
def open_live_system(*, database: str = "", redis_url: str = "", parent: Path | None = None) -> Iterator[LiveSystem]:
    state = State()
    state.content, state.seconds_needed = make_long_clip(), 1.0
    with (
        standing_in(state) as provider,
        Installation(database=database, redis=redis_url, static=False, parent=parent) as installation,
    ):
        live_system = LiveSystem(installation, provider)
        try:
            yield live_system
        finally:
            live_system.close()


class OwnRedis:
    """A Redis server that tests may empty, stop and start again; it keeps nothing on disk."""

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
        wait_until(self.answers, 20)

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
    is_installed = shutil.which("redis-server") is not None
    assert is_installed or os.environ.get("CI") != "true", "redis-server is missing"
    return is_installed
