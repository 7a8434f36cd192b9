"""What the commands that make clips and pictures share: who acts, where things go, how they are driven, said and ended.

A command is one more worker for one row: it takes the steps that are due and free, and watches where another worker holds
the lease. Progress goes to standard error; standard output carries the result alone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import IntEnum
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.management.base import BaseCommand
from django.db.models.functions import Now

from core.money import CURRENCY
from generation import connections
from generation.models import Advancing, Generation, ImageGeneration
from generation.providers.registry import is_local
from generation.states import Status
from generation.takes.failures import failure_of
from projects import references
from projects.models import Project
from teams.models import Role, Team, User

LOOK_EVERY_SECONDS = 0.2

Row = TypeVar("Row", bound=Advancing)


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    USAGE = 2
    UNKNOWN = 3
    INTERRUPTED = 130


class Usage(Exception):
    """What was asked for cannot be done; the sentence names the fix. Nothing was started."""


# -- Who and where -----------------------------------------------------------------------------------------------------


def acting_person(email: str | None) -> User:
    if email:
        person = User.objects.filter(email__iexact=email, is_active=True).first()
        if person is None:
            raise Usage(f"Nobody here has the address {email}.")
        return person
    person = User.objects.filter(memberships__role=Role.OWNER, is_active=True).order_by("pk").first()
    if person is None:
        raise Usage("Nobody owns a team here yet. Run “manage.py setup” first.")
    return person


def working_team(person: User, name: str | None) -> Team:
    teams = Team.objects.filter(memberships__user=person, memberships__role__in=[Role.EDITOR, Role.OWNER])
    team = (teams.filter(name=name) if name else teams).order_by("pk").first()
    if team is None:
        raise Usage(f"{person} edits in no team{f' called {name}' if name else ''} here.")
    return team


def team_called(name: str) -> Team:
    """For whoever runs the server, whichever teams they are in. Raises Usage."""
    found = Team.objects.filter(name=name).order_by("pk")
    if not found:
        raise Usage(f"There is no team called {name} here.")
    if len(found) > 1:
        raise Usage(f"There are {len(found)} teams called {name} here.")
    return found[0]


def command_project(team: Team, person: User, aspect_ratio: str = "16:9") -> Project:
    """Where what commands make is kept, one project per shape."""
    title = f"Command line {aspect_ratio}"
    found = Project.objects.live().filter(team=team, title=title, aspect_ratio=aspect_ratio).first()
    return found or Project.objects.create(team=team, title=title, aspect_ratio=aspect_ratio, created_by=person)


def picture_from(path: Path) -> ContentFile[bytes]:
    try:
        with path.open("rb") as file:
            return references.cleaned(file, path.stat().st_size)
    except OSError as error:
        raise Usage(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise Usage(f"{path}: {' '.join(error.messages)}") from error


def check_output(path: Path | None, *, overwrite: bool) -> None:
    if path is None:
        return
    if path.is_dir():
        raise Usage(f"{path} is a folder; name a file in it.")
    if not path.absolute().parent.is_dir():
        raise Usage(f"There is no folder {path.absolute().parent}.")
    if path.exists() and not overwrite:
        raise Usage(f"{path} exists; add --overwrite.")


def agree(price: str, *, yes: bool, is_free: bool) -> None:
    """Nothing is bought that nobody agreed to."""
    if is_free or yes:
        return
    if not sys.stdin.isatty():
        raise Usage(f"It costs {price}; add --yes to start it.")
    sys.stderr.write(f"Generate for {price}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Usage("Nothing was started.")


# -- Driving -----------------------------------------------------------------------------------------------------------


class Interrupted(Exception):
    """Somebody pressed Ctrl-C; the row goes on where it is."""


def drive(row: Advancing, step: Callable[[int], None], say: Callable[[Advancing], None]) -> None:
    """Take the row's steps until it is over. Raises Interrupted.

    What is being bought is not interrupted: whoever presses Ctrl-C while it is sent is heard once the answer is there.
    """
    rows = type(row)._default_manager
    due = Generation.objects.due() if isinstance(row, Generation) else ImageGeneration.objects.due()
    with _as_interrupt(signal.SIGTERM):
        try:
            while True:
                row.refresh_from_db()
                say(row)
                if not row.is_active:
                    return
                if not due.filter(pk=row.pk).exists():
                    time.sleep(LOOK_EVERY_SECONDS)
                elif row.status == Status.QUEUED and not is_local(row.provider):
                    with _heard_afterwards():
                        step(row.pk)
                else:
                    step(row.pk)
        except KeyboardInterrupt:
            # Workers sign their leases; one that is not signed is this command's.
            rows.filter(pk=row.pk, leased_by=None).exclude(lease_token=None).update(
                lease_token=None, lease_expires_at=None, next_step_at=Now()
            )
            row.refresh_from_db()
            raise Interrupted from None


@contextmanager
def _heard_afterwards() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until the block is over; pressed again, they do not. Only the main thread hears them."""
    heard: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if heard:
            raise KeyboardInterrupt
        heard.append(number)
        sys.stderr.write("\nWaiting for the provider's answer; it is kept. Press again to stop at once.\n")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if heard:
        raise KeyboardInterrupt


