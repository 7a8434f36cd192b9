"""The base of `manage.py video` and `manage.py image`: common options, and work on one row until it is finished.

The command is one more worker for its row: it takes the steps that are due, and waits while another worker holds the
lease. Progress goes to standard error; standard output carries only the result.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
from abc import ABC, abstractmethod
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models.fields.files import FieldFile
from django.db.models.functions import Now

from core.money import CURRENCY
from core.numbers import MAX_ID, read_integer
from generation.catalogue import Model
from generation.connections import GivenKey, Roster, roster_for
from generation.management.arguments import Exit, UsageError, check_output, find_user
from generation.management.fresh import SelfPreparingCommand
from generation.models import Generation, ImageJob, Job
from generation.providers.registry import is_local
from generation.states import Status
from generation.takes.failures import explain_failure
from projects.models import LONG_TEXT, Project, Scene
from teams.models import Team, User

LOOK_EVERY_SECONDS = 0.2
EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 invalid request (nothing started), 3 status unknown, 130 interrupted."

Row = TypeVar("Row", bound=Job)


@dataclass(frozen=True)
class Choice:
    """The model to use, and the team that keeps the result."""

    team: Team
    model: Model
    roster: Roster


class JobCommand(SelfPreparingCommand, ABC, Generic[Row]):
    """Creates or resumes one row, works on it until it is finished, and writes its files."""

    #: As in “manage.py <name>”.
    name: ClassVar[str]
    #: The message in JSON if argparse ends the process before `handle` runs.
    usage_message = "Invalid arguments; see standard error."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("-p", "--prompt", default="", help="what it shows")
        parser.add_argument(
            "-o",
            "--output",
            type=Path,
            help="file to write (default: keep in storage only); images are numbered x-1.png ...",
        )
        parser.add_argument("--overwrite", action="store_true", help="replace the output file if it exists")
        parser.add_argument(
            "--api-key", help="use instead of the configured key; other users of this machine can see it"
        )
        parser.add_argument("--as", dest="user", metavar="EMAIL", help="act as this user (default: the first owner)")
        parser.add_argument("--team", help="keep the result in this team (default: the user's first)")
        parser.add_argument("--yes", action="store_true", help="start without confirming the price")
        parser.add_argument(
            "--resume", type=partial(read_integer, most=MAX_ID), metavar="ID", help="continue an interrupted generation"
        )
        parser.add_argument("--json", action="store_true", help="print only the result, as JSON")

    @abstractmethod
    def find_row(self, row_id: int, user: User) -> Row:
        """Raises UsageError if the user's teams have no such row."""

    @abstractmethod
    def choose_model(self, options: dict[str, Any], user: User, key: GivenKey | None) -> Choice:
        """Raises UsageError. The model may still turn out to be unavailable to the team."""

    @abstractmethod
    def create_row(self, options: dict[str, Any], user: User, choice: Choice) -> Row:
        """Raises UsageError or ValidationError, and then leaves nothing behind."""

    @abstractmethod
    def step(self, row_id: int, key: GivenKey | None) -> None:
        """Take the row's next step, unless another worker holds it."""

    @abstractmethod
    def files(self, row: Row) -> list[FieldFile]: ...

    @abstractmethod
    def describe(self, row: Row, written: list[str]) -> dict[str, Any]:
        """JSON fields in addition to those that every row has."""

    def find_provider(self, options: dict[str, Any], user: User) -> str:
        return self.choose_model(options, user, None).model.provider

    def count_files(self, options: dict[str, Any], row: Row | None) -> int:
        return 1

    def run_from_argv(self, argv: list[str]) -> None:
        self.wants_json = "--json" in argv
        try:
            super().run_from_argv(argv)
        except SystemExit as end:
            if end.code == Exit.USAGE and self.wants_json:
                self.print_json({"id": None, "error": error_fields("usage", self.usage_message)})
            raise

    def handle(self, *args: Any, **options: Any) -> None:
        self.wants_json = options["json"]
        try:
            user, secret = find_user(options["user"]), options["api_key"]
            key = GivenKey(self.find_key_provider(options, user), secret) if secret else None
            row = self.open_row(options, user, key)
        except (UsageError, ValidationError) as error:
            messages = error.messages if isinstance(error, ValidationError) else [str(error)]
            self.usage_message = " ".join(messages)
            sys.stderr.write(f"{self.usage_message}\n")
            sys.exit(Exit.USAGE)
        sys.exit(self.finish(row, options, key))

    def find_key_provider(self, options: dict[str, Any], user: User) -> str:
        """Return the provider that --api-key is for. Raises UsageError if it needs no key."""
        if options["resume"] is not None:
            provider = self.find_row(options["resume"], user).provider
        else:
            provider = self.find_provider(options, user)
        if is_local(provider):
            raise UsageError(
                "The local animatic needs no key. Leave out --api-key, or choose a model or provider that needs one."
            )
        return provider

    def open_row(self, options: dict[str, Any], user: User, key: GivenKey | None) -> Row:
        resumed = None if options["resume"] is None else self.find_row(options["resume"], user)
        # Before anything is paid for: a result that cannot be written would be found out too late.
        for path in numbered_paths(options["output"], self.count_files(options, resumed)):
            check_output(path, overwrite=options["overwrite"])
        return resumed or self.create_row(options, user, self.choose_model(options, user, key))

    def finish(self, row: Row, options: dict[str, Any], key: GivenKey | None) -> Exit:
        progress, output = Progress(), options["output"]
        resume = f"manage.py {self.name} --resume {row.pk}" + (f" -o {output}" if output else "")
        try:
            run_to_end(row, partial(self.step, key=key), progress.show)
        except Interrupted:
            progress.end()
            sys.stderr.write(f"Interrupted. To continue: {resume}\n")
        progress.end()
        written = self.write_files(row, options) if row.is_done else []
        explain(row)
        if options["json"]:
            common = {
                "id": row.pk,
                "status": row.status,
                "model": row.model_id,
                "provider": row.provider,
                "cost": row.actual_cost,
                "currency": CURRENCY,
                "error": describe_error(row),
                "resume": resume if row.is_active else None,
            }
            self.print_json(common | self.describe(row, written))
        elif written:
            self.stdout.write("\n".join(written))
        return exit_code(row)

    def write_files(self, row: Row, options: dict[str, Any]) -> list[str]:
        # Return the paths of the output files; without --output, those of the stored files.
        files = self.files(row)
        if options["output"] is None:
            return [file.path for file in files]
        paths = numbered_paths(options["output"], self.count_files(options, row))[: len(files)]
        for file, path in zip(files, paths, strict=True):
            with file.open("rb") as source:
                write_file(source, path)
        return [str(path) for path in paths]

    def print_json(self, values: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(values, default=str))


