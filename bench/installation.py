"""A temporary installation for benchmarks and fault tests: its own data directory, database, port and processes.

A benchmark that needs several (such as SQLite and PostgreSQL) measures each in its own process with `measure_apart`, because
Django is set up once per process. Everything is removed at the end, also after Ctrl-C.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg

if TYPE_CHECKING:
    from projects.models import Project, Scene
    from teams.models import Team, User

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = "postgres://postgres@127.0.0.1:5432/"
REDIS = "redis://127.0.0.1:6379/15"
#: Variables that the application reads: they could lead to the caller's own data or settings.
_SETTINGS = (
    "IMAGEAI_",
    "DATABASE_",
    "REDIS_",
    "DJANGO_",
    "SECRET_KEY",
    "HTTPS",
    "BEHIND_PROXY",
    "PROXY_COUNT",
    "DEBUG",
    "LOG_LEVEL",
    "OIDC_",
)
#: The caller's accounts at providers must not be used: they cost money.
_ACCOUNTS = ("OPENAI_", "SORA_", "GEMINI_", "GOOGLE_", "VEO_", "OPENROUTER_")
_SHORT_NAMES = ("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "EMAIL_URL", "TIME_ZONE", "PORT", "HOST", "VIRTUAL_ENV")


def clean_environment() -> dict[str, str]:
    """The caller's environment without anything that the application reads."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith((*_SETTINGS, *_ACCOUNTS)) and name not in _SHORT_NAMES
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def processes_of(data: Path) -> list[psutil.Process]:
    """Every other running process that works on this data directory, including orphans."""
    running = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get("IMAGEAI_DATA") == str(data):
                running.append(process)
    return [process for process in running if process.pid != os.getpid()]


def kill_processes_of(data: Path) -> None:
    for process in processes_of(data):
        with contextlib.suppress(psutil.Error):
            process.kill()


class Installation:
    """A migrated database, collected static files, and on request the processes of the Procfile."""

    def __init__(
        self,
        *,
        database: str = "",
        redis: str = "",
        static: bool = True,
        parent: Path | None = None,
        migrate: bool = True,
    ) -> None:
        """`database` is a PostgreSQL server, on which a database is created and dropped; without it SQLite is used.

        The data directory is created in `parent`. Pages need `static` files.
        Without `migrate` the database stays empty.
        """
        self.server, self.redis, self.static, self.parent, self.migrate = database, redis, static, parent, migrate
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database_name = f"imageai_bench_{secrets.token_hex(4)}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Installation:
        clean_up_when_terminated()
        self.data = Path(tempfile.mkdtemp(prefix="imageai-bench-", dir=self.parent)).resolve()
        if self.server:
            with psycopg.connect(self.server, autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{self.database_name}"'.encode())
            database = urlunsplit(urlsplit(self.server)._replace(path=f"/{self.database_name}"))
        else:
            database = f"sqlite:///{self.data / 'db.sqlite3'}"
        self.environment = clean_environment() | {
            "IMAGEAI_DATA": str(self.data),
            "DATABASE_URL": database,
            "REDIS_URL": self.redis,
            "HTTPS": "false",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
        }
        try:
            self.empty_redis()
            if self.migrate:
                self.manage("migrate", "--verbosity", "0")
            if self.static:
                self.manage("collectstatic", "--no-input", "--verbosity", "0")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.processes):
            self.stop(name)
        kill_processes_of(self.data)
        self.empty_redis()
        if self.server:
            if "django" in sys.modules:
                from django.db import connections

                connections.close_all()
            with psycopg.connect(self.server, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{self.database_name}" WITH (FORCE)'.encode())
        shutil.rmtree(self.data)

    def empty_redis(self) -> None:
        if self.redis:
            import redis

            with redis.Redis.from_url(self.redis) as client:
                client.flushdb()

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        subprocess.run(command, env=self.environment, cwd=ROOT, check=True)

    def use_orm(self) -> None:
        """Set up Django in this process for this installation's database. Once per process."""
        os.environ.clear()
        os.environ.update(self.environment | {"DJANGO_SETTINGS_MODULE": "imageai_web.settings"})
        import django

        django.setup()

    # -- Processes -----------------------------------------------------------------------------------------------------

    def start(self, name: str) -> psutil.Process:
        """Start the process that the Procfile calls `name`; its output goes to a file."""
        lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if line)
        with (self.data / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                ["sh", "-c", f"exec {lines[name]}"], env=self.environment, cwd=ROOT, stdout=log, stderr=log
            )
        if name == "web":
            wait_for_answer(f"{self.url}/healthz")
        return psutil.Process(self.processes[name].pid)

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            print(f"{name} did not stop within 15 s.", file=sys.stderr)
            process.kill()
            process.wait()
        for line in (self.data / f"{name}.log").read_text().splitlines():
            if "WARNING" in line or "ERROR" in line or "Error" in line:
                print(f"{name}: {line}", file=sys.stderr)