@contextmanager
def _as_interrupt(number: signal.Signals) -> Iterator[None]:
    """The signal ends what goes on as Ctrl-C does; only the main thread can be told so."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(number, interrupt)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(number, before)


class Progress:
    """One line on standard error: rewritten on a terminal, else a new one whenever something happened."""

    def __init__(self) -> None:
        self.said = ""

    def __call__(self, row: Advancing) -> None:
        line = str(row.get_status_display())
        if isinstance(row, Generation) and row.status == Status.RUNNING:
            line += f" {row.progress if sys.stderr.isatty() else row.progress // 10 * 10} %"
        if row.waiting_for and row.is_active:
            line += f": {row.waiting_for}"
        if line != self.said:
            self.said = line
            sys.stderr.write(f"\r\033[K{line}" if sys.stderr.isatty() else f"{line}\n")
            sys.stderr.flush()

    def end(self) -> None:
        if self.said and sys.stderr.isatty():
            sys.stderr.write("\n")


# -- Ending ------------------------------------------------------------------------------------------------------------


def exit_of(row: Advancing) -> Exit:
    if row.is_active:
        return Exit.INTERRUPTED
    return {Status.COMPLETED: Exit.DONE, Status.UNKNOWN: Exit.UNKNOWN}.get(Status(row.status), Exit.FAILED)


def error_of(row: Advancing) -> dict[str, str] | None:
    if failure := failure_of(row):
        return {
            "kind": row.error_kind,
            "message": row.error_message,
            "code": row.error_code,
            "request_id": row.error_request_id,
            "money": failure.money,
            "next_step": failure.next_step,
        }
    if row.status == Status.CANCELLED:
        return usage_error("It was cancelled.", kind="cancelled")
    return None


def usage_error(message: str, kind: str = "usage") -> dict[str, str]:
    return {"kind": kind, "message": message, "code": "", "request_id": "", "money": "", "next_step": ""}


def explain(row: Advancing) -> None:
    """Why there is no result, on standard error."""
    if error := error_of(row):
        answer = (
            f"Or: manage.py look {row.pk} --help"
            if row.status == Status.UNKNOWN and isinstance(row, Generation)
            else ""
        )
        parts = (error["message"] or str(row.status), error["money"], error["next_step"], answer)
        sys.stderr.write(" ".join(part for part in parts if part) + "\n")


def write_whole(source: Any, path: Path) -> None:
    """Copy an open file to `path`, which is either as before or complete."""
    with tempfile.NamedTemporaryFile(dir=path.absolute().parent, prefix=f".{path.name}-", delete=False) as target:
        try:
            for chunk in source.chunks():
                target.write(chunk)
            target.flush()
            os.chmod(target.name, 0o644)
            os.replace(target.name, path)
        except BaseException:
            os.unlink(target.name)
            raise


# -- The commands themselves -------------------------------------------------------------------------------------------


class MakingCommand(BaseCommand, ABC, Generic[Row]):
    """Asks for one row, or resumes one, drives it until it is over and hands out what it made."""

    #: As in “manage.py <name>”.
    name: ClassVar[str]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--overwrite", action="store_true", help="replace the output where it exists")
        parser.add_argument("--api-key", help="goes before the environment's; seen by others on this machine")
        parser.add_argument("--as", dest="person", metavar="EMAIL", help="who asks (default: the first owner)")
        parser.add_argument("--team", help="where it is kept")
        parser.add_argument("--yes", action="store_true", help="start it whatever it costs")
        parser.add_argument("--resume", type=int, metavar="ID", help="go on with what was interrupted")
        parser.add_argument("--json", action="store_true", help="print the result as JSON, and nothing else")

    @abstractmethod
    def provider_of(self, options: dict[str, Any]) -> str:
        """Whose the key of --api-key is, by everything else that is given. Raises Usage."""

    @abstractmethod
    def row_of(self, options: dict[str, Any]) -> Row:
        """The row to drive: a new one, or the one that is resumed. Raises Usage, ValidationError."""

    @abstractmethod
    def step(self, row_id: int) -> None:
        """Take the row's next step, if nobody else does."""

    @abstractmethod
    def write(self, row: Row, output: Path | None) -> list[str]:
        """Put what was made where it is wanted; the paths."""

    @abstractmethod
    def describe(self, row: Row, written: list[str]) -> dict[str, Any]:
        """What the JSON says beyond what it says of every row."""

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except SystemExit as end:
            # argparse ends the process before there are options; whoever reads JSON is answered all the same.
            if end.code == Exit.USAGE and "--json" in argv and not self.has_answered:
                self.answer_usage("These arguments cannot be read; standard error says why.")
            raise

    has_answered = False

    def answer_usage(self, message: str) -> None:
        print_json(self.stdout, {"id": None, "error": usage_error(message)})

    def handle(self, *args: Any, **options: Any) -> None:
        self.has_answered = True
        with ExitStack() as run:
            try:
                if key := options["api_key"]:
                    run.enter_context(connections.with_key(self.key_holder(options), key))
                with connections.remembered(environment_first=True):
                    row = self.row_of(options)
            except (Usage, ValidationError) as error:
                message = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
                sys.stderr.write(f"{message}\n")
                if options["json"]:
                    self.answer_usage(message)
                sys.exit(Exit.USAGE)
            sys.exit(self.finish(row, options))

    def key_holder(self, options: dict[str, Any]) -> str:
        """Raises Usage where what is made needs no key."""
        with connections.remembered(environment_first=True):
            provider = self.provider_of(options)
        if is_local(provider):
            raise Usage("--api-key is a provider's, and this is made here. Name the provider or one of its models.")
        return provider

    def finish(self, row: Row, options: dict[str, Any]) -> Exit:
        progress, output = Progress(), options["output"]
        resume = f"manage.py {self.name} --resume {row.pk}" + (f" -o {output}" if output else "")
        try:
            drive(row, self.step, progress)
        except Interrupted:
            progress.end()
            sys.stderr.write(f"Interrupted; it goes on where it is. Resume with: {resume}\n")
        progress.end()
        written = self.write(row, output) if row.is_done else []
        explain(row)
        if options["json"]:
            common = {
                "id": row.pk,
                "status": row.status,
                "model": row.model_id,
                "provider": row.provider,
                "cost": row.actual_cost,
                "currency": CURRENCY,
                "error": error_of(row),
                "resume": resume if row.is_active else None,
            }
            print_json(self.stdout, common | self.describe(row, written))
        elif written:
            self.stdout.write("\n".join(written))
        return exit_of(row)


def print_json(stdout: Any, values: dict[str, Any]) -> None:
    stdout.write(json.dumps(values, default=str))