# -- Before it starts --------------------------------------------------------------------------------------------------


def numbered_paths(output: Path | None, count: int) -> list[Path]:
    # Name several files x-1.png, x-2.png ...
    if output is None:
        return []
    return [output] if count == 1 else [output.with_stem(f"{output.stem}-{number}") for number in range(1, count + 1)]


def create_scene(team: Team, user: User, prompt: str, aspect_ratio: str = "16:9", **fields: Any) -> Scene:
    """Create a scene in the team's project for command line results; there is one per aspect ratio.

    Each result gets its own scene: images kept by the project itself would be references of every clip in it.
    """
    title, prompt = f"Command line {aspect_ratio}", prompt.strip()
    project = Project.objects.live().filter(team=team, title=title, aspect_ratio=aspect_ratio).first()
    if project is None:
        project = Project.objects.create(team=team, title=title, aspect_ratio=aspect_ratio, created_by=user)
    position = project.scenes.filter(deleted_at=None).count() + 1
    scene = Scene(project=project, position=position, title=prompt[:60], action=prompt[:LONG_TEXT], **fields)
    scene.save()
    return scene


def command_roster(team: Team, key: GivenKey | None = None) -> Roster:
    # Put the environment's connections first: the administrator who runs the command has set them up for it.
    return roster_for(team.pk, key=key, environment_first=True)


def find_model(model_id: str, kind: str, roster: Roster) -> Model:
    model = roster.models.get(model_id)
    if model is None or model.kind != kind:
        raise UsageError(f"No {kind} model is called {model_id}. Run “manage.py models” for the list.")
    return model