def wait_for_answer(url: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(url, timeout=2).close()
            return
        time.sleep(0.02)
    raise TimeoutError(f"{url} did not answer within {seconds:.0f} s.")


# -- Its data; after use_orm() -----------------------------------------------------------------------------------------


def make_team(people_per_role: int = 1) -> tuple[Team, list[User]]:
    """Create a team and its members: owner, editor, viewer, owner, ..."""
    from teams.models import Role, Team, User

    team = Team.objects.create(name="Night shift")
    people = []
    for number in range(people_per_role):
        for role in (Role.OWNER, Role.EDITOR, Role.VIEWER):
            user = User.objects.create_user(f"{role}{number}@example.com", name=f"{role.label} {number}")
            team.add(user, role)
            people.append(user)
    return team, people


def session_of(user: User) -> str:
    """Return the value of a session cookie that signs this user in."""
    from django.test import Client

    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def make_storyboard(team: Team, user: User, *, scenes: int, takes: int = 0) -> tuple[Project, list[Scene]]:
    """Create a project with realistic scenes, each with `takes` finished takes, the last of them selected."""
    from generation import catalogue
    from generation.models import Generation
    from generation.states import Status
    from projects import sample
    from projects.models import Project, Scene

    project = Project.objects.create(team=team, title=f"{scenes} scenes", created_by=user)
    texts = [sample.SCENES[number % len(sample.SCENES)] | {"duration": Decimal(4)} for number in range(scenes)]
    rows = Scene.objects.bulk_create(
        Scene(project=project, position=position, **text) for position, text in enumerate(texts, start=1)
    )
    model = catalogue.default_video_model()
    for scene in rows:
        for number in range(1, takes + 1):
            Generation.objects.create(
                **take_fields(scene, user, model),
                number=number,
                is_selected=number == takes,
                status=Status.COMPLETED,
                progress=100,
                actual_cost=Decimal(0),
                clip=f"takes/{scene.pk}-{number}/clip.mp4",
                poster=f"takes/{scene.pk}-{number}/poster.webp",
                clip_bytes=1_500_000,
                clip_seconds=Decimal(4),
            )
    return project, rows


def take_fields(scene: Scene, user: User, model: Any) -> dict[str, Any]:
    """The fields that every take of this scene has, whatever its status."""
    from generation.quoting.freshness import request_digest

    width, height = scene.project.frame_size
    return {
        "scene": scene,
        "created_by": user,
        "provider": model.provider,
        "model_id": model.id,
        "shot": scene.shot(),
        "scene_digest": request_digest(scene, model),
        "width": width,
        "height": height,
        "duration": scene.duration,
        "estimated_cost": Decimal(0),
    }


# -- Measuring and printing --------------------------------------------------------------------------------------------


def measure_apart(script: str, task: dict[str, Any]) -> Any:
    """Run `script --task JSON` in its own process and return what it prints, which is JSON too."""
    command = [sys.executable, script, "--task", json.dumps(task)]
    with subprocess.Popen(command, env=clean_environment(), stdout=subprocess.PIPE) as process:
        try:
            output, _ = process.communicate()
        except BaseException:
            process.terminate()  # SIGTERM, so that it removes its installation
            raise
    if process.returncode:
        raise SystemExit(f"{Path(script).name} failed at {task}.")
    return json.loads(output)


def clean_up_when_terminated() -> None:
    """Make SIGTERM raise SystemExit, so that everything is removed as after Ctrl-C."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, on_signal)


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that `percent` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print an aligned table: text to the left, numbers to the right."""
    cells = [[str(cell) for cell in row] for row in [headings, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    numeric = [all(row[column][:1] in "-0123456789" for row in cells[1:]) for column in range(len(headings))]
    for row in cells:
        columns = zip(row, widths, numeric, strict=True)
        print("  ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in columns).rstrip())