def confirm_price(price: str, *, yes: bool) -> None:
    """Ask before money is spent. Raises UsageError without a yes.

    Call outside any transaction: it waits for a person.
    """
    if yes:
        return
    sentence = f"This costs {price}."
    if not sys.stdin.isatty():
        raise UsageError(f"{sentence} Add --yes to start.")
    sys.stderr.write(f"{sentence} Generate? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("Nothing was started.")


# -- While it runs -----------------------------------------------------------------------------------------------------


class Interrupted(Exception):
    """Ctrl-C or SIGTERM: the row keeps its state, and any worker may continue it."""


def run_to_end(row: Job, step: Callable[[int], None], show: Callable[[Job], None]) -> None:
    """Take the row's steps until it is finished. Raises Interrupted."""
    due = Generation.objects.due() if isinstance(row, Generation) else ImageJob.objects.due()
    with Signals() as signals, connection.execute_wrapper(signals.hold_during_sql):
        try:
            while True:
                row.refresh_from_db()
                show(row)
                if not row.is_active:
                    return
                if not due.filter(pk=row.pk).exists():
                    time.sleep(LOOK_EVERY_SECONDS)
                elif row.status == Status.QUEUED and not is_local(row.provider):
                    signals.hold_during(lambda: step(row.pk))
                else:
                    step(row.pk)
        except KeyboardInterrupt:
            # The signal may have cut a COMMIT short, which leaves the connection unusable.
            connection.close()
            # Workers sign their leases; an unsigned one is this command's. Freed now, it need not wait for its expiry.
            type(row)._default_manager.filter(pk=row.pk, leased_by=None).exclude(lease_token=None).update(
                lease_token=None, lease_expires_at=None, next_step_at=Now()
            )
            row.refresh_from_db()
            raise Interrupted from None


class Signals:
    """Within the block, SIGINT and SIGTERM raise KeyboardInterrupt. Python delivers signals only to the main thread."""

    def __init__(self) -> None:
        self.is_holding = self.is_pending = self.in_statement = self.must_stop = False

    def __enter__(self) -> Signals:
        is_main = threading.current_thread() is threading.main_thread()
        # A shell script ignores SIGINT for commands that it starts in the background: they keep running.
        handled = [n for n in (signal.SIGINT, signal.SIGTERM) if is_main and signal.getsignal(n) != signal.SIG_IGN]
        self.previous = {number: signal.signal(number, self.interrupt) for number in handled}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.previous.items():
            signal.signal(number, handler)

    def interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.is_holding and not self.is_pending:
            self.is_pending = True
            sys.stderr.write("\nWaiting for the provider's answer, to keep the clip. Press Ctrl-C again to stop now.\n")
            return
        self.must_stop = True
        self._stop_if_asked()

    def hold_during(self, action: Callable[[], None]) -> None:
        # Delay the first signal until the action ends: a paid request whose answer is lost is charged for nothing.
        self.is_holding = True
        try:
            action()
        finally:
            self.is_holding = False
        if self.is_pending:
            raise KeyboardInterrupt

    def hold_during_sql(self, execute: Callable[..., Any], *statement: Any) -> Any:
        """Delay every signal until the statement ends; a wrapper for `connection.execute_wrapper`.

        A statement cut short leaves psycopg's connection unusable, and SQLite answers with an error of its own.
        """
        self.in_statement = True
        try:
            result = execute(*statement)
        finally:
            self.in_statement = False
        self._stop_if_asked()
        return result

    def _stop_if_asked(self) -> None:
        if self.must_stop and not self.in_statement:
            self.must_stop = False
            raise KeyboardInterrupt


class Progress:
    """One line on standard error, rewritten on a terminal; elsewhere a new line for each change."""

    def __init__(self) -> None:
        self.shown = ""

    def show(self, row: Job) -> None:
        line = str(row.get_status_display())
        if isinstance(row, Generation) and row.status == Status.RUNNING:
            line += f" {row.progress if sys.stderr.isatty() else row.progress // 10 * 10} %"
        if row.waiting_for and row.is_active:
            line += f": {row.waiting_for}"
        if line != self.shown:
            self.shown = line
            sys.stderr.write(f"\r\033[K{line}" if sys.stderr.isatty() else f"{line}\n")
            sys.stderr.flush()

    def end(self) -> None:
        if self.shown and sys.stderr.isatty():
            sys.stderr.write("\n")
        self.shown = ""


# -- When it is finished -----------------------------------------------------------------------------------------------


def exit_code(row: Job) -> Exit:
    if row.is_active:
        return Exit.INTERRUPTED
    return {Status.COMPLETED: Exit.DONE, Status.UNKNOWN: Exit.UNKNOWN}.get(Status(row.status), Exit.FAILED)


def describe_error(row: Job) -> dict[str, str] | None:
    if failure := explain_failure(row):
        fields = error_fields(row.error_kind, row.error_message, money=failure.money, next_step=failure.next_step)
        return fields | {"code": row.error_code, "request_id": row.error_request_id}
    return error_fields("cancelled", "Cancelled.") if row.status == Status.CANCELLED else None


def error_fields(kind: str, message: str, *, money: str = "", next_step: str = "") -> dict[str, str]:
    return {"kind": kind, "message": message, "code": "", "request_id": "", "money": money, "next_step": next_step}


def explain(row: Job) -> None:
    # Write to standard error why there is no result, what was charged and what to do next.
    if error := describe_error(row):
        can_resolve = row.status == Status.UNKNOWN and isinstance(row, Generation)
        command = f"Or run: manage.py resolve {row.pk} --help" if can_resolve else ""
        message = error["message"] or str(row.status)
        parts = (
            message if message.endswith((".", "!", "?")) else f"{message}.",
            error["money"],
            error["next_step"],
            command,
        )
        sys.stderr.write(" ".join(part for part in parts if part) + "\n")
    elif isinstance(row, Generation) and row.differences:
        sys.stderr.write(" ".join(row.differences) + "\n")


def write_file(source: FieldFile, path: Path) -> None:
    # Copy an open file so that `path` is either unchanged or complete.
    partial = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        with partial.open("wb") as target:
            shutil.copyfileobj(source, target)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
